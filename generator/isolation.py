"""Shutting a process off from the network and from starting programs, as far as the system lets it.

For the process that runs a language model: it reads one file and two pipes, and needs nothing else. On Linux a system
call filter refuses sockets and new programs (no privilege needed), and a network namespace of its own is taken where
that is permitted. Elsewhere only the limits hold. What was achieved is returned, to be shown by `ask doctor`.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import socket
import sys

_CLONE_NEWNET = 0x40000000
_CLONE_NEWUSER = 0x10000000
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_EPERM = 1

# Audit architecture, and the numbers of socket, connect, execve, execveat, ptrace, process_vm_writev, io_uring_setup
# (which could open sockets behind the filter's back).
_CALLS = {
    "x86_64": (0xC000003E, (41, 42, 59, 322, 101, 311, 425)),
    "aarch64": (0xC00000B7, (198, 203, 221, 281, 117, 271, 425)),
}
# Classic BPF: load a word, jump when equal, jump when greater or equal, return.
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | _EPERM
_X32 = 0x40000000  # calls of the x32 interface carry this bit and would slip past the numbers above


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


def isolate(memory: int = 0) -> tuple[str, ...]:
    """Apply every measure that the system allows to this process, for good; must run before threads are started.

    `memory` is the most address space in bytes, 0 for no limit. Returns the names of the measures that hold: `limits`,
    `namespace` (no network devices at all), `filter` (no sockets, no new programs).
    """
    _limit(memory)
    levels = ["limits"]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        # Alone first: root needs no user namespace, and in one it would lose the right to read its own files.
        if libc.unshare(_CLONE_NEWNET) == 0 or libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
            levels.append("namespace")
        if _filter(libc):
            levels.append("filter")
    return tuple(levels)


def _limit(memory: int) -> None:
    """No core dump (it would hold the user's text), no file written, few files open, and so much memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 256 if hard == resource.RLIM_INFINITY else min(256, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _filter(libc: ctypes.CDLL) -> bool:
    """Refuse the system calls that reach the network or start programs. False where that cannot be done."""
    known = _CALLS.get(platform.machine())
    if known is None:
        return False
    program = _program(*known)
    instructions = (_Instruction * len(program))(*program)
    wrapped = _Program(len(program), instructions)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
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


def can_make_socket() -> bool:
    """Try it; for the process to tell on itself, and for tests."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
    except OSError:
        return False
    return True


def keep_protocol_apart() -> int:
    """Give back the file number of what was standard output, and send everything else written there to stderr.

    Libraries in C print to standard output at times; that must not end up among the messages.
    """
    private = os.dup(1)
    os.dup2(2, 1)
    return private
