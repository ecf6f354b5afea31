#!/usr/bin/env bash
# Installs the load generator and the peers (Python environments under BENCH_HOME), and converts the model for them.
#
#   setup.sh [web] [onnx] [mlserver] [bentoml] [litserve] [pytriton] [tutorial]     by default all
#
# Needs Debian or Ubuntu and pythons 3.11 and, for Triton, 3.10 and, for the tutorial, 3.6; where one is missing, its
# peers are left out.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
: "${BENCH_HOME:?where the environments go}"
mkdir -p "$BENCH_HOME/logs"

"$here/../../Scripts/install.sh" wrk redis-server nginx h2load

# The interpreter of a minor version: from PATH, else pyenv's.
python_of() {
  local p
  for p in "$(command -v "python$1" || true)" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
    if [ -x "$p" ] && "$p" -c 'import venv, ensurepip' 2>/dev/null; then echo "$p"; return; fi
  done
  return 1
}

[ $# -gt 0 ] || set -- web onnx mlserver bentoml litserve pytriton tutorial
for name; do
  venv=$BENCH_HOME/venv-$name
  wanted=$(cksum <"$here/requirements/$name.txt")
  [ "$(cat "$venv/installed" 2>/dev/null)" != "$wanted" ] || continue
  minor=3.11
  [ "$name" != tutorial ] || minor=3.6
  [ "$name" != pytriton ] || minor=3.10
  python=$(python_of $minor) || { echo "$name: left out, no python $minor"; continue; }
  echo "$name: installing"
  [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install -q --upgrade pip wheel
  "$venv/bin/python" -m pip install -q -r "$here/requirements/$name.txt" || { echo "$name: left out, pip failed"; continue; }
  echo "$wanted" >"$venv/installed"
done

if [ -x "$BENCH_HOME/venv-onnx/bin/python" ]; then "$BENCH_HOME/venv-onnx/bin/python" "$here/to_onnx.py" "$BENCH_HOME/models"; fi
