#!/bin/bash
# prejmenuj-fotky.sh -- rename photos from the camera by the date they were taken
#
#   DSCN0412.JPG  ->  2006-07-14_183205.jpg
#
# Reads the date from EXIF (jhead). Photos whose camera thinks it is 1. 1. 1970
# go to ./nekdy, because that is the truth.
#
# venda, 2006-07-14, in the tent, it rains
# 2012-10-13: nine hundred pictures of a kitten in a toner box. Added a counter
#             for photos taken within the same second.

set -eu
shopt -s nullglob nocaseglob

for photo in *.jpg *.jpeg; do
    taken=$(jhead "$photo" 2>/dev/null | sed -n 's/^Date\/Time *: *//p')
    if [ -z "$taken" ] || [ "${taken:0:4}" -lt 1995 ]; then
        mkdir -p nekdy
        mv -n -- "$photo" nekdy/
        continue
    fi
    day=${taken:0:10}
    clock=${taken:11:8}
    base="${day//:/-}_${clock//:/}"
    target="$base.jpg"
    n=2
    while [ -e "$target" ] && [ "$target" != "$photo" ]; do
        target="$base-$n.jpg"
        n=$((n + 1))
    done
    [ "$target" = "$photo" ] || mv -n -- "$photo" "$target"
done

ls nekdy 2>/dev/null | wc -l | xargs -I{} echo "{} photos were taken at an unknown time by an unknown camera"
