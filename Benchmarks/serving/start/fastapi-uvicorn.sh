. "$(dirname "$0")/env.sh"
exec "$(bin web uvicorn)" fastapi_app:app --host 127.0.0.1 --port "$PORT" --workers 2 --no-access-log --log-level warning
