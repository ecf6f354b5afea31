# The HTTP server, Redis and workers (argument 2, by default 1).
. "$(dirname "$0")/env.sh"
start_redis
export COPPICE_REDIS=redis://127.0.0.1:$REDIS_PORT
for n in $(seq "${2:-1}"); do
  COPPICE_PORT=$((PORT + 1 + n)) "$COPPICE" worker "$MODELS_DIR/repository" &
done
"$COPPICE" serve "$MODELS_DIR/repository" --port "$PORT" --no-grpc &
wait
