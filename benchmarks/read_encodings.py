"""How many files are decoded right: python benchmarks/read_encodings.py FOLDER

FOLDER holds folders named for an encoding and perhaps a language (`iso-8859-2-czech`). A file counts as right when it
decodes to the same characters as with Python's codec of that name, or with the superset that is really in use.
"""

from __future__ import annotations

import codecs
import re
import sys
from pathlib import Path

from ask.indexer.text import decode, normalise

SUPERSETS = {"gb2312": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932", "big5": "big5hkscs"}
NAMES = {"macroman": "mac_roman", "maccyrillic": "mac_cyrillic"}


def codecs_of(folder: str) -> list[str]:
    """Python's names for the encoding that a folder is named for."""
    name = folder
    while True:
        try:
            found = codecs.lookup(NAMES.get(name.lower(), name)).name
            break
        except LookupError:
            name = re.sub(r"-?[^-]+$", "", name)
            if not name:
                return []
    return [found, SUPERSETS[found]] if found in SUPERSETS else [found]


def main() -> None:
    """Print the files decoded wrong and the share of those decoded right."""
    right = total = 0
    for path in sorted(Path(sys.argv[1]).rglob("*")):
        names = codecs_of(path.parent.name) if path.is_file() else []
        if not names:
            continue
        data = path.read_bytes()
        text = decode(data)
        expected = {normalise(data.decode(name, "replace")).removeprefix("\ufeff") for name in names}
        total += 1
        right += text in expected
        if text not in expected:
            print("wrong:", path.parent.name, path.name)
    print(f"{right} of {total} decoded right ({right / max(total, 1):.1%})")


if __name__ == "__main__":
    main()
