"""Runs of a submission: import its file, call it, and save what it returns."""

from __future__ import annotations

import copy
import hashlib
import importlib
import linecache
import sys
import threading
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from importlib.util import decode_source
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save_file
from torch import Tensor, nn

from .confined import confine
from .contract import PERSON_KEY, Gone, make_loader, seed_everything
from .entry import Unfit, find, values_of
from .faults import Shown, fault, thrown
from .preload import preload
from .roles import SETS
from .scripts import be_a_script, show_plain_bars
from .serve import hide_the_kit
from .serve import main as serve
from .unwrap import unwrapped

PACKAGE = "submission_under_test"
"""The folder that the file lies in, with what was copied with it, and the name of the package."""

WARM_UP_IMAGES = {"cuda": 64, "cpu": 8}
"""Of the steps that let a device load its kernels; other batches may take others still."""


class Changed(Exception):
    """A file that the kit wrote is another now."""


def read_checked(path: Path, sha256: str) -> dict[str, Tensor]:
    """Return the tensors of a file whose bytes are the ones that the kit wrote.

    Raises:
        Changed: they are not.
    """
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Changed(f"{path.name} is not what was written there")
    return load_tensors(content)


SetArrays = tuple[Tensor, Tensor, dict[str, Tensor]]
"""Images, labels, and what else there is of each example, by its key."""


def read_sets(
    folder: Path, job: dict[str, Any], names: Sequence[str] = SETS
) -> dict[str, SetArrays]:
    """Return images, labels and more of each set.

    Args:
        folder: of the process.
        job: holds the digest of the file.
        names: of the sets.

    Raises:
        Changed: the file is not the one that the kit wrote.
    """
    arrays = read_checked(folder / "in" / "sets.safetensors", job["sets_sha256"])
    return {
        name: (
            arrays[f"{name}_images"],
            arrays[f"{name}_labels"],
            {PERSON_KEY: people} if (people := arrays.get(f"{name}_people")) is not None else {},
        )
        for name in names
    }


class SubmissionWork:
    """What runs of a submission start from."""

    def __init__(self, folder: Path, job: dict[str, Any]) -> None:
        """Load the sets, build the network, and import what every run would."""
        hide_the_kit()
        self.n_threads = job["n_threads"]
        torch.set_num_threads(self.n_threads)
        self.source = folder / "in" / "source"
        self.package = self.source / PACKAGE
        self.weights = folder / "in"
        self.device, self.gpu_share = torch.device(job["device"]), job["gpu_share"]
        self.confined_to = job["confined_to"]
        self.sets = read_sets(folder, job)
        networks = importlib.import_module("networks.models")
        shape = job["recipe"]["architecture"], job["n_channels"], job["n_classes"]
        self.net: nn.Module = networks.build_model(*shape, seed=0)
        self.loaded = self.shown = ""
        self.has_bars = False
        # The first optimiser of a process imports nearly a thousand modules; forks inherit them.
        torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)

    def prepare(self, request: dict[str, Any]) -> None:
        """Load the original and import what the file is going to, where they changed."""
        if request["original"] != self.loaded:
            path = self.weights / request["original"]
            self.net.load_state_dict(read_checked(path, request["original_sha256"]))
            self.net.eval()
            self.loaded = request["original"]
        if request["source"] != self.shown:
            own = {each.stem for each in (*self.source.iterdir(), *self.package.iterdir())}
            texts = [path.read_bytes() for path in sorted(self.source.rglob("*.py"))]
            for text in texts:
                preload(text, own)
            self.has_bars = "tqdm" not in own and any(b"tqdm" in text for text in texts)
            self.shown = request["source"]

    def run(self, order: dict[str, Any], out: Path, tell_ready: Callable[[], None]) -> Any:
        """See `serve.Work.run`."""
        # A fork makes torch's pool of threads anew when it is first wanted, which fails where two
        # threads of a file want it at once.
        torch.set_num_threads(self.n_threads)
        net = self.net.to(self.device)
        if self.device.type == "cuda":
            torch.cuda.set_per_process_memory_fraction(self.gpu_share)
        # Of retain nothing may be left.
        load_kernels(net, self.sets["forget"][0].shape[1:])
        # As for a script: its own folder first, then the one that this lies in.
        sys.path[:0] = [str(self.package), str(self.source)]
        if self.has_bars:
            show_plain_bars()
        if self.confined_to is not None:
            confine({**self.confined_to, str(out): True})
        tell_ready()
        if order["kind"] != "audit":
            return call(self.package, order, net, self.sets, out, nullcontext())
        counter = importlib.import_module("multiply_adds").MultiplyAdds()
        message = call(self.package, order, net, self.sets, out, audited(counter))
        if message["fault"] is None:
            message["multiply_adds"] = counter.total
        return message


