# The tutorial's compose stack: http_server + redis-server + N model_server (argument 2, default 1).
. "$(dirname "$0")/env.sh"
export HTTP_PORT=$PORT
start_redis
for _ in $(seq "${2:-1}"); do
  "$(bin tutorial python)" tutorial_run.py "$TUTORIAL_DIR/src/model_server/model_server.py" &
done
"$(bin tutorial python)" tutorial_run.py "$TUTORIAL_DIR/src/http_server/http_server.py" &
wait
