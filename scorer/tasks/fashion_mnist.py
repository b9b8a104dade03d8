"""Fashion-MNIST at laptop scale: 28x28 images, a small ResNet."""

from __future__ import annotations

from scorer.tasks.definition import TaskDefinition
from scorer.tasks.forget.hard_random import HardRandom
from scorer.training.recipe import Recipe

DEFINITION = TaskDefinition(
    name="fashion_mnist",
    summary="Fashion-MNIST, 28x28, small ResNet; laptop scale",
    dataset="fashion_mnist",
    recipe=Recipe(
        architecture="small_resnet",
        optimizer="sgd",
        learning_rate=0.2,
        momentum=0.9,
        weight_decay=5e-4,
        schedule="one_cycle",
        warmup=0.25,
        epochs=4,
        batch_size=256,
        augmentation="none",
        class_weights="none",
        dtype="float32",
    ),
    n_val=5000,
    n_test=None,
    forget=HardRandom(n_hard=500, n_random=500, n_models=16),
    timeout_s=900.0,
)
