"""Masked small gradients: draw anew the weights whose retain and forget gradients cancel.

Short: MSG
Source: the solution of Kookmin University, prize 2 of the 2023 challenge,
    https://www.kaggle.com/competitions/neurips-2023-machine-unlearning/discussion/459200
Year: 2023
Data: retain, forget
Cost: EPOCHS retain epochs + 2 forget epochs
Memory: one mask of the convolutions
Randomness: new weights, the retain sample, data order
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE, RESET_SHARE and DAMPING by `tune` on private splits, task
    by task: see baselines/tuning; a share of 0.3 and a damping of 0.1 are published
Differs: fewer than 5 epochs at a peak rate far above 0.001. The share is of all convolutions
    together, as the team describes it; a port takes it of each layer
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from baselines.common import convolutions, device_of, fine_tune, for_family, mean_gradients, read

RESET_SHARE = {"digits": 0.559, "fashion_mnist": 0.114}  # of all convolution weights together
# factor on the gradients of the convolution weights that were not drawn anew
DAMPING = {"digits": 0.0287, "fashion_mnist": 0.171}
EPOCHS = {"digits": 0.614, "fashion_mnist": 0.379}  # passes over the retain set
BATCH_SIZE = {"digits": 16, "fashion_mnist": 32}
LEARNING_RATE = {"digits": 0.0737, "fashion_mnist": 0.085}  # peak
WARMUP = 0.5  # share of the steps: up for one half, down for the other


def smallest(gradients: list[Tensor], share: float) -> list[Tensor]:
    """Return, for each gradient, which entries are among the smallest `share` of all together."""
    sizes = torch.cat([gradient.abs().flatten() for gradient in gradients])
    chosen = torch.zeros_like(sizes, dtype=torch.bool)
    chosen[sizes.topk(round(share * len(sizes)), largest=False).indices] = True
    parts = chosen.split([gradient.numel() for gradient in gradients])
    return [part.view(gradient.shape) for part, gradient in zip(parts, gradients, strict=True)]


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net`, partly drawn anew and fine-tuned there above all."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, size, rate, share, damping = for_family(
        kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, RESET_SHARE, DAMPING
    )
    weights = [layer.weight for layer in convolutions(net)]
    positions = {id(parameter): i for i, parameter in enumerate(net.parameters())}
    # As many retain as forget examples, drawn for each run, so that runs differ in what they erase.
    keep, leave = mean_gradients(net, kept.sample(len(gone))), mean_gradients(net, gone)
    gradients = [keep[positions[id(w)]] - leave[positions[id(w)]] for w in weights]
    masks = smallest(gradients, share)
    with torch.no_grad():
        for weight, mask in zip(weights, masks, strict=True):
            fresh = nn.init.kaiming_normal_(torch.empty_like(weight), mode="fan_out")
            weight.copy_(torch.where(mask, fresh, weight))

    def damp() -> None:
        for weight, mask in zip(weights, masks, strict=True):
            if weight.grad is not None:
                weight.grad *= torch.where(mask, 1.0, damping)

    fine_tune(
        net,
        kept,
        epochs=epochs,
        batch_size=size,
        learning_rate=rate,
        warmup=WARMUP,
        after_backward=damp,
    )
    return net.eval()
