#!/usr/bin/env bash
# The index of docs/scenarios.md says what the shipped scenarios answer. Takes the folder of a finished run of all of them.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$1

target/release/stampsim index "$out" --links ../scenarios --check docs/scenarios.md
