#!/usr/bin/env bash
# Runs public clients, unchanged, against the binary (COPPICE_BINARY, by default the debug build): Triton's, KServe's,
# that of the Open Inference Protocol, and gRPC's own. Their pinned packages go to .build/clients. Arguments: test files.
set -euo pipefail
cd "$(dirname "$0")"
venv=../../.build/clients
wanted=$(cksum <requirements.txt)
if [ "$(cat $venv/installed 2>/dev/null)" != "$wanted" ]; then
  python3 -m venv $venv
  $venv/bin/pip install -q -r requirements.txt
  echo "$wanted" >$venv/installed
fi
# Each file in a process of its own: two clients that describe the same messages cannot be in one.
[ $# -gt 0 ] || set -- test_*.py
for file; do
  echo "$file"
  PYTHONDONTWRITEBYTECODE=1 $venv/bin/python -m pytest -q -p no:cacheprovider "$file"
done
