# The fastest route found for a Python user: RSGI on granian, orjson, onnxruntime, two workers.
. "$(dirname "$0")/env.sh"
exec "$(bin web granian)" --interface rsgi --host 127.0.0.1 --port "$PORT" --workers 2 --no-ws --http 1 --loop uvloop --log-level warning granian_app:app
