#!/bin/sh
# The tests in a network namespace without interfaces, and every call of every process in it that could reach a network.
#     scripts/offline.sh [TEST…]
# Left out are the tests of servers on this machine (marked `loopback`), which need its loopback interface.
set -eu
cd "$(dirname "$0")/.."
calls=$(mktemp)
trap 'rm -f "$calls"' EXIT
status=0
unshare -rn strace -f --seccomp-bpf -qq -e trace=%network -o "$calls" \
    python -m pytest -n logical --dist loadfile -m 'not loopback' "$@" || status=$?
echo "Calls that have to do with sockets: $(wc -l < "$calls"), $(grep -c 'connect(' "$calls" || true) of them connect."
# Refused ones do not count: confined processes try whether they are refused. resumed: the second half of a line.
reaching=$(grep -E 'AF_[A-Z0-9]+' "$calls" | grep -vE 'AF_(UNIX|UNSPEC)|= -1 EPERM' || true)
if [ -n "$reaching" ]; then
    echo "$reaching"
    echo "These reach beyond this machine's own sockets (AF_UNIX)."
    exit 1
fi
echo "None of them reaches beyond AF_UNIX."
exit "$status"
