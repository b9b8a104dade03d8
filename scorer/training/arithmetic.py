"""How many multiply-adds one retraining takes, to hold those of a run against."""

from __future__ import annotations

from dataclasses import replace

from scorer.training.loop import LoopTraining, ModelSeeds, TrainingSet
from scorer.training.multiply_adds import MultiplyAdds
from scorer.training.recipe import Recipe
from scorer.training.step import training_settings


def retraining_multiply_adds(data: TrainingSet, recipe: Recipe) -> int:
    """Return the operations of training one model: those of one step, times their number.

    All steps have the same shapes. Initial weights and the order of the examples, a thousandth of
    the whole with 130 examples and less with more, are left out.

    Args:
        data: what the model is trained on, on the device.
        recipe: of the task.
    """
    with training_settings(data.images.device):
        # At least two epochs, so that there is a second step: the first comes with preparations.
        steps = LoopTraining(
            data, replace(recipe, epochs=max(2, recipe.epochs)), ModelSeeds(0, 0, 0)
        ).steps()
        next(steps)
        with MultiplyAdds() as counter:
            next(steps)
    return counter.total * recipe.n_steps(len(data))
