# One process, no queue.
. "$(dirname "$0")/env.sh"
exec "$COPPICE" serve "$MODELS_DIR/repository" --port "$PORT" --grpc-port "$((PORT + 1))"
