"""The process that runs a submission: it loads everything once and forks for every run.

Started by `scorer.runner.host` as `python -m scorer.runner.child FOLDER`, it reads one JSON object
a line on stdin and answers with one a line on stdout. Submission code runs in the forks only: each
begins with a fresh copy of the network, its own seed, its own scratch folder and its own process
group, and leaves nothing but `model.safetensors` and `status.json`. Importing torch once and
forking costs milliseconds a run where a new interpreter costs seconds. CUDA is never touched
before a fork.
"""

from __future__ import annotations

import gc
import json
import linecache
import os
import resource
import sys
import tempfile
import threading
import traceback
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from scorer.processes import die_with
from scorer.runner.contract import make_loader, seed_everything, signature_problem
from scorer.runner.meter import adopt_orphans, wait_for
from scorer.runner.reference import retrain
from scorer.training.arithmetic import MultiplyAdds
from scorer.training.models import build_model
from scorer.training.recipe import Recipe

MIB = 2**20
TRACE_LINES = 6


class Server:
    """Holds what all runs start from, and forks."""

    def __init__(self, folder: Path, job: dict[str, Any]) -> None:
        self.folder = folder
        self.pid = os.getpid()
        self.job = job
        self.recipe = Recipe(**job["recipe"])
        arrays = load_file(folder / "sets.safetensors")
        self.sets = {
            name: (arrays[f"{name}_images"], arrays[f"{name}_labels"])
            for name in ("retain", "forget", "val")
        }
        self.net = build_model(
            self.recipe.architecture, job["n_channels"], job["n_classes"], seed=0
        )
        self.loaded = ""

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        """Fork for one run, wait for it, and return what is known of its end."""
        if request["original"] != self.loaded:
            self.net.load_state_dict(load_file(self.folder / request["original"]))
            self.net.eval()
            self.loaded = request["original"]
        out = Path(request["out"])
        before = self._fingerprint(out)
        ready, is_ready = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(ready)
            self._run_in_fork(request, out, is_ready)
        os.close(is_ready)
        os.read(ready, 1)  # nothing comes where the fork died before
        os.close(ready)
        taken = wait_for(pid, request["timeout_s"])
        if taken.timed_out:
            return _fault("timeout", f"the run was ended after {request['timeout_s']:g} s")
        if self._fingerprint(out) != before:
            return _fault("tampered", "files beside the run's own output folder were changed")
        try:
            answer: dict[str, Any] = json.loads((out / "status.json").read_text())
        except (OSError, ValueError):
            code = taken.exit_code
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            return _fault("killed", f"the process of the run ended by {how} without a result")
        figures = {name: getattr(taken, name) for name in ("elapsed_s", "cpu_s", "peak_mib")}
        return {**answer, **figures}

    def _fingerprint(self, out: Path) -> list[tuple[str, int, int]]:
        """Return name, size and time of change of every file that a run must not touch."""
        facts = []
        for path in sorted(self.folder.rglob("*")):
            if path == out or out in path.parents or path == out.parent:
                continue
            entry = path.lstat()
            facts.append((str(path), entry.st_size, entry.st_mtime_ns))
        return facts

    def _run_in_fork(self, request: dict[str, Any], out: Path, is_ready: int) -> None:
        """Be one run, from here to the end of the process."""
        os.setsid()
        die_with(self.pid)
        for descriptor in (0, 1, int(self.job["answer_descriptor"])):
            os.close(descriptor)
        log = os.open(out / "log.txt", os.O_WRONLY | os.O_CREAT, 0o600)
        os.open(os.devnull, os.O_RDONLY)
        os.dup2(log, 1)
        os.dup2(log, 2)
        scratch = out / "scratch"
        scratch.mkdir()
        os.chdir(scratch)
        os.environ.update(HOME=str(scratch), TMPDIR=str(scratch))
        tempfile.tempdir = None  # where the server may have looked the folder up already
        set_limits(self.job, request["timeout_s"])
        answer = self._call(request, out, is_ready)
        temporary = out / "status.tmp"
        temporary.write_text(json.dumps(answer))
        temporary.rename(out / "status.json")
        os._exit(0)

    def _call(self, request: dict[str, Any], out: Path, is_ready: int) -> dict[str, Any]:
        """Import, call and save, naming what goes wrong."""
        shown = str(request["shown_path"])
        device = torch.device(self.job["device"])
        counter = MultiplyAdds()
        try:
            net = self.net.to(device)
            if device.type == "cuda":
                torch.cuda.set_per_process_memory_fraction(self.job["gpu_share"])
                load_kernels(device)
            os.write(is_ready, b".")
            os.close(is_ready)
            if request["kind"] == "reference":
                seed_everything(request["seed"])
                retain = self.sets["retain"]
                net = retrain(*retain, self.recipe, self.job["n_classes"], device)
                save_state(net.state_dict(), out)
                return {"fault": None}
            with audited(counter) if request["kind"] == "audit" else nullcontext():
                function, problem = import_submission(self.folder / "submission.py", shown)
                if problem is not None:
                    return problem
                seed_everything(request["seed"])
                loaders = [make_loader(*self.sets[name]) for name in ("retain", "forget", "val")]
                returned = function(net, *loaders)
                returned = net if returned is None else returned
                if not isinstance(returned, nn.Module):
                    what = type(returned).__name__
                    what = f"unlearning() must return an nn.Module, got {what}"
                    return _fault("bad_return", what)
                # Counted like the rest: a module may have a `state_dict` of its own.
                state = returned.state_dict()
            save_state(state, out)
        except (MemoryError, torch.OutOfMemoryError) as error:
            return _thrown("out_of_memory", error, shown)
        except BaseException as error:  # whatever a submission throws is its own fault
            no_memory = "allocate memory" in str(error)
            return _thrown("out_of_memory" if no_memory else "raised", error, shown)
        counted = {"multiply_adds": counter.total} if request["kind"] == "audit" else {}
        return {"fault": None, **counted}


