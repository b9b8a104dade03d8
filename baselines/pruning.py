"""Pruning: switch off the channels that forget data use more than retain data, then repair.

Short: Prune
Source: the folder "pruning" of a repository of unlearning experiments,
    https://github.com/sachit3022/unlearning
Year: 2023
Data: retain, forget
Cost: EPOCHS retain epochs + a forward pass over the forget set and as much of the retain set
Memory: none
Randomness: the choice of channels, the retain sample, data order
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE and PRUNED_SHARE by `tune` on private splits, task by task:
    see baselines/tuning
Differs: whole channels, drawn by their use, in place of the positions above a quantile; a mask over
    positions cannot be folded into the layers that the network has
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from baselines.common import device_of, eval_mode, fine_tune, for_family, read

PRUNED_SHARE = {"digits": 0.25, "fashion_mnist": 0.1}  # of the channels of each layer
CHOICE = 0.5  # spread of the noise on the log of the use: how far chance decides
EPOCHS = {"digits": 0.707, "fashion_mnist": 0.9}  # passes over the retain set
BATCH_SIZE = {"digits": 32, "fashion_mnist": 128}
LEARNING_RATE = {"digits": 0.215, "fashion_mnist": 0.15}  # peak
WARMUP = 0.1  # share of the steps


def channel_layers(net: nn.Module) -> list[nn.Module]:
    """Return what ends each convolution: the BatchNorm defined next after it, or itself."""
    layers = [layer for layer in net.modules() if isinstance(layer, (nn.Conv2d, nn.BatchNorm2d))]
    if not any(isinstance(layer, nn.Conv2d) for layer in layers):
        raise ValueError("this method needs a network with at least one nn.Conv2d, got none")
    ends: list[nn.Module] = []
    for layer, following in zip(layers, [*layers[1:], None], strict=True):
        if isinstance(following, nn.BatchNorm2d) and isinstance(layer, nn.Conv2d):
            same_size = following.num_features == layer.out_channels
            ends.append(following if same_size and following.affine else layer)
        elif isinstance(layer, nn.Conv2d):
            ends.append(layer)
    return ends


@torch.no_grad()
def use(net: nn.Module, layers: list[nn.Module], images: Tensor) -> list[Tensor]:
    """Return for each layer how much comes through each channel on average, `(n_channels,)`."""
    seen: dict[int, Tensor] = {}

    def remember(layer: nn.Module, _: object, output: Tensor) -> None:
        seen[id(layer)] = output.relu().mean(dim=(0, 2, 3))

    handles = [layer.register_forward_hook(remember) for layer in layers]
    try:
        with eval_mode(net):
            net(images)
    finally:
        for handle in handles:
            handle.remove()
    return [seen[id(layer)] for layer in layers]


def drawn(gone: Tensor, kept: Tensor, share: float) -> Tensor:
    """Return which channels go, `(n_channels,)` bool: those used more by forget data, by chance."""
    n_pruned = min(max(1, round(share * len(gone))), len(gone) - 1)
    tiny = 1e-6
    excess = ((gone + tiny) / (kept + tiny)).log() + CHOICE * torch.randn_like(gone)
    mask = torch.zeros_like(gone, dtype=torch.bool)
    mask[excess.topk(n_pruned).indices] = True
    return mask


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` without some channels: their weights are zero and stay so."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, size, rate, share = for_family(
        kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, PRUNED_SHARE
    )
    layers = channel_layers(net)
    uses = zip(
        use(net, layers, gone.sample(1024).images),
        use(net, layers, kept.sample(min(len(gone), 1024)).images),
        strict=True,
    )
    masks = [drawn(*pair, share) for pair in uses]
    with torch.no_grad():
        for layer, mask in zip(layers, masks, strict=True):
            for parameter in layer.parameters():
                parameter[mask] = 0.0

    def hold() -> None:
        for layer, mask in zip(layers, masks, strict=True):
            for parameter in layer.parameters():
                if parameter.grad is not None:
                    parameter.grad[mask] = 0.0

    fine_tune(
        net,
        kept,
        epochs=epochs,
        batch_size=size,
        learning_rate=rate,
        warmup=WARMUP,
        after_backward=hold,
    )
    return net.eval()
