#!/usr/bin/env bash
# Fuzzes each family of readers for FUZZ_SECONDS (30 by default), from the fixtures and the
# committed corpus. Findings are left in .build/fuzz/findings and make it fail.
#
#   Tests/Fuzz/run.sh                          all readers
#   Tests/Fuzz/run.sh xgboost-ubjson pickle    some
#   FUZZ_KEEP=1 Tests/Fuzz/run.sh              and puts what was new into the corpus, if it is short
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${FUZZ_SECONDS:-30}
build=.build/fuzz
corpus=Tests/Fuzz/corpus
fixtures=Tests/Fixtures

# The largest input: longer ones only slow the search.
limit=16384
# What is committed of a reader: so many inputs of so many bytes.
kept=20
kept_bytes=2048

seeds() {
  case $1 in
    xgboost-json) find $fixtures/xgboost -name '*.json' ! -name '*.expected.json' ! -name '*.contributions.json' ;;
    xgboost-ubjson) find $fixtures/xgboost -name '*.ubj' ;;
    xgboost-binary) find $fixtures/xgboost -name '*.bin' ;;
    lightgbm-text) find $fixtures/lightgbm -name '*.txt' ;;
    lightgbm-json) find $fixtures/lightgbm -name '*.dump.json' ;;
    pickle) find $fixtures/pickle -name '*.pkl' ;;
    joblib) find $fixtures/pickle -name '*.joblib*' ! -name '*.json' ;;
    onnx) find $fixtures -name '*.onnx' ;;
    catboost) find $fixtures/catboost \( -name '*.cbm' -o -name '*.json' \) ! -name '*.expected.json' ! -name '*.answers.json' ;;
    *) echo "no reader is called $1" >&2; exit 64 ;;
  esac
}

# The shortest fixtures of a reader, which reach as far as the longest, and its corpus into a folder.
start() {
  mkdir -p "$2" "$corpus/$1"
  seeds "$1" | while read -r file; do
    if [ "$(stat -c %s "$file")" -le $limit ]; then cp -n "$file" "$2/$(echo "$file" | tr / _)"; fi
  done
  find "$corpus/$1" -type f -exec cp -n {} "$2" \;
}

# Adds inputs that reach what neither the fixtures nor the corpus reach to the corpus: of the short
# ones the longest, which get the furthest.
keep() {
  local known=$build/known
  rm -rf "$known"
  start "$1" "$known"
  # A file to compare with: what the fuzzer adds is newer.
  touch "$build/before"
  $build/release/fuzz -merge=1 "$known" "$2" -max_len=$limit -rss_limit_mb=256 >"$build/$1.keep.log" 2>&1
  local room=$((kept - $(find "$corpus/$1" -type f | wc -l)))
  find "$known" -type f -newer "$build/before" -size -${kept_bytes}c -printf '%s %p\n' | sort -rn |
    awk -v room="$room" 'NR <= room { print $2 }' |
    while read -r file; do cp "$file" "$corpus/$1"; done
}

[ $# -gt 0 ] || set -- xgboost-json xgboost-ubjson xgboost-binary lightgbm-text lightgbm-json \
  pickle joblib onnx catboost

COPPICE_FUZZ=1 swift build -c release --scratch-path $build --product fuzz -Xswiftc -sanitize=fuzzer

mkdir -p $build/findings
failed=0
for reader; do
  work=$build/corpus/$reader
  start "$reader" "$work"
  log=$build/$reader.log
  if $build/release/fuzz "$work" -max_total_time="$seconds" -max_len=$limit \
    -timeout=5 -rss_limit_mb=256 -artifact_prefix="$build/findings/$reader-" -print_final_stats=1 \
    >"$log" 2>&1; then
    echo "$reader: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s, nothing found"
    if [ -n "${FUZZ_KEEP:-}" ]; then keep "$reader" "$work"; fi
  else
    echo "$reader: FOUND, see $log and $build/findings" >&2
    tail -n 20 "$log" >&2
    failed=1
  fi
done
exit $failed
