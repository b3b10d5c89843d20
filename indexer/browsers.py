"""Where browsers keep what was visited and bookmarked, for the user who wants that searched.

Profiles of browsers are secret: nothing in them is opened. Only when the user has turned it on are these very files
excepted, and nothing beside them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

_MAC, _LOCAL = "Library/Application Support", "AppData/Local"
CHROMIUM = (
    *(".config/google-chrome*", ".config/chromium", ".config/BraveSoftware/Brave-Browser*", ".config/microsoft-edge*"),
    *(".config/vivaldi*", ".config/opera*", "snap/chromium/common/chromium", "snap/brave/*/.config/BraveSoftware/*"),
    *(".var/app/com.google.Chrome/config/google-chrome", ".var/app/org.chromium.Chromium/config/chromium"),
    *(".var/app/com.brave.Browser/config/BraveSoftware/Brave-Browser", ".var/app/com.microsoft.Edge/config/*"),
    *(f"{_MAC}/Google/Chrome*", f"{_MAC}/Chromium", f"{_MAC}/BraveSoftware/Brave-Browser", f"{_MAC}/Microsoft Edge*"),
    *(f"{_LOCAL}/Google/Chrome*/User Data", f"{_LOCAL}/Chromium/User Data", f"{_LOCAL}/Microsoft/Edge*/User Data"),
    f"{_LOCAL}/BraveSoftware/Brave-Browser/User Data",
)
"""Folders of profiles below the home of a user."""
FIREFOX = (
    *(".mozilla/firefox", ".librewolf", ".waterfox", ".zen", "snap/firefox/common/.mozilla/firefox"),
    *(".var/app/org.mozilla.firefox/.mozilla/firefox", f"{_MAC}/Firefox/Profiles"),
    "AppData/Roaming/Mozilla/Firefox/Profiles",
)
_FILES = {CHROMIUM: ("History", "Bookmarks"), FIREFOX: ("places.sqlite",)}


def databases(home: Path) -> tuple[bytes, ...]:
    """The databases of visited pages and bookmarks of all browsers of a user."""
    return tuple(sorted(set(_databases(home))))


def lies_in_profile(path: str) -> bool:
    """True for a file in a browser's profile, whoever's it is."""
    slashes = path.replace("\\", "/")
    return any(fnmatchcase(slashes, f"*/{folder}/*") for folder in (*CHROMIUM, *FIREFOX))


def _databases(home: Path) -> Iterator[bytes]:
    for folders, names in _FILES.items():
        for folder in folders:
            for profile in ("*", "."):
                for name in names:
                    yield from (
                        os.fsencode(found) for found in home.glob(f"{folder}/{profile}/{name}") if found.is_file()
                    )
