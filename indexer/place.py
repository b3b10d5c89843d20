"""The state directory: made for its owner's eyes only, and where it may lie: with its owner, on a disk of this machine.

SQLite's locks and shared memory do not hold across machines.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from ask.indexer.errors import UnsafeHome

NETWORK = frozenset(
    "nfs nfs4 cifs smb3 smbfs afs ncpfs 9p ceph glusterfs lustre gpfs davfs fuse.sshfs fuse.davfs2 fuse.rclone"
    " fuse.glusterfs fuse.s3fs fuse.gvfsd-fuse".split()
)
"""Types, as the kernel names them, of file systems that other machines write to as well; 9p: Windows under WSL."""


def prepare_home(home: Path) -> None:
    """Make the state directory, for its owner's eyes only. Raises `UnsafeHome` when it is somebody else's."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = home.stat()
    except OSError as error:
        raise UnsafeHome(f"the state directory {home} cannot be used: {error.strerror}", "Set ASK_HOME.") from error
    require_own(home)
    if kind := network_type(home):
        raise UnsafeHome(
            f"the state directory {home} lies on a network disk ({kind}), where an index cannot be kept safe",
            "Set ASK_HOME to a directory on a disk of this machine. The files to search may lie anywhere.",
        )
    if stat.S_IMODE(status.st_mode) & 0o077:
        home.chmod(0o700)


def require_own(home: Path) -> None:
    """Raises `UnsafeHome` for the state directory of another user, whose settings and models would be obeyed."""
    try:
        owner = home.stat().st_uid
    except OSError:  # not there yet, or out of reach, which whoever opens it will say
        return
    if hasattr(os, "getuid") and owner != os.getuid():
        raise UnsafeHome(f"the state directory {home} belongs to another user", "Set ASK_HOME to a directory of yours.")


def network_type(folder: Path) -> str:
    """The type of the network file system `folder` lies on; empty when it is none, or when the system does not say."""
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:  # not Linux
        return ""
    found = mounted(lines, os.path.realpath(folder))
    return found if found in NETWORK else ""


def mounted(lines: Iterable[str], path: str) -> str:
    """The type of the file system that holds `path`, from the lines of `/proc/self/mountinfo` (see proc(5))."""
    longest, kind = -1, ""
    for line in lines:
        place, _, rest = line.partition(" - ")
        words = place.split(" ")
        if len(words) < 5 or not rest:
            continue
        top = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), words[4])
        inside = path == top or path.startswith(top.rstrip("/") + "/")
        if inside and len(top) >= longest:  # of two at one place, the later one is seen
            longest, kind = len(top), rest.split(" ")[0]
    return kind
