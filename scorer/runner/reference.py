"""What a submission is timed against: one retraining by the kit's own loop for one model.

It runs in forks of a process of its own, which is the same server under the same meter as that of
submissions but may import the kit. No submission ever runs there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from scorer.runner.child.contract import seed_everything
from scorer.runner.child.serve import main as serve
from scorer.runner.child.submission import load_kernels, read_sets, save_state
from scorer.training.loop import ModelSeeds, TrainingSet, train_models
from scorer.training.models import build_model
from scorer.training.recipe import Recipe


def retrain(
    images: Tensor, labels: Tensor, recipe: Recipe, n_classes: int, device: torch.device
) -> nn.Module:
    """Return a network trained from scratch on retain, as fast as the kit can train a single one.

    Examples are tensors on the device, channels_last, the optimiser is fused, and on a GPU the
    step is a CUDA graph whose kernels cuDNN has chosen by trial.

    Args:
        images: `(n, channels, height, width)` float32 of the retain set.
        labels: `(n,)` int64.
        recipe: of the task.
        n_classes: of the task.
        device: where it is trained.
    """
    images = images.to(device, memory_format=torch.channels_last)
    data = TrainingSet(images, labels.to(device), n_classes)
    init, order, augment = torch.randint(0, 2**62, (3,)).tolist()
    (net,) = train_models(data, recipe, [ModelSeeds(init, order, augment)])
    return net


class RetrainingWork:
    """What retrainings start from."""

    def __init__(self, folder: Path, job: dict[str, Any]) -> None:
        """Load the retain set."""
        torch.set_num_threads(job["n_threads"])
        self.recipe, self.n_classes = Recipe(**job["recipe"]), job["n_classes"]
        self.device, self.gpu_share = torch.device(job["device"]), job["gpu_share"]
        self.images, self.labels, _ = read_sets(folder, job, ["retain"])["retain"]
        torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)

    def prepare(self, request: dict[str, Any]) -> None:
        """Nothing is to be loaded."""

    def run(self, order: dict[str, Any], out: Path, tell_ready: Callable[[], None]) -> Any:
        """Retrain once, by a seed of its own."""
        if self.device.type == "cuda":
            torch.cuda.set_per_process_memory_fraction(self.gpu_share)
        shape = self.images.shape[1:]
        net = build_model(self.recipe.architecture, shape[0], self.n_classes, seed=0)
        load_kernels(net.to(self.device), shape)
        tell_ready()
        seed_everything(order["seed"])
        net = retrain(self.images, self.labels, self.recipe, self.n_classes, self.device)
        return save_state(net.state_dict(), out)


if __name__ == "__main__":
    serve(RetrainingWork)
