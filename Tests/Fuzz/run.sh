#!/usr/bin/env bash
# Fuzzes each family of readers for FUZZ_SECONDS (30 by default), from the fixtures and the
# committed corpus. Findings are left in .build/fuzz/findings and make it fail.
#
#   Tests/Fuzz/run.sh                 all readers
#   Tests/Fuzz/run.sh ubjson pickle   some
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${FUZZ_SECONDS:-30}
build=.build/fuzz
corpus=Tests/Fuzz/corpus
fixtures=Tests/Fixtures

# The largest input: longer ones only slow the search.
limit=16384

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
    catboost) find $fixtures/catboost \( -name '*.cbm' -o -name '*.json' \) ! -name '*.expected.json' ! -name '*.answers.json' 2>/dev/null ;;
    *) echo "no reader is called $1" >&2; exit 64 ;;
  esac
}

[ $# -gt 0 ] || set -- xgboost-json xgboost-ubjson xgboost-binary lightgbm-text lightgbm-json \
  pickle joblib onnx catboost

COPPICE_FUZZ=1 swift build -c release --scratch-path $build --product fuzz -Xswiftc -sanitize=fuzzer

mkdir -p $build/findings
failed=0
for reader; do
  work=$build/corpus/$reader
  mkdir -p "$work" "$corpus/$reader"
  find "$work" -type f -size +${limit}c -delete
  seeds "$reader" | while read -r file; do
    # The shortest fixtures reach as far as the longest.
    if [ "$(stat -c %s "$file")" -le $limit ]; then cp -n "$file" "$work/$(echo "$file" | tr / _)"; fi
  done
  if [ -z "$(ls "$work" "$corpus/$reader" | grep -v : || true)" ]; then
    echo "$reader: there are no fixtures" >&2
    continue
  fi
  log=$build/$reader.log
  if $build/release/fuzz "$work" "$corpus/$reader" -max_total_time="$seconds" -max_len=$limit \
    -timeout=5 -rss_limit_mb=256 -artifact_prefix="$build/findings/$reader-" -print_final_stats=1 \
    >"$log" 2>&1; then
    echo "$reader: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s, nothing found"
  else
    echo "$reader: FOUND, see $log and $build/findings" >&2
    tail -n 20 "$log" >&2
    failed=1
  fi
done
exit $failed
