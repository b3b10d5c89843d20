#!/usr/bin/env python3
"""Find files with the same contents, whatever they are called.

    duplicates.py ~/finance ~/misc

First run, 2014-01-19: 40 % of my disk were seven copies of the wedding video, and
`faktura_final_v2.txt` existed in three places with two different totals.

Files are grouped by size first and hashed only when another one is as large; reading the
whole disk to learn that a 3 GB file is unique is how the previous version spent Christmas.
"""

import hashlib
import os
import sys
from collections import defaultdict


def walk(roots):
    for root in roots:
        for folder, folders, names in os.walk(root):
            folders[:] = [f for f in folders if f not in (".git", "node_modules")]
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path


def fingerprint(path, block=1 << 20):
    digest = hashlib.sha1()  # 2014: good enough. 2017: still good enough for invoices.
    with open(path, "rb") as f:
        while data := f.read(block):  # modernised 2021-05-02
            digest.update(data)
    return digest.hexdigest()


def find_duplicates(roots):
    by_size = defaultdict(list)
    for path in walk(roots):
        by_size[os.path.getsize(path)].append(path)
    by_hash = defaultdict(list)
    for size, paths in by_size.items():
        if size > 0 and len(paths) > 1:
            for path in paths:
                by_hash[fingerprint(path)].append(path)
    return [sorted(paths) for paths in by_hash.values() if len(paths) > 1]


if __name__ == "__main__":
    wasted = 0
    for group in find_duplicates(sys.argv[1:] or ["."]):
        wasted += os.path.getsize(group[0]) * (len(group) - 1)
        print("\n".join(group), end="\n\n")
    print(f"{wasted / 1e6:.1f} MB of disk are spent on reassurance", file=sys.stderr)
