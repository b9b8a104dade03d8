"""How many processes and models one device's memory holds: arithmetic alone, nothing is measured.

A device is a GPU, or a machine whose processors share their memory. Plans leave a part of what is
free, because what a process needs is an estimate; what an estimate misses, training notices and
halves its group (`scorer.training.paths.GroupTraining`).
"""

from __future__ import annotations

from dataclasses import dataclass

from scorer.errors import ScorerError

MIB = 2**20

CONTEXT_BYTES = 512 * MIB
"""What CUDA takes of a GPU in every process before its first tensor: the context, the kernels that
were loaded, the workspaces of cuBLAS and cuDNN."""

PROCESS_BYTES = 350 * MIB
"""What a process with torch takes of the machine before it holds anything."""

TRAINING_SHARE = 0.8
"""Of what is free, for training: cuDNN tries kernels with large workspaces before it takes one, and
the memory of a captured step stays in pieces."""

RUNS_SHARE = 0.9
"""Of what is free, for runs of submissions: their allocator keeps to its part by itself."""

RUN_MARGIN = 3
"""Models in training that a run has room for at least: methods hold teachers, copies or importances
of weights beside the model that they change."""


@dataclass(frozen=True)
class Memory:
    """Of one device, in bytes.

    Attributes:
        total: that it has.
        free: of it, when the plan is made.
    """

    total: int
    free: int


@dataclass(frozen=True)
class Needs:
    """What a process takes of a device, in bytes.

    Attributes:
        process: before it holds anything, `CONTEXT_BYTES` or `PROCESS_BYTES`.
        data: examples that models are trained on.
        evaluation: examples that models are evaluated on.
        model: one model in training, all that its step keeps included.
        forward: a forward pass without a way back, as in evaluation; never while a model trains.

    Raises:
        ValueError: the bytes of a model are below 1.
    """

    process: int
    data: int
    evaluation: int
    model: int
    forward: int = 0

    def __post_init__(self) -> None:
        _check_positive(model=self.model)

    def worker(self, k: int) -> int:
        """Return what a worker takes that trains `k` models at once and evaluates them."""
        return self.process + self.data + self.evaluation + max(k * self.model, self.forward)

    @property
    def run(self) -> int:
        """Return what a worker takes whose runs do as much as the task's own recipe.

        These are two processes: one evaluates, and in the other a run is given the data.
        """
        own = self.process + self.evaluation + self.forward
        return own + self.process + self.data + RUN_MARGIN * self.model


@dataclass(frozen=True)
class TrainingPlan:
    """Which processes train.

    Attributes:
        n_workers: in all.
        per_device: at most so many of them share a device.
        k: models that each trains at once, at most.
        worker_bytes: that each takes, as estimated.
        available_bytes: of a device, that its workers may take together.
    """

    n_workers: int
    per_device: int
    k: int
    worker_bytes: int
    available_bytes: int


@dataclass(frozen=True)
class RunsPlan:
    """Which processes run submissions.

    Attributes:
        n_workers: in all.
        per_device: at most so many of them share a device.
        worker_bytes: that each needs at least, as estimated.
        available_bytes: of a device, that its workers may take together.
    """

    n_workers: int
    per_device: int
    worker_bytes: int
    available_bytes: int


