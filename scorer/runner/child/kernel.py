"""What the system is asked for by number: the calls that Python has no names for."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
"""From linux/prctl.h."""

PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}
CAPSET = {"x86_64": 126, "aarch64": 91}
"""Numbers of system calls by machine."""

PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, PERF_FLAG_FD_CLOEXEC = 1, 1, 8
PERF_INHERIT, PERF_EXCLUDE_KERNEL, PERF_EXCLUDE_HV = 1 << 1, 1 << 5, 1 << 6
PERF_ATTRIBUTES = "=IIQQQQQ"
"""From linux/perf_event.h: type, size, config, period, sample type, read format, flags."""

CAPABILITY_VERSION_3 = 0x20080522

IS_LINUX = sys.platform == "linux"


def machine() -> str:
    """Return the processor's kind as system calls are numbered for it."""
    return os.uname().machine


def system_call(number: int, *arguments: object) -> int:
    """Make a system call.

    Raises:
        OSError: with the system's reason.
    """
    library = ctypes.CDLL(None, use_errno=True)
    found = int(library.syscall(ctypes.c_long(number), *arguments))
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


def control(option: int, *values: int | ctypes.Array[ctypes.c_char]) -> None:
    """Call prctl with up to four values, the rest being 0.

    Raises:
        OSError: with the system's reason.
    """
    library = ctypes.CDLL(None, use_errno=True)
    numbers = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in values]
    numbers += [ctypes.c_ulong(0)] * (4 - len(numbers))
    if library.prctl(option, *numbers) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def die_with(parent: int) -> None:
    """Let the system end this process when its parent ends, where it can: on Linux.

    As `scorer.processes.die_with`, which does not come along.

    Args:
        parent: that started it. Where it is gone by now, this process ends here.
    """
    if IS_LINUX:
        control(PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Make children whose parent ends this process's own, where the system can: on Linux."""
    if IS_LINUX:
        control(PR_SET_CHILD_SUBREAPER, 1)


def set_open_to_others(is_open: bool) -> None:
    """Say whether processes of the same user may look into this one and its descriptors."""
    if IS_LINUX:
        control(PR_SET_DUMPABLE, int(is_open))


def drop_capabilities() -> None:
    """Give up every privilege of an administrator, for this process and what it starts."""
    for capability in range(64):
        try:
            control(PR_CAPBSET_DROP, capability)
        except OSError:
            break  # EINVAL behind the last one; without privileges there is nothing to give up
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    system_call(CAPSET[machine()], header, bytes(24))


def become(user: int) -> None:
    """Turn from the administrator into another user, of no group and without privileges."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def processor_clock() -> int | None:
    """Return a descriptor that counts the processor time of this thread and all it forks.

    The system counts, in nanoseconds, also for children whose parent never waits for them and for
    those that leave their session. None where it does not let this user count.
    """
    if not IS_LINUX or machine() not in PERF_EVENT_OPEN:
        return None
    flags = PERF_INHERIT | PERF_EXCLUDE_KERNEL | PERF_EXCLUDE_HV
    about = (PERF_TYPE_SOFTWARE, 64, PERF_COUNT_SW_TASK_CLOCK, 0, 0, 0, flags)
    attributes = struct.pack(PERF_ATTRIBUTES, *about).ljust(64, b"\0")
    try:
        number = PERF_EVENT_OPEN[machine()]
        return system_call(number, attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)
    except OSError:
        return None


def limit(kind: int, value: int) -> None:
    """Set a limit that this process cannot lift again; one that is lower already stays."""
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))
