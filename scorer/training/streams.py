"""K models in turns on a GPU, each on a stream of its own.

A step of a small network keeps a part of a GPU busy for a short time. Steps of other models fill
the rest, where they need not wait for each other. Every model takes the steps of the plain loop,
kernel by kernel, so there is nothing that an architecture would have to allow.

Reference: https://docs.pytorch.org/docs/stable/notes/cuda.html (streams, whole-network capture).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import nn

from scorer.training.loop import LoopTraining, ModelSeeds, TrainingSet
from scorer.training.recipe import Recipe
from scorer.training.step import WARM_UP_STEPS, training_settings


class StreamedTraining:
    """The training of several models in turns, a step of each at a time.

    On a CPU, which has no streams, the turns are all there is to it.
    """

    def __init__(self, data: TrainingSet, recipe: Recipe, seeds: Sequence[ModelSeeds]) -> None:
        """Initialise the models.

        Args:
            data: what all of them are trained on.
            recipe: how.
            seeds: one entry a model.
        """
        self._device = data.images.device
        self._trainings = [LoopTraining(data, recipe, each) for each in seeds]

    def steps(self) -> Iterator[None]:
        """Train all models from their beginning to their end, yielding after a step of each."""
        if self._device.type == "cuda":
            yield from self._steps_on_streams()
        else:
            for _ in zip(*[each.steps() for each in self._trainings], strict=True):
                yield

    def models(self) -> list[nn.Module]:
        """Return one network for each entry of the seeds, with the weights as they are now."""
        return [each.net.eval() for each in self._trainings]

    def _steps_on_streams(self) -> Iterator[None]:
        """See `steps`; what follows on the current stream waits until all of them are done."""
        before = torch.cuda.current_stream(self._device)
        streams = [torch.cuda.Stream(self._device) for _ in self._trainings]
        all_steps = []
        for stream, training in zip(streams, self._trainings, strict=True):
            stream.wait_stream(before)
            with torch.cuda.stream(stream):
                all_steps.append(training.steps())
        number, is_done = 0, False
        while not is_done:
            for stream, steps in zip(streams, all_steps, strict=True):
                with torch.cuda.stream(stream):
                    is_done = next(steps, self) is self
                if number <= WARM_UP_STEPS:
                    # cuDNN times its kernels now, and a capture wants the device for itself.
                    torch.cuda.synchronize(self._device)
            number += 1
            if not is_done:
                yield
        for stream in streams:
            before.wait_stream(stream)


def train_models_on_streams(
    data: TrainingSet, recipe: Recipe, seeds: Sequence[ModelSeeds]
) -> list[nn.Module]:
    """Return trained models in the order of `seeds`, in eval mode on the data's device.

    Args:
        data: what they are trained on, on the device.
        recipe: how; any architecture.
        seeds: one entry a model.
    """
    with training_settings(data.images.device):
        training = StreamedTraining(data, recipe, seeds)
        for _ in training.steps():
            pass
        return training.models()
