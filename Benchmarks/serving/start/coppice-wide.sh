# One process, no queue, the model of the batch benchmark.
. "$(dirname "$0")/env.sh"
exec "$COPPICE" serve "$MODELS_DIR/wide" --port "$PORT"