def load_kernels(device: torch.device) -> None:
    """Let a GPU load what it needs once a process and for seconds, before a run is timed."""
    images = torch.ones(2, 3, 8, 8, device=device, requires_grad=True)
    weights = torch.ones(4, 3, 3, 3, device=device)
    (
        nn.functional.conv2d(images, weights).flatten(1) @ torch.ones(144, 2, device=device)
    ).sum().backward()
    torch.cuda.synchronize(device)


@contextmanager
def audited(counter: MultiplyAdds) -> Iterator[None]:
    """Count the arithmetic of this process: in all its threads, and of compiled functions too."""
    start = threading.Thread.start

    def start_counted(self: threading.Thread) -> None:
        # Of the thread itself, since a class of threads may have a `run` of its own.
        run = self.run

        def run_counted() -> None:
            with counter.beside():
                run()

        self.run = run_counted  # type: ignore[method-assign]
        start(self)

    # A compiled function runs as kernels that nobody could count.
    torch.compiler.set_stance("force_eager")
    threading.Thread.start = start_counted  # type: ignore[method-assign]
    try:
        with counter:
            yield
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]


def set_limits(job: dict[str, Any], timeout_s: float) -> None:
    """Bound what a run may take; CUDA reserves address space beyond any data limit."""
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: int(job["file_mib"] * MIB),
        resource.RLIMIT_CPU: int(timeout_s * 4 + 60),
    }
    if not str(job["device"]).startswith("cuda"):
        limits[resource.RLIMIT_DATA] = int(job["memory_mib"] * MIB)
    for kind, value in limits.items():
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def import_submission(path: Path, shown: str) -> tuple[Any, dict[str, Any] | None]:
    """Return the function `unlearning` of a file, or None and the fault."""
    source = path.read_text(errors="replace")
    # The copy that is run has another path than the file that its author knows.
    linecache.cache[shown] = (len(source), None, source.splitlines(keepends=True), shown)
    module = types.ModuleType("submission_under_test")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, shown, "exec"), module.__dict__)
    except BaseException as error:  # whatever importing throws, SystemExit included
        return None, _thrown("import_error", error, shown)
    function = getattr(module, "unlearning", None)
    if function is None:
        return None, _fault("bad_signature", f"{shown} must define unlearning(), got no such name")
    problem = signature_problem(function)
    return function, _fault("bad_signature", f"{shown}: {problem}") if problem else None


def save_state(state: Mapping[str, torch.Tensor], out: Path) -> None:
    """Write parameters and buffers under a temporary name, then rename."""
    copies = {name: each.detach().cpu().contiguous().clone() for name, each in state.items()}
    save_file(copies, out / "model.tmp")
    (out / "model.tmp").rename(out / "model.safetensors")


def _fault(fault: str, message: str, trace: str = "") -> dict[str, Any]:
    """Return a fault as the answer to a request."""
    return {"fault": fault, "message": message, "trace": trace}


def _thrown(fault: str, error: BaseException, shown: str) -> dict[str, Any]:
    """Return the fault of an exception, with the last lines that lie in the submission's file."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == shown]
    message = "".join(traceback.format_exception_only(error)).strip()[-2000:]
    return _fault(fault, message, "".join(traceback.format_list(frames[-TRACE_LINES:])).rstrip())


def main() -> None:
    """Answer requests until stdin ends."""
    die_with(os.getppid())
    folder = Path(sys.argv[1])
    os.chdir(folder)
    torch.set_num_threads(1)
    adopt_orphans()
    # The first optimiser of a process imports nearly a thousand modules; forks inherit them.
    torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    job = {**json.loads(sys.stdin.readline()), "answer_descriptor": answers.fileno()}
    server = Server(folder, job)
    # A garbage collection in a fork would write to, and so copy, every page of what it inherited.
    gc.collect()
    gc.freeze()
    for line in iter(sys.stdin.readline, ""):
        answers.write(json.dumps(server.run(json.loads(line))) + "\n")


if __name__ == "__main__":
    main()
