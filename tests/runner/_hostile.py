"""Submissions that try what no run may: each says in its weights whether it got through.

Written as the body of a function that returns true where it did; `KIT` holds what they are told of
the kit that runs them: `pid`, `port`, `abstract`, `socket`, `secret`, `home`, `shown`.
"""

from __future__ import annotations

from typing import Any

HEAD = """
import ctypes, gc, glob, json, os, pathlib, resource, signal, socket, stat, subprocess, sys, time
import torch
KIT = {kit}
LIBC = ctypes.CDLL(None, use_errno=True)

def call(*numbers):
    found = LIBC.syscall(*numbers)
    if found < 0: raise OSError(ctypes.get_errno(), "refused")
    return found

def attempt(net, retain, forget, val):
"""

TAIL = """
def unlearning(net, retain, forget, val):
    try:
        got = bool(attempt(net, retain, forget, val))
    except Exception:
        got = False
    net.fc.bias.data[0] = float(got)
"""


def attempting(body: str, **kit: Any) -> str:
    """Return the submission that tries a body."""
    return HEAD.format(kit=kit) + "".join(f"    {line}\n" for line in body.splitlines()) + TAIL


KNOWS = {
    "reads the kit's files": "return open(KIT['secret']).read()",
    "lists the kit's folders": "return os.listdir(os.path.dirname(KIT['secret']))",
    "writes the kit's files": "return open(KIT['secret'], 'a').write('x')",
    "makes files beside the kit's": "return open(KIT['secret'] + '.forged', 'w')",
    "removes the kit's files": "os.rename(KIT['secret'], KIT['secret'] + '.gone'); return True",
    "finds files at home": "return [p for p in os.scandir(KIT['home']) if p.is_file()]",
    "lists other runs' folders": (
        "own = pathlib.Path.cwd().parents[2]\n"
        "return [p for p in glob.glob('/tmp/unlearning-*') if not str(own).startswith(p)]"
    ),
    "looks through links": "os.symlink(KIT['secret'], 'link'); return open('link').read()",
    "looks through hard links": "os.link(KIT['secret'], 'link'); return open('link').read()",
    "reads a secret of the environment": (
        "return 'SECRET_TOKEN' in os.environ or b'SECRET_TOKEN' in open('/proc/self/environ', 'rb')"
        ".read()"
    ),
    "reads the kit's environment": "return open(f\"/proc/{KIT['pid']}/environ\", 'rb').read()",
    "reads its server's environment": "return open(f'/proc/{os.getppid()}/environ', 'rb').read()",
    "opens its server's pipes": "return open(f'/proc/{os.getppid()}/fd/1', 'wb', 0)",
    "reads its server's memory": "return open(f'/proc/{os.getppid()}/mem', 'rb')",
    "reads the kit's command": "return open(f\"/proc/{KIT['pid']}/cmdline\", 'rb').read()",
    "sees how large a file is": "return os.stat(KIT['secret']).st_size",
    "traces its server": "return call(101, 16, os.getppid(), 0, 0) == 0",
    "copies its server's memory": (
        "here = ctypes.create_string_buffer(8)\n"
        "part = (ctypes.c_void_p * 2)(ctypes.addressof(here), 8)\n"
        "return call(310, os.getppid(), part, 1, part, 1, 0) > 0"
    ),
    "takes a descriptor of its server": (
        "return call(438, os.pidfd_open(os.getppid()), 1, 0) >= 0"
    ),
    "signals the kit": "os.kill(KIT['pid'], 0); return True",
    "signals its server": "os.kill(os.getppid(), 0); return os.getppid() != 1",
    "limits the kit": (
        "limits = resource.prlimit(KIT['pid'], resource.RLIMIT_NOFILE); return limits"
    ),
}
"""What it would know of, or do to, the kit."""

REACHES = {
    "connects": "socket.create_connection(('127.0.0.1', KIT['port']), 1); return True",
    "sends": (
        "with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:\n"
        "    return s.sendto(b'x', ('127.0.0.1', KIT['port']))"
    ),
    "listens": "return socket.create_server(('127.0.0.1', 0))",
    "asks the kernel": "return socket.socket(16, socket.SOCK_RAW, 0)",
    "connects by an abstract name": (
        "s = socket.socket(socket.AF_UNIX); s.settimeout(1); s.connect(KIT['abstract'])\n"
        "return True"
    ),
    "connects by a path": (
        "s = socket.socket(socket.AF_UNIX); s.settimeout(1); s.connect(KIT['socket'])\nreturn True"
    ),
}
"""Whom it would speak to."""

FINDS = {
    "the kit among modules": (
        "return any(name.startswith('scorer') and found for name, found in sys.modules.items())"
    ),
    "the kit to import": "import scorer.training.loop; return True",
    "other baselines to import": "__import__('base' + 'lines.finetune'); return True",
    "objects of the kit": (
        "names = ('scorer', 'data_prep')\n"
        "return any(type(x).__module__.startswith(names) for x in gc.get_objects()"
        " if isinstance(type(x).__module__, str))"
    ),
    "a server's frame": (
        "frame, found = sys._getframe(), []\n"
        "while frame: found.append(frame); frame = frame.f_back\n"
        "return any(type(v).__name__ in ('Server', 'Meter') for f in found"
        " for v in f.f_locals.values())"
    ),
    "a server among objects": (
        "return any(type(x).__name__ in ('Server', 'Meter') and 'child' in type(x).__module__"
        " for x in gc.get_objects())"
    ),
    "its index in what it is told": (
        "frame, words = sys._getframe(), ''\n"
        "while frame: words += repr(frame.f_locals); frame = frame.f_back\n"
        "words += (pathlib.Path.cwd().parents[2] / 'program' / 'job.json').read_text()\n"
        "return any(word in words for word in ('n_models', 'index', 'oracle', 'n_runs'))"
    ),
    "a test label in its arguments": (
        "n = sum(len(x.dataset) for x in (retain, forget, val)); return n != KIT['shown']"
    ),
    "descriptors of its server": (
        "return [fd for fd in os.listdir('/proc/self/fd') if int(fd) > 3 and"
        " os.path.exists(f'/proc/self/fd/{fd}')]"
    ),
}
"""What it would find in its own process."""