def plan_training(
    memory: Memory,
    needs: Needs,
    *,
    n_models: int,
    k: int,
    most_per_device: int,
    n_devices: int = 1,
    is_chosen: bool = False,
) -> TrainingPlan:
    """Return how many workers train, and how many models each at once.

    First come the workers, one at least, then as large a group as each has room for. No worker
    waits for another's group to be full: models are divided among all.

    Args:
        memory: of each device.
        needs: of a worker.
        n_models: to train.
        k: that is fastest, see `scorer.training.probe`.
        most_per_device: workers that one device serves well, or that a user asked for.
        n_devices: alike.
        is_chosen: a user asked for as many: fewer are an error.

    Raises:
        ScorerError: not one model fits beside what a worker needs, or not that many workers do.
    """
    _check_positive(n_models=n_models, k=k, most_per_device=most_per_device, n_devices=n_devices)
    available = int(TRAINING_SHARE * memory.free)
    wanted = min(most_per_device, -(-n_models // n_devices))
    fitting = _fitting("training", available, needs.worker(1), wanted, is_chosen, memory)
    n_workers = min(fitting * n_devices, n_models)
    resident = needs.process + needs.data + needs.evaluation
    room = (available // fitting - resident) // needs.model
    group = min(k, -(-n_models // n_workers), room)
    return TrainingPlan(n_workers, fitting, group, needs.worker(group), available)


def plan_runs(
    memory: Memory,
    needs: Needs,
    *,
    n_runs: int,
    most_per_device: int,
    n_devices: int = 1,
    is_chosen: bool = False,
) -> RunsPlan:
    """Return how many workers run submissions.

    Args:
        memory: of each device.
        needs: of a worker and its runs.
        n_runs: to make.
        most_per_device: workers that one device serves well, or that a user asked for.
        n_devices: alike.
        is_chosen: a user asked for as many: fewer are an error.

    Raises:
        ScorerError: not one run that does as much as a retraining fits, or not that many do.
    """
    _check_positive(n_runs=n_runs, most_per_device=most_per_device, n_devices=n_devices)
    available = int(RUNS_SHARE * memory.free)
    wanted = min(most_per_device, -(-n_runs // n_devices))
    fitting = _fitting("runs", available, needs.run, wanted, is_chosen, memory)
    return RunsPlan(min(fitting * n_devices, n_runs), fitting, needs.run, available)


def run_share(total: int, available: int, n_sharing: int, needs: Needs) -> float:
    """Return the part of a GPU's memory that PyTorch may hand out to one run, in (0, 1).

    Args:
        total: bytes of the GPU.
        available: of it, for all workers; see `RunsPlan`.
        n_sharing: workers that share it.
        needs: of a worker: what its own process holds, and the contexts, are the run's no more.

    Raises:
        ScorerError: nothing is left.
    """
    own = needs.process + needs.evaluation + needs.forward
    room = available // n_sharing - own - needs.process
    if room <= 0:
        raise ScorerError(
            f"a run on a GPU must have memory, and of {_mib(available)} for {n_sharing} workers"
            " nothing is left beside what these hold themselves; use fewer --workers"
        )
    return room / total


def one_does_not_fit(architecture: str, batch_size: int, device: str) -> ScorerError:
    """Return the error for where training a single model ran out of memory."""
    return ScorerError(
        f"one model of `{architecture}` in batches of {batch_size} must fit in the memory of a"
        f" process on this {device}, and ran out of it; end what else uses the device, use fewer"
        " --workers or a larger device, or take a task with a smaller network or batch"
    )


def _fitting(
    what: str, available: int, needed: int, wanted: int, is_chosen: bool, memory: Memory
) -> int:
    """Return how many of the wanted processes fit on a device.

    Raises:
        ScorerError: none does, or fewer than a user asked for.
    """
    fitting = min(wanted, available // needed)
    if fitting >= 1 and (fitting == wanted or not is_chosen):
        return fitting
    have = f"{_mib(available)} of {_mib(memory.free)} free and {_mib(memory.total)} in all"
    if fitting < 1:
        raise ScorerError(
            f"{what} must have about {_mib(needed)} of memory for one process with one model, got"
            f" {have}; end what else uses the device, choose a larger one, or take a task with a"
            " smaller network, batch or data set"
        )
    raise ScorerError(
        f"{what} in {wanted} processes on one device must have about {_mib(wanted * needed)} of"
        f" memory, {_mib(needed)} each, got {have}; use at most --workers {fitting} a device, or"
        " none to have it planned"
    )


def _check_positive(**values: int) -> None:
    """Raise where a number is below 1."""
    for name, value in values.items():
        if value < 1:
            raise ValueError(f"`{name}` must be at least 1, got {value}")


def _mib(n_bytes: int) -> str:
    """Return bytes as MiB for messages."""
    return f"{n_bytes / MIB:.0f} MiB"
