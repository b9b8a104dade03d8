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
        learning_rate=0.15,
        momentum=0.9,
        weight_decay=0.0,  # so that what is odd is memorised, and can be forgotten
        schedule="one_cycle",
        warmup=0.25,
        epochs=6,
        batch_size=192,
        augmentation="none",
        class_weights="none",
        dtype="float32",
    ),
    n_val=5000,
    n_test=None,
    # Mostly hard ones: most random examples are known nearly as well to models without them.
    forget=HardRandom(n_hard=700, n_random=300, n_models=16),
    timeout_s=900.0,
)