GAINS = {
    "room for files": ("resource.setrlimit(resource.RLIMIT_FSIZE, (2**40, 2**40)); return True"),
    "another user": "os.setuid(0) if os.getuid() else os.setuid(12345); return True",
    "a namespace": "return call(272, 0x10000000) == 0",
    "a namespace for a child": "return call(56, 0x10000000 | 17, 0, 0, 0, 0) >= 0",
    "a mount": "return call(165, b'none', b'/proc', b'tmpfs', 0, 0) == 0",
    "another root": "os.chroot('.'); return True",
    "shared memory that outlives it": "return call(29, 0x1234, 4096, 0o1600) >= 0",
    "semaphores that outlive it": "return call(64, 0x1234, 1, 0o1600) >= 0",
    "messages that outlive it": "return call(68, 0x1234, 0o1600) >= 0",
    "a queue that outlives it": (
        "class A(ctypes.Structure): _fields_ = [('v', ctypes.c_long * 8)]\n"
        "a = A(); a.v[1] = 1; a.v[2] = 8\n"
        "return call(240, b'mine', os.O_CREAT | os.O_RDWR, 0o600, ctypes.byref(a)) >= 0"
    ),
    "a keyring": "return call(250, 0, -3, 1) >= 0",
    "a ring of calls": ("a = ctypes.create_string_buffer(120); return call(425, 4, a) >= 0"),
    "counters": (
        "a = ctypes.create_string_buffer((1).to_bytes(4, 'little') + (64).to_bytes(4, 'little')"
        " + bytes(56), 64)\nreturn call(298, a, 0, -1, -1, 0) >= 0"
    ),
    "a program in the kernel": "a = ctypes.create_string_buffer(128); return call(321, 0, a, 72)",
    "devices": "return open('/dev/mem', 'rb') or open('/dev/kmsg', 'rb')",
    "the packages of all": "return open(torch.__file__, 'a')",
    "the system's folders": "return open('/usr/forged', 'w') or open('/etc/forged', 'w')",
    "settings of the system": "return open('/proc/sys/kernel/hostname', 'w')",
    "a file of the next run": ("return open(pathlib.Path.cwd().parents[2] / 'in' / 'forged', 'w')"),
    "the program of the next run": (
        "return open(pathlib.Path.cwd().parents[2] / 'program' / 'forged.py', 'w')"
    ),
    "a folder of another run": "return os.mkdir(pathlib.Path.cwd().parents[1] / 'forged') is None",
}
"""What it would have that no run has."""

ATTEMPTS = KNOWS | REACHES | FINDS | GAINS

LEAVES = {
    "a file in /tmp": ("open('/tmp/mine', 'w')", "return os.path.exists('/tmp/mine')"),
    "a file in /var/tmp": ("open('/var/tmp/mine', 'w')", "return os.path.exists('/var/tmp/mine')"),
    "a folder deep and closed": (
        "os.makedirs('/tmp/a/b/c'); os.chmod('/tmp/a/b', 0)",
        "return os.path.exists('/tmp/a')",
    ),
    "shared memory with a name": (
        "open('/dev/shm/mine', 'w').write('x')",
        "return os.path.exists('/dev/shm/mine')",
    ),
    "a file in its home": (
        "open(os.path.expanduser('~/mine'), 'w')",
        "return os.path.exists(os.path.expanduser('~/mine'))",
    ),
    "a file beside its folder": (
        "open('../../mine', 'w')",
        "return os.path.exists('../../mine')",
    ),
    "a global of torch": ("torch.nn.mine = 1", "return hasattr(torch.nn, 'mine')"),
    "a variable": ("os.environ['MINE'] = 'x'", "return 'MINE' in os.environ"),
    "weights of the original": (
        "net.fc.weight.data += 100",
        "return net.fc.weight.max() > 50",
    ),
    "a process": (
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        s = socket.socket(socket.AF_UNIX); s.bind('\\0mine'); s.listen(); time.sleep(60)\n"
        "    os._exit(0)\n"
        "time.sleep(0.2)",
        "s = socket.socket(socket.AF_UNIX); s.connect('\\0mine'); return True",
    ),
    "fifty processes": (
        "for _ in range(50):\n    if os.fork() == 0: os.setsid(); time.sleep(60)",
        "return len([p for p in os.listdir('/proc') if p.isdigit()]) > 50 and os.getppid() == 1",
    ),
    "a queue of the system": (
        "call(29, 0x4321, 4096, 0o1600)",
        "return call(29, 0x4321, 4096, 0) >= 0",
    ),
}
"""What one run would leave to the next: what it does, and how the next one looks for it."""

STOPPED_BY_NAMESPACES_ALONE = {
    "connects by a path",
    "sees how large a file is",
    "shared memory with a name",
}
"""What Landlock does not stop: a Unix socket by its path, what is told of a file whose path
is known, and what is left in the machine's shared memory, where files of others lie too."""

NOT_STOPPED_BY_PROCESS = (
    set(KNOWS) | set(REACHES) | set(GAINS) | {"descriptors of its server"}
) | {
    "a file in /tmp",
    "a file in /var/tmp",
    "a folder deep and closed",
    "a queue of the system",
    "shared memory with a name",
}
"""What the tier `process` does not stop: it keeps mistakes away."""
