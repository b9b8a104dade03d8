"""How a run locks itself in before it sees a line of a submission: Landlock for files, seccomp.

Both are one way and hold for everything that the process starts. Landlock leaves it the folders
that it is told of, and lets it signal nobody outside; the filter of system calls takes sockets but
for those of Unix, memory that outlives a process, namespaces, and every look into another process.
A run needs none of them: loaders with worker processes, `torch.multiprocessing` and `torch.compile`
work as ever. It takes about a millisecond.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import stat
import struct
from collections.abc import Mapping, Sequence

from .kernel import (
    PR_SET_NO_NEW_PRIVS,
    control,
    drop_capabilities,
    machine,
    system_call,
)

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Landlock's system calls, numbered alike on every machine."""

FILE_READ, FILE_WRITE, READ_FOLDER, TRUNCATE, IOCTL = 1 << 2, 1 << 1, 1 << 3, 1 << 14, 1 << 15
EXECUTE = 1 << 0
"""Rights from linux/landlock.h that are named here; the others make or remove things."""

RIGHTS_BY_VERSION = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights to files a version knows: (1 << n) - 1 is all of them."""

SCOPES = 3
"""Abstract Unix sockets and signals: both stay inside, from version 6 on."""

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
"""From linux/seccomp.h and linux/bpf_common.h."""

NUMBER_AT, MACHINE_AT, FIRST_ARGUMENT_AT = 0, 4, 16
"""Where a system call's number, machine and first argument lie, in bytes."""

NEW_NAMESPACES = 0x7E020000
"""All CLONE_NEW* flags that clone takes."""

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

SYSTEM_CALLS: Mapping[str, Mapping[str, int]] = {
    "x86_64": {"clone": 56, "socket": 41, "prlimit": 302},
    "aarch64": {"clone": 220, "socket": 198, "prlimit": 261},
}
"""Calls that are allowed with some arguments only."""

CLONE3 = 435
"""Its flags lie in memory, where no filter sees them; told that it is missing, libc uses clone."""

REFUSED: Mapping[str, tuple[int, ...]] = {
    # ptrace, process_vm_readv and _writev, kcmp, perf_event_open, bpf, userfaultfd; unshare,
    # setns, mount, umount2, pivot_root, chroot; shmget, shmat, shmctl, semget, semop, semctl,
    # semtimedop, msgget, msgsnd, msgrcv, msgctl, mq_open, mq_unlink; keyctl and its kin;
    # open_by_handle_at, acct, swapon, reboot, kexec_load, init_module, finit_module.
    "x86_64": (
        *(101, 310, 311, 312, 298, 321, 323, 272, 308, 165, 166, 155, 161),
        *(29, 30, 31, 64, 65, 66, 220, 68, 69, 70, 71, 240, 241, 248, 249, 250),
        *(304, 163, 167, 169, 246, 175, 313),
    ),
    "aarch64": (
        *(117, 270, 271, 272, 241, 280, 282, 97, 268, 40, 39, 41, 51),
        *(194, 196, 195, 190, 193, 191, 192, 186, 189, 188, 187, 180, 181, 217, 218, 219),
        *(265, 89, 224, 142, 104, 105, 273),
    ),
}
REFUSED_EVERYWHERE = (425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 440, 442, 448)
"""io_uring, which opens sockets past any filter; mounts by descriptor; pidfd_getfd;
process_madvise, process_mrelease."""


class LockError(Exception):
    """This machine cannot lock a run in."""


def landlock_version() -> int:
    """Return which version of Landlock the system has, 0 for none."""
    try:
        return system_call(CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    except (OSError, AttributeError):
        return 0


def lock_in(readable: Sequence[str], writable: Sequence[str], needs_landlock: bool) -> None:
    """Lock this process in, for good.

    Args:
        readable: folders and files that may be read and executed from here on.
        writable: folders and files that may also be written.
        needs_landlock: whether the filter of system calls alone is too little.

    Raises:
        LockError: the system has no Landlock, and it is needed, or no filter of calls.
    """
    if machine() not in MACHINES:
        raise LockError(f"locks are known for {' and '.join(MACHINES)}, got {machine()}")
    try:
        drop_capabilities()
        control(PR_SET_NO_NEW_PRIVS, 1)
        if needs_landlock or landlock_version():
            restrict_files(readable, writable)
        filter_calls()
    except OSError as error:
        raise LockError(f"a run cannot lock itself in: {error}") from error


def restrict_files(readable: Sequence[str], writable: Sequence[str]) -> None:
    """Leave this process the folders and files that are named; what is not there is passed over.

    Raises:
        LockError: the system has no Landlock.
        OSError: the system refuses.
    """
    version = landlock_version()
    if not version:
        raise LockError("this system has no Landlock; it came with Linux 5.13")
    known = max(n for since, n in RIGHTS_BY_VERSION.items() if since <= version)
    every = (1 << known) - 1
    attributes = struct.pack("=QQQ", every, 0, SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = system_call(CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
    reading = EXECUTE | FILE_READ | READ_FOLDER
    for paths, rights in ((readable, reading), (writable, every)):
        for path in paths:
            _allow(rules, path, rights & every)
    system_call(RESTRICT_SELF, rules, 0)
    os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    """Add what may be done below a path to a set of rules."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(os.fstat(place).st_mode):
        rights &= EXECUTE | FILE_READ | FILE_WRITE | TRUNCATE | IOCTL
    system_call(ADD_RULE, rules, 1, struct.pack("=Qi", rights, place), 0)
    os.close(place)


def filter_calls() -> None:
    """Refuse the system calls that no run needs, for good.

    Raises:
        OSError: the system refuses.
    """
    program = b"".join(_program(machine()))
    code = ctypes.create_string_buffer(program, len(program))
    about = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    control(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(about, len(about)))


def _program(kind: str) -> list[bytes]:
    """Return the instructions of the filter for one kind of machine."""
    calls, no = SYSTEM_CALLS[kind], ERRNO | errno.EPERM
    lines = [
        _step(LOAD, MACHINE_AT),
        _step(JUMP_EQUAL, MACHINES[kind], 1, 0),
        _step(RETURN, KILL),
        _step(LOAD, NUMBER_AT),
        # The second numbering of x86_64, which would pass by all that follows.
        _step(JUMP_AT_LEAST, 0x40000000, 0, 1),
        _step(RETURN, ERRNO | errno.ENOSYS),
        _step(JUMP_EQUAL, CLONE3, 0, 1),
        _step(RETURN, ERRNO | errno.ENOSYS),
    ]
    for number in (*REFUSED[kind], *REFUSED_EVERYWHERE):
        lines += [_step(JUMP_EQUAL, number, 0, 1), _step(RETURN, no)]
    # Of the kinds of sockets those of Unix; of limits those of the process itself.
    for number, only in ((calls["socket"], int(socket.AF_UNIX)), (calls["prlimit"], 0)):
        lines += [
            _step(JUMP_EQUAL, number, 0, 4),
            _step(LOAD, FIRST_ARGUMENT_AT),
            _step(JUMP_EQUAL, only, 1, 0),
            _step(RETURN, no),
            _step(RETURN, ALLOW),
        ]
    lines += [
        _step(JUMP_EQUAL, calls["clone"], 0, 3),
        _step(LOAD, FIRST_ARGUMENT_AT),
        _step(JUMP_ANY_BIT, NEW_NAMESPACES, 0, 1),
        _step(RETURN, no),
        _step(RETURN, ALLOW),
    ]
    return lines


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """Return one instruction."""
    return struct.pack("=HBBI", code, if_true, if_false, value)
