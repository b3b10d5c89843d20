#!/bin/sh
# The long fault lab: the tests of tests/faults with many times their number of runs, and the proof about the network.
#     scripts/faults.sh
#     ONLY="kills soak" scripts/faults.sh
# ASK_FAULTS is the factor (1 is what `make test` does; each has its own here), ASK_FAULTS_SEED repeats the chance of an
# earlier run.
set -u
cd "$(dirname "$0")/.."
failed=

lab() {  # NAME FACTOR WHAT TEST…
    name=$1 factor=$2 what=$3
    shift 3
    case " ${ONLY:-$name} " in *" $name "*) ;; *) return ;; esac
    echo "== $name: $what"
    ASK_FAULTS=${ASK_FAULTS:-$factor} nice python -m pytest -s --durations=1 "$@" || failed="$failed $name"
}

lab kills 167 "a thousand kills at random moments of indexing" tests/faults/test_kills.py -k random
lab calls 20 "a kill at every sync, truncation, rename and removal" tests/faults/test_kills.py -k sync
lab writes 20 "ENOSPC and EIO at each of the first 200 writes" tests/faults/test_kills.py -k failing
lab room 1 "full disks and quotas" tests/faults/test_room.py
lab sequences 200 "a thousand random sequences of changes and kills" tests/faults/test_together.py -k sequence
lab changes 10 "three hundred more, of twenty steps each" tests/test_reconcile.py
lab burst 40 "12,000 files, more events than the system keeps, five watches" tests/faults/test_burst.py
lab together 30 "eight indexers, four searchers and a watcher for five minutes" tests/faults/test_together.py -k once
lab faiss 25 "a thousand damaged FAISS files, and a thousand made to look whole" tests/faults/test_damage.py -k faiss
lab pages 5 "damaged databases" tests/faults/test_damage.py -k pages
lab trees 1 "trees of odd files" tests/faults/test_odd_trees.py
lab watch 1 "watching" tests/test_watch.py
lab network 1 "no network" tests/test_network.py
lab soak 60 "half an hour of changes under watch" tests/faults/test_soak.py
[ -z "$failed" ] || { echo "Failed:$failed" >&2; exit 1; }
