#!/usr/bin/env bash
# The project is its own first user: a scenario compared with itself is identical (exit 0), and one policy against a
# worse one is a regression (exit 21). Both verdicts reach JUnit and summary. Takes the folder of a finished run.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$1
gate=target/gates/verdicts
stampsim=target/release/stampsim
mkdir -p "$gate"

holds() { # FILE TEXT: a file that CI gets says it
  grep -qF "$2" "$1" || { cat "$1"; echo "$1 does not say: $2"; exit 1; }
}

"$stampsim" compare "$out/stamp-outage" "$out/stamp-outage" --junit "$gate/identical.xml" --summary "$gate/identical.md" \
  | grep -q identical
holds "$gate/identical.xml" 'failures="0"'
holds "$gate/identical.md" '# stampsim compare: identical (exit 0)'
echo "identical: a run with itself"

code=0
"$stampsim" compare "$out/cache-loss-secondary" "$out/cache-loss" --junit "$gate/regressed.xml" --summary "$gate/regressed.md" \
  --annotations none > target/compare.log || code=$?
if [ "$code" != 21 ]; then
  cat target/compare.log
  echo "expected exit code 21 for the loss of the secondary cache, got $code"
  exit 1
fi
holds "$gate/regressed.xml" 'type="exit 21"'
holds "$gate/regressed.md" '# stampsim compare: regressed (exit 21)'
echo "regressed: no secondary cache against a warm one (exit 21)"
