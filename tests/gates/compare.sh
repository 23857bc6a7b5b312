#!/usr/bin/env bash
# The project is its own first user: a scenario compared with itself is identical (exit 0), and one policy against a
# worse one is a regression (exit 21); a baseline says the same as the run that it was made of, and the gate proves that
# it can fail. Both verdicts reach JUnit and summary. Takes the folder of a finished run.
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

baseline=target/compare.baseline.toml
"$stampsim" baseline "$out/cache-loss-secondary" "$baseline" --replace --quiet > /dev/null
"$stampsim" compare "$baseline" "$out/cache-loss-secondary" | grep -q identical
code=0
"$stampsim" compare "$baseline" "$out/cache-loss" > target/compare-baseline.log || code=$?
if [ "$code" != 21 ] || ! diff target/compare.log target/compare-baseline.log; then
  echo "expected the verdicts of the run from its baseline, exit code 21, got $code"
  exit 1
fi
echo "the same: a baseline and the run that it was made of"

"$stampsim" compare "$baseline" --self-check --tolerance '2 %' | grep -q passes
code=0
"$stampsim" compare "$baseline" --self-check --measure stamps_active > /dev/null || code=$?
if [ "$code" != 20 ]; then
  echo "expected exit code 20 for a gate that can never fail, got $code"
  exit 1
fi
echo "proven: the gate can fail, and one that cannot is found (exit 20)"
