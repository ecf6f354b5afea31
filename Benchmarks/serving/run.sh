#!/usr/bin/env bash
# Trains the model, sets up the peers and measures all servers in one run; see README.md.
#
#   run.sh [--write docs/benchmarks.md] [SERVER ...]     further options: bench.py --help
#   run.sh batch [--write docs/benchmarks.md]            1,000 rows a request: batch.py
#   run.sh rules|loads|pieces [--write docs/benchmarks.md]   Coppice beside itself: rules.py, loads.py, pieces.py
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export BENCH_HOME=${BENCH_HOME:-$root/.build/benchmark}
export COPPICE=${COPPICE:-$root/.build/release/coppice}
[ "$(uname -s)" = Linux ] || { echo "The benchmark reads /proc: it runs on Linux only." >&2; exit 1; }
[ -x "$COPPICE" ] || { echo "No $COPPICE: make build" >&2; exit 1; }

# One model for every server: 100 rounds of 3 trees. The peers load the file that `coppice train` wrote.
models=$BENCH_HOME/models
if [ ! -f "$models/iris.json" ]; then
  "$root/Scripts/install.sh" xgboost
  "$COPPICE" train iris --rounds 100 --param max_depth=3 --param eta=0.1 --output "$models/repository/iris"
  cp "$models/repository/iris/1/model.json" "$models/iris.json"
fi
case ${1:-} in rules | loads | pieces)
  "$root/Scripts/install.sh" wrk xgboost
  script=$1
  shift
  exec python3 "$here/$script.py" "$@" ;;
esac
"$here/setup.sh"
# The batch benchmark has a model of its own.
if [ "${1:-}" = batch ]; then
  shift
  [ -f "$models/batch-answer.json" ] || "$BENCH_HOME/venv-web/bin/python" "$here/wide.py" "$models"
  exec python3 "$here/batch.py" "$@"
fi
exec python3 "$here/bench.py" "$@"
