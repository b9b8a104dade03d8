"""Points in the plane that err, overlap and memorise as digits do: what is forgotten can be drawn.

The law of the points is the one that `study plane` fitted, see `data_prep.plane`.
"""

from __future__ import annotations

from scorer.tasks.definition import TaskDefinition
from scorer.tasks.forget.hard_random import HardRandom
from scorer.training.recipe import Recipe

FORGET = HardRandom(n_hard=90, n_random=40, n_models=32)
"""As on `digits`: mostly points that hold the boundary; random ones lie amid their class."""

DEFINITION = TaskDefinition(
    name="plane",
    summary="points in the plane that resemble digits, an MLP; embedded, for teaching",
    dataset="plane",
    recipe=Recipe(
        architecture="mlp_3x64",
        optimizer="adam",
        learning_rate=0.02,
        momentum=0.9,
        weight_decay=0.0,
        schedule="one_cycle",
        warmup=0.25,
        epochs=50,
        batch_size=130,
        augmentation="none",
        class_weights="none",
        dtype="float32",
    ),
    n_val=200,
    n_test=500,
    forget=FORGET,
    timeout_s=60.0,
)
