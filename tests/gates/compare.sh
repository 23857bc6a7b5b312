#!/usr/bin/env bash
# The project is its own first user: a scenario compared with itself is identical (exit 0), and one policy against a
# worse one is a regression (exit 21). Takes the folder of a finished run.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$1
stampsim=target/release/stampsim

"$stampsim" compare "$out/stamp-outage" "$out/stamp-outage" | grep -q identical
echo "identical: a run with itself"

code=0
"$stampsim" compare "$out/cache-loss-secondary" "$out/cache-loss" > target/compare.log || code=$?
if [ "$code" != 21 ]; then
  cat target/compare.log
  echo "expected exit code 21 for the loss of the secondary cache, got $code"
  exit 1
fi
echo "regressed: no secondary cache against a warm one (exit 21)"
