#!/bin/bash
# zaloha.sh -- weekly backup of sisyfos to the disk from under the bed
#
# Each run makes /mnt/zaloha/YYYY-MM-DD, a complete tree; files that did not change
# are hard links into the previous one, so forty weeks take the room of two.
# Getting things BACK is described in notes/server/restore-backup.md. Read it before
# you need it.
#
# 2009-01-04  first version
# 2014-06-01  disk no longer permanently attached (the attic is too hot for it)
# 2017-09-08  checks that the disk is THERE. See restore-backup.md, "Why this page exists".

set -euo pipefail

TARGET=/mnt/zaloha
KEEP_WEEKS=40
TODAY=$(date +%F)

if ! mountpoint -q "$TARGET"; then
    echo "$TODAY: $TARGET is an empty folder pretending to be a disk. Not this time." >&2
    exit 1
fi

mkdir -p "$TARGET/$TODAY/db"
sqlite3 /srv/klementyna/klementyna.db .dump | gzip > "$TARGET/$TODAY/db/klementyna.sql.gz"

rsync -aHAX --delete \
    --exclude='node_modules/' --exclude='.cache/' --exclude='toustovac-telemetrie/' \
    --link-dest="$TARGET/latest" \
    /home/ "$TARGET/$TODAY/home/"

ln -sfn "$TODAY" "$TARGET/latest"

# delete_old_weeks: what is older than KEEP_WEEKS goes, except the one from my wedding (copied by hand)
ls -d "$TARGET"/20??-??-?? | head -n "-$KEEP_WEEKS" | grep -v 2005-06-18 | xargs -r rm -rf

echo "$TODAY: done, $(df -h --output=avail "$TARGET" | tail -1) left"
