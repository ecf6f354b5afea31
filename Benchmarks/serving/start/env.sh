# Sourced by every start script: where things are, and the port argument.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PORT=${1:?usage: $0 PORT}
export REDIS_PORT=$((PORT + 1))
export MODELS_DIR=$BENCH_HOME/models
export OMP_NUM_THREADS=1 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/peers
run=${RUN_DIR:?a folder for the files of this run}
cd "$here/peers"

bin() { echo "$BENCH_HOME/venv-$1/bin/$2"; }

# With its built-in defaults; only address, port and folder are set.
start_redis() {
  redis-server --bind 127.0.0.1 --port "$REDIS_PORT" --dir "$run" >"$run/redis.log" 2>&1 &
  until redis-cli -p "$REDIS_PORT" ping >/dev/null 2>&1; do sleep 0.02; done
}