def call(
    package: Path,
    order: dict[str, Any],
    net: nn.Module,
    sets: Mapping[str, SetArrays],
    out: Path,
    around: Any,
) -> dict[str, Any]:
    """Import, call and save, naming what goes wrong.

    Args:
        package: the folder that holds the copy that is run.
        order: the seed, `shown_path`, how its author names the file, `main`, the copy's name in
            the folder, and `entry`, see `entry.find`, or the fault that the kit has seen.
        net: the original on its device.
        sets: images, labels and more of retain, forget and val.
        out: where the state is saved.
        around: a context for all of it.
    """
    shown, entry, raised = Shown(str(order["shown_path"]), package), order["entry"], "raised"
    if entry["fault"]:
        return fault(entry["fault"], f"{shown.path}: {entry['message']}")
    device = next(net.parameters()).device
    gone: list[Gone] = []
    try:
        with around:
            # Before the import too: what a file draws there is no other than what it draws later.
            seed_everything(order["seed"])
            be_a_script(shown.path)
            given = dict.fromkeys(entry["devices"], device)
            module, problem = import_submission(package / order["main"], shown, given)
            if module is None:
                return problem
            function = find(module, entry)
            seed_everything(order["seed"])
            loaders = {name: make_loader(*sets[name]) for name in SETS}
            gone = [each.dataset for each in loaders.values() if isinstance(each.dataset, Gone)]
            returned = function(values_of(net, loaders, device))
            if any(each.was_asked for each in gone):
                # And went on without, as if it had got some.
                message = f"{shown.path} asked for retain data and hid that"
                return fault("needs_retain", message)
            gone = []  # what fails from here on does not for want of them
            returned, taken_off = unwrapped(net if returned is None else returned)
            if isinstance(returned, nn.Module):
                # Counted like the rest: a module may have a `state_dict` of its own.
                returned = returned.state_dict()
            elif not isinstance(returned, Mapping):
                what = type(returned).__name__
                return fault("bad_return", f"unlearning() must return an nn.Module, got {what}")
        return save_state(returned, out, taken_off)
    except Unfit as error:
        return fault("bad_signature", f"{shown.path}: {error}")
    except BaseException as error:  # whatever a submission throws is its own fault
        if any(each.was_asked or each.was_counted for each in gone):
            # Many a file fails of the length alone: divides by it, or draws from nothing.
            raised = "needs_retain"
        return thrown(raised, error, shown)


def import_submission(
    path: Path, shown: Shown, given: Mapping[str, Any]
) -> tuple[types.ModuleType | None, dict[str, Any]]:
    """Return the module that a file is, or None and the fault.

    Args:
        path: of the copy that is run, in the folder that `shown` names.
        shown: how its author names it.
        given: values that stand in the module before its first line.
    """
    parts = path.relative_to(shown.package).with_suffix("").parts
    name = ".".join([PACKAGE, *(part for part in parts if part != "__init__")])
    module = types.ModuleType(name)
    module.__file__ = str(path)
    if name == PACKAGE:
        module.__path__ = [str(path.parent)]
    module.__package__ = PACKAGE
    module.__dict__.update(given)
    sys.modules[name] = module
    try:
        source = path.read_bytes()
        # As bytes, so that Python itself reads its mark and coding line; and without this file's
        # own `from __future__`, which a compilation would pass on.
        code = compile(source, shown.path, "exec", dont_inherit=True)
        lines = decode_source(source).splitlines(keepends=True)
        # The copy that is run has another path than the file that its author knows.
        linecache.cache[shown.path] = (len(source), None, lines, shown.path)
        exec(code, module.__dict__)
    except BaseException as error:  # whatever importing throws, SystemExit included
        return None, thrown("import_error", error, shown)
    return module, {}


def save_state(state: Any, out: Path, taken_off: Sequence[str] = ()) -> dict[str, Any]:
    """Write parameters and buffers under a temporary name, then rename; return the message.

    Args:
        state: by name.
        out: where it goes.
        taken_off: what was around the network, for the message.
    """
    if not isinstance(state, Mapping) or not all(isinstance(name, str) for name in state):
        what = f"state_dict() must map names to tensors, got {type(state).__name__}"
        return fault("bad_return", what)
    copies = {}
    for name, each in state.items():
        if not isinstance(each, Tensor):
            what = f"`{name}` of state_dict() must be a tensor, got {type(each).__name__}"
            return fault("bad_return", what)
        copies[name] = each.detach().cpu().contiguous().clone()
    try:
        save_file(copies, out / "model.tmp")
    except (KeyError, ValueError) as error:
        # A dtype or layout that torch knows and safetensors does not.
        return fault("bad_return", f"the returned state cannot be written: {error!r}")
    (out / "model.tmp").rename(out / "model.safetensors")
    return {"fault": None, **({"taken_off": list(taken_off)} if taken_off else {})}


def load_kernels(net: nn.Module, shape: Sequence[int]) -> None:
    """Let a device load what it needs once a process, before a run is timed.

    On a GPU, where it takes seconds, that is its context, the libraries, and the kernels that a
    step of training takes; on a CPU those are compiled, which is seen in the time of small tasks.

    Args:
        net: on its device; a copy of it is trained.
        shape: channels, height and width of an image.
    """
    device = next(net.parameters()).device
    copied = copy.deepcopy(net).train()
    images = torch.zeros(WARM_UP_IMAGES[device.type], *shape, device=device)
    labels = torch.zeros(len(images), dtype=torch.long, device=device)
    optimizer = torch.optim.SGD(copied.parameters(), lr=0.1, momentum=0.9)
    for dtype in (torch.float32, torch.bfloat16)[: 1 + images.is_cuda]:
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            logits = copied(images).float()
        optimizer.zero_grad()
        nn.functional.cross_entropy(logits, labels).backward()
        optimizer.step()
    if images.is_cuda:
        torch.cuda.synchronize(device)


@contextmanager
def audited(counter: Any) -> Iterator[None]:
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


def main() -> None:
    """Serve runs of submissions."""
    serve(SubmissionWork)
