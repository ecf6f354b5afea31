# Hand-made queue: blocking pops both ways, batches of up to 64, one API process and one worker.
. "$(dirname "$0")/env.sh"
start_redis
"$(bin web python)" queue_worker.py &
"$(bin web uvicorn)" queue_api:app --host 127.0.0.1 --port "$PORT" --no-access-log --log-level warning &
wait
