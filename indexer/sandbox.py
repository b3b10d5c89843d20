"""What a process gives up before it reads what strangers wrote: the network, other programs, other people's files.

Four measures, each as far as the system has it; none needs a privilege, none can be taken back:

    limits      no core dump, no file grown, few files open, so much memory (POSIX)
    privileges  no program gets more rights than this process has (Linux)
    calls       a filter (seccomp) refuses sockets, new programs and looking into other processes (Linux)
    files       nothing is written, nothing read but the interpreter and its libraries (Landlock, Linux 5.13)

They hold for the thread that takes them and those it starts: call `confine` before there are others.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import platform
import signal
import socket
import struct
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_EPERM = 1

_NAMES = (
    "socket connect bind listen execve execveat ptrace process_vm_readv process_vm_writev pidfd_getfd kill"
    " io_uring_setup bpf perf_event_open userfaultfd add_key request_key keyctl mount setns open_by_handle_at"
).split()
"""Refused calls. io_uring could open sockets behind the filter's back; `tgkill`, which `abort` needs, stays allowed."""
_CALLS = {
    "x86_64": (
        0xC000003E,
        (41, 42, 49, 50, 59, 322, 101, 310, 311, 438, 62, 425, 321, 298, 323, 248, 249, 250, 165, 308, 304),
    ),
    "aarch64": (
        0xC00000B7,
        (198, 203, 200, 201, 221, 281, 117, 270, 271, 438, 129, 425, 280, 241, 282, 217, 218, 219, 40, 268, 265),
    ),
}
"""Audit architecture, and the numbers of `_NAMES` in order."""
# Classic BPF: load a word, jump when equal, jump when greater or equal, return.
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | _EPERM
_X32 = 0x40000000  # calls of the x32 interface carry this bit and would slip past the numbers above

# Landlock: numbers of its three calls (the same everywhere), and rights by the version that brought them.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_DIR, _MAKE_FILE, _TRUNCATE = 1 << 7, 1 << 8, 1 << 14
_RIGHTS = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
_TCP_FROM, _SCOPES_FROM = 4, 6
_TCP, _SCOPES = 3, 3
"""Binding and connecting; abstract sockets and signals to outside."""

_SYSTEM = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/nix/store",
           "/usr/share/zoneinfo", "/etc/localtime", "/etc/ld.so.cache", "/dev/null", "/dev/urandom")  # fmt: skip
"""Where libraries come from."""
_LOADERS = ("/lib", "/usr/lib", "/nix")
"""Where the loader lies that the system starts for every program, and nothing else that anybody starts."""


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


def confine(
    readable: Sequence[Path] = (),
    *,
    memory: int = 0,
    program: Path | None = None,
    folder: Path | None = None,
    largest: int = 0,
) -> tuple[str, ...]:
    """Take every measure that the system has, for good. Returns the names of those that hold; never raises.

    `readable` are files and folders that may be read besides the libraries; `memory` is the most address space in
    bytes, 0 for no limit. Files that are open already stay open. `program` is the one program that may be started
    (Landlock sees to it that it is the only one), None for none. In `folder` files of up to `largest` bytes may be
    made.
    """
    taken = ["limits"] if limit(memory, largest) else []
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
            taken.append("privileges")
        if _close_files(libc, [*map(Path, _SYSTEM), *libraries(), *readable], program, folder):
            taken.append("files")
        if refuse_calls(libc, programs=program is not None):
            taken.append("calls")
    return tuple(taken)


def limit(memory: int = 0, largest: int = 0) -> bool:
    """No core dump (it would hold somebody's text), no file grown beyond `largest` bytes, few files open, and so much
    memory (bytes)."""
    try:
        import resource
    except ImportError:  # Windows
        return False
    wanted = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: largest, resource.RLIMIT_NOFILE: 256}
    if memory:
        wanted[resource.RLIMIT_AS] = memory
    for which, most in wanted.items():
        _, hard = resource.getrlimit(which)
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(OSError, ValueError):  # macOS refuses some of them
            resource.setrlimit(which, (value, value))
    return True


def refuse_calls(libc: ctypes.CDLL, *, programs: bool = False) -> bool:
    """Refuse the system calls that reach the network, other programs (unless `programs`) or other processes. False
    where that cannot be."""
    known = _CALLS.get(platform.machine())
    if known is None or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    architecture, numbers = known
    named = zip(_NAMES, numbers, strict=True)
    program = _program(architecture, tuple(number for name, number in named if not (programs and name == "execve")))
    instructions = (_Instruction * len(program))(*program)
    wrapped = _Program(len(program), instructions)
    return int(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(wrapped), 0, 0)) == 0


