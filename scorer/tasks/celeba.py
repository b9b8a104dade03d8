"""CelebA with ResNet-18: an attribute of faces, and whole people to forget; for a GPU.

The label is `Smiling`; `celeba-Young` and so on are the same task with another of the 40
attributes, see `data_prep.celeba`.
"""

from __future__ import annotations

from scorer.tasks.definition import TaskDefinition
from scorer.tasks.forget.subjects import Subjects
from scorer.training.recipe import Recipe

DEFINITION = TaskDefinition(
    name="celeba",
    summary="CelebA at 64x64, an attribute (Smiling), ResNet-18; forgets people; for a GPU",
    dataset="celeba",
    recipe=Recipe(
        architecture="resnet18",
        optimizer="sgd",
        learning_rate=0.1,
        momentum=0.9,
        weight_decay=5e-4,
        schedule="one_cycle",
        warmup=0.2,
        epochs=10,
        batch_size=256,
        augmentation="shift2_flip",
        class_weights="none",
        dtype="bfloat16",
    ),
    n_val=10000,
    n_test=None,
    forget=Subjects(n_subjects=100),
    timeout_s=3600.0,
)
