"""Fisher forgetting: add noise to each weight in inverse proportion to what retain data say of it.

Short: Fisher
Source: Golatkar et al. 2020, "Eternal sunshine of the spotless net", https://arxiv.org/abs/1911.04933;
    variance rules of its released code as kept in https://github.com/OPTML-Group/Unlearn-Saliency
Year: 2020
Data: retain
Cost: as many gradients of single examples as EPOCHS retain epochs have examples
Memory: one copy of the weights, gradients of single examples (at most 256 MiB at once)
Randomness: the noise, the retain examples drawn
Tuned: EPOCHS, NOISE, MAX_VARIANCE, MAX_VARIANCE_LAST and VECTOR_FACTOR by `tune` on private splits,
    task by task: see baselines/tuning; the released code uses a noise of 3e-6
Differs: the curvature is averaged over a sample of the retain set, not all of it, as every example
    takes a gradient for each class
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Examples, device_of, for_family, last_linear, predict, read

# as many gradients as passes over retain that cost the same
EPOCHS = {"digits": 0.151, "fashion_mnist": 0.103}
NOISE = {"digits": 9.8e-07, "fashion_mnist": 1e-06}  # alpha: scale of the variances
MAX_VARIANCE = {"digits": 614.0, "fashion_mnist": 321.0}  # of a weight, before the scale
MAX_VARIANCE_LAST = {"digits": 106.0, "fashion_mnist": 313.0}  # the same in the classifier
# on the variance of biases, BatchNorm weights and the classifier
VECTOR_FACTOR = {"digits": 20.0, "fashion_mnist": 30.5}
GRADIENTS_AT_ONCE = 2**26  # numbers held by the gradients of one group: 256 MiB


def curvature(net: nn.Module, examples: Examples, n_classes: int) -> dict[str, Tensor]:
    """Return by name the diagonal of the Fisher matrix: E_x sum_y p(y|x) (d log p(y|x) / dw)^2."""
    weights = {name: parameter.detach() for name, parameter in net.named_parameters()}

    def loss(values: dict[str, Tensor], image: Tensor, label: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(net, values, (image[None],)), label[None])

    gradients = vmap(grad(loss), in_dims=(None, 0, 0))
    totals = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    n_weights = sum(weight.numel() for weight in weights.values())
    group = max(1, min(64, GRADIENTS_AT_ONCE // (n_weights * n_classes)))
    for images, labels in examples.batches(group, shuffle=False):
        shares = predict(net, images).softmax(1).flatten()
        classes = torch.arange(n_classes, device=labels.device).repeat(len(images))
        found = gradients(weights, images.repeat_interleave(n_classes, dim=0), classes)
        for name, total in totals.items():
            total += torch.tensordot(shares, found[name].square(), dims=1) / len(examples)
    return totals


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` with noise that is wide where the retain loss is flat."""
    device = device_of(net)
    kept = read(retain, device, name="retain")
    epochs, noise, max_variance, max_variance_last, vector_factor = for_family(
        kept.images, EPOCHS, NOISE, MAX_VARIANCE, MAX_VARIANCE_LAST, VECTOR_FACTOR
    )
    classifier = last_linear(net)
    n_classes = classifier.out_features
    net.eval()
    drawn = kept.sample(math.ceil(epochs * len(kept) / n_classes))
    flatness = curvature(net, drawn, n_classes)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            last = any(parameter is own for own in classifier.parameters())
            limit = max_variance_last if last else max_variance
            variance = noise * (1 / (flatness[name] + 1e-8)).clamp(max=limit)
            if parameter.ndim > 1:
                variance = variance.mean(dim=1, keepdim=True).expand_as(parameter)
            if parameter.ndim == 1 or last:
                variance = vector_factor * variance
            parameter.add_(variance.sqrt() * torch.randn_like(parameter))
    return net.eval()