def _program(architecture: int, refused: tuple[int, ...]) -> list[_Instruction]:
    """Load the architecture and compare; load the call's number and compare with each refused one."""
    calls = len(refused)
    body = [
        _Instruction(_LOAD, 0, 0, 4),
        _Instruction(_JUMP_EQUAL, 0, calls + 3, architecture),  # another interface: refuse everything
        _Instruction(_LOAD, 0, 0, 0),
        _Instruction(_JUMP_AT_LEAST, calls + 1, 0, _X32),
    ]
    body += [_Instruction(_JUMP_EQUAL, calls - at, 0, number) for at, number in enumerate(refused)]
    return [*body, _Instruction(_RETURN, 0, 0, _ALLOW), _Instruction(_RETURN, 0, 0, _REFUSE)]


def libraries() -> Iterator[Path]:
    """Folders from which modules may still have to be imported."""
    import ask.data
    import ask.indexer

    yield from (Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    yield from (Path(prefix) / "lib" for prefix in (sys.prefix, sys.base_prefix))
    yield from (Path(entry) for entry in sys.path if entry)
    yield from (Path(entry) for package in (ask.indexer, ask.data) for entry in package.__path__)


def _close_files(libc: ctypes.CDLL, readable: Sequence[Path], program: Path | None, folder: Path | None) -> bool:
    """Let nothing be written but in `folder`, only `readable` be read, only `program` be started. False without
    Landlock."""
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    rights = sum(bits for since, bits in _RIGHTS if version >= since)
    attributes = struct.pack(
        "=QQQ", rights, _TCP if version >= _TCP_FROM else 0, _SCOPES if version >= _SCOPES_FROM else 0
    )
    size = 24 if version >= _SCOPES_FROM else 16 if version >= _TCP_FROM else 8
    ruleset = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    try:
        for path in {path for path in readable if path.exists()}:
            _allow(libc, ruleset, path, _READ_FILE | _READ_DIR)
        if program is not None:
            for path in (program, *(Path(name) for name in _SYSTEM if name.startswith(_LOADERS))):
                _allow(libc, ruleset, path, _READ_FILE | _EXECUTE)
            _allow(libc, ruleset, Path("/dev/null"), _READ_FILE | _WRITE_FILE)
        if folder is not None:
            _allow(
                libc,
                ruleset,
                folder,
                _READ_FILE | _READ_DIR | _WRITE_FILE | _MAKE_DIR | _MAKE_FILE | _TRUNCATE & rights,
            )
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        at = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what cannot be opened cannot be read either
    try:
        rights &= ~0 if path.is_dir() else ~_READ_DIR
        libc.syscall(_ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, at), 0)
    finally:
        os.close(at)


@dataclass(frozen=True, slots=True)
class Reached:
    """What a confined process could not do any more when it tried."""

    measures: tuple[str, ...]
    """As `confine` gives them."""
    refused: tuple[str, ...]
    """Of `TRIALS`."""


def reached() -> Reached:
    """Confine a process and let it try. Empty when it does not even start."""
    command = [sys.executable, "-P", "-m", "ask.indexer.sandbox"]
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    try:
        said = json.loads(done.stdout)
        return Reached(tuple(said["measures"]), tuple(said["refused"]))
    except (ValueError, KeyError):
        return Reached((), ())


def _make_socket() -> None:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()


def _start_program() -> None:
    os.execv("/bin/true", ["true"])  # noqa: S606


def _read_home() -> None:
    os.listdir(os.path.expanduser("~"))  # noqa: PTH111, PTH208 (`Path.home` raises where there is none)


def _write_file() -> None:
    os.close(os.open(Path.cwd() / ".ask-sandbox-trial", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    Path(".ask-sandbox-trial").unlink()


def _signal_parent() -> None:
    os.kill(os.getppid(), 0)


TRIALS: dict[str, Callable[[], None]] = {
    "network": _make_socket,
    "reading": _read_home,
    "writing": _write_file,
    "signals": _signal_parent,
    "programs": _start_program,
}
"""Each raises `OSError` when it is refused. The last replaces the process when it is not."""


def _refused() -> Iterator[str]:
    for name, attempt in TRIALS.items():
        if name == "programs" and sys.platform != "linux":
            continue
        try:
            attempt()
        except OSError:
            yield name


def main() -> None:
    """Confine this process, try everything, tell."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    measures = confine()
    sys.stdout.write(json.dumps({"measures": measures, "refused": list(_refused())}))


if __name__ == "__main__":
    main()
