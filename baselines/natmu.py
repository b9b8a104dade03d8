"""NatMU: blend every forget image with retain images of other classes and teach those classes.

Short: NatMU
Source: He et al. 2024, "Towards natural machine unlearning", https://arxiv.org/abs/2405.15495;
    masks as in https://github.com/ZhengbaoHe/NatMU
Year: 2024
Data: retain, forget
Cost: EPOCHS over retain and 4 blends of every forget image
Memory: the blends
Randomness: the retain images blended in, data order
Tuned: EPOCHS, BATCH_SIZE and LEARNING_RATE by `tune` on private splits, task by task: see
    baselines/tuning; the offset is published
Differs: fewer than 5 epochs
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from baselines.common import Examples, device_of, fine_tune, for_family, join, predict, read

OFFSET = -0.19  # added to the masks, which say how much of the forget image is kept
EPOCHS = {"digits": 0.694, "fashion_mnist": 0.406}  # passes over retain and the blends
BATCH_SIZE = {"digits": 32, "fashion_mnist": 128}
LEARNING_RATE = {"digits": 0.163, "fashion_mnist": 0.329}  # peak
WARMUP = 0.25  # share of the steps


def masks(height: int, width: int, device: torch.device) -> list[Tensor]:
    """Return the four masks `(height, width)`: rows, columns and their complements, in [0, 1]."""

    def ramp(size: int) -> Tensor:
        lines = torch.arange(size, device=device)
        return torch.minimum(lines, size - 1 - lines) / max(1, size // 2)

    rows = ramp(height)[:, None].expand(height, width)
    columns = ramp(width)[None, :].expand(height, width)
    return [(mask + OFFSET).clamp(0, 1) for mask in (rows, columns, 1 - rows, 1 - columns)]


def blend(net: nn.Module, kept: Examples, gone: Examples) -> Examples:
    """Return each forget image blended with one of retain for each of its 4 likeliest classes.

    The true class and classes without a retain example are passed over; a blend has the label of
    its retain image.
    """
    logits = predict(net, gone.images)
    counts = torch.bincount(kept.labels, minlength=logits.shape[1])
    first = counts.cumsum(0) - counts
    by_class = kept.labels.argsort()
    allowed = (counts > 0).repeat(len(gone), 1)
    allowed[torch.arange(len(gone)), gone.labels] = False
    n_blends = min(4, int(allowed.sum(1).min()))
    if n_blends == 0:
        raise ValueError("NatMU needs `retain` to hold another class than each forget example's")
    likely = logits.masked_fill(~allowed, -torch.inf).topk(n_blends).indices
    height, width = gone.images.shape[-2:]
    parts = []
    for mask, labels in zip(masks(height, width, logits.device), likely.T, strict=False):
        drawn = (torch.rand(len(labels), device=labels.device) * counts[labels]).long()
        drawn = torch.minimum(drawn, counts[labels] - 1)  # the product may round up
        images = kept.images[by_class[first[labels] + drawn]]
        parts.append(Examples(gone.images * mask + images * (1 - mask), labels))
    return join(*parts)


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` fine-tuned on retain and on blends of forget images with retain images."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, size, rate = for_family(kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE)
    examples = join(kept, blend(net, kept, gone))
    fine_tune(net, examples, epochs=epochs, batch_size=size, learning_rate=rate, warmup=WARMUP)
    return net.eval()
