"""CIFAR-10 with a fast ResNet: the task for a GPU."""

from __future__ import annotations

from scorer.tasks.definition import TaskDefinition
from scorer.training.recipe import Recipe

DEFINITION = TaskDefinition(
    name="cifar10",
    summary="CIFAR-10, fast ResNet, 16 epochs; for a GPU",
    dataset="cifar10",
    recipe=Recipe(
        architecture="fast_resnet",
        optimizer="sgd",
        learning_rate=0.4,
        momentum=0.9,
        weight_decay=5e-4,
        schedule="one_cycle",
        warmup=0.25,
        epochs=16,
        batch_size=512,
        augmentation="shift2_flip",
        class_weights="none",
        dtype="bfloat16",
    ),
    n_val=2500,
    n_test=None,
    n_forget_hard=500,
    n_forget_random=500,
    n_difficulty_models=16,
    starting_kit_forget_set=False,
    timeout_s=1800.0,
)
