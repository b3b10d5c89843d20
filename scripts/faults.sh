#!/bin/sh
# The long fault lab: the tests of tests/faults with many times their number of runs, and the proof about the network.
#     scripts/faults.sh [TEST…]
# ASK_FAULTS is the factor (1 is what `make test` does), ASK_FAULTS_SEED repeats the chance of an earlier run.
set -eu
cd "$(dirname "$0")/.."
export ASK_FAULTS="${ASK_FAULTS:-20}"
[ $# -gt 0 ] || set -- tests/faults tests/test_network.py tests/test_watch.py
exec nice python -m pytest -s --durations=0 "$@"
