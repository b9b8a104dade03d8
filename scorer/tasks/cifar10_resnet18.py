"""CIFAR-10 with the network and recipe of the 2023 challenge, for comparison with its numbers."""

from __future__ import annotations

from scorer.tasks.definition import TaskDefinition
from scorer.tasks.forget.given import Given
from scorer.training.recipe import Recipe

DEFINITION = TaskDefinition(
    name="cifar10-resnet18",
    summary="CIFAR-10, torchvision ResNet-18, 30 epochs: the challenge's recipe and forget set",
    dataset="cifar10",
    recipe=Recipe(
        architecture="resnet18",
        optimizer="adam",
        learning_rate=1e-4,
        momentum=0.9,
        weight_decay=5e-3,
        schedule="cosine",
        warmup=0.0,
        epochs=30,
        batch_size=64,
        augmentation="none",
        class_weights="inverse_count",
        dtype="float32",
    ),
    n_val=2500,
    n_test=None,
    forget=Given(indices="data_prep.cifar10:starting_kit_forget_indices", n_examples=5000),
    timeout_s=3600.0,
)
