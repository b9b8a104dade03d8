"""First and last layer drawn anew, taught by the original: on val data first, then on retain data.

Short: KDE
Source: the solution of S. Karypidis et al., Euclid team, prize 6 of the 2023 challenge,
    https://www.kaggle.com/competitions/neurips-2023-machine-unlearning/discussion/458740
Year: 2023
Data: retain, val
Cost: RETAIN_EPOCHS retain epochs + VAL_EPOCHS val epochs + a forward pass over both
Memory: the original's logits on retain and val
Randomness: new weights, data order
Tuned: BATCH_SIZE, VAL_EPOCHS, VAL_RATE, RETAIN_EPOCHS and RETAIN_RATE by `tune` on private splits,
    task by task: see baselines/tuning; the rest as published
Differs: fewer than 3 retain epochs; peak rates far above 0.001
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import (
    device_of,
    divergence,
    fine_tune,
    for_family,
    predict,
    read,
    weight_layers,
)

TEMPERATURE = 5.0
BATCH_SIZE = {"digits": 64, "fashion_mnist": 128}
VAL_EPOCHS = {"digits": 1.2, "fashion_mnist": 0.846}  # passes over the val set
VAL_RATE = {"digits": 0.2, "fashion_mnist": 0.0895}  # peak learning rate there
RETAIN_EPOCHS = {"digits": 0.64, "fashion_mnist": 0.325}  # passes over the retain set
RETAIN_RATE = {"digits": 0.12, "fashion_mnist": 0.144}  # peak learning rate there
WARMUP = 0.1  # share of the steps


def imitation(teacher: Tensor, logits: Tensor) -> Tensor:
    """Return the divergence from the teacher at `TEMPERATURE`, without the usual factor T^2."""
    return divergence(teacher, logits, TEMPERATURE) / TEMPERATURE**2


def soft_cross_entropy(teacher: Tensor, logits: Tensor) -> Tensor:
    """Return the cross-entropy of softened predictions with the teacher's softened ones."""
    return F.cross_entropy(logits / TEMPERATURE, (teacher / TEMPERATURE).softmax(dim=1))


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` with its ends drawn anew and taught again."""
    device = device_of(net)
    kept, unseen = read(retain, device, name="retain"), read(val, device, name="val")
    size, val_epochs, val_rate, retain_epochs, retain_rate = for_family(
        kept.images, BATCH_SIZE, VAL_EPOCHS, VAL_RATE, RETAIN_EPOCHS, RETAIN_RATE
    )
    teacher_kept, teacher_unseen = predict(net, kept.images), predict(net, unseen.images)
    for layer in (weight_layers(net)[0], weight_layers(net)[-1]):
        layer.reset_parameters()

    def warm_up(logits: Tensor, images: Tensor, chosen: Tensor) -> Tensor:
        return imitation(teacher_unseen[chosen], logits)

    def repair(logits: Tensor, images: Tensor, chosen: Tensor) -> Tensor:
        hard = F.cross_entropy(logits, kept.labels[chosen])
        teacher = teacher_kept[chosen]
        return hard + soft_cross_entropy(teacher, logits) + imitation(teacher, logits)

    for examples, epochs, rate, loss in (
        (unseen, val_epochs, val_rate, warm_up),
        (kept, retain_epochs, retain_rate, repair),
    ):
        fine_tune(
            net,
            examples.numbered(),
            epochs=epochs,
            batch_size=size,
            learning_rate=rate,
            warmup=WARMUP,
            loss=loss,
        )
    return net.eval()
