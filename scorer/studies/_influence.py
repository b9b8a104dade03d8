"""What leaving a point out would change, estimated without training again: influence functions.

The Hessian is that of Gauss and Newton with the weight decay beside it. For two classes it is of
rank n at most, so all is solved between points: with J the gradients of the margins, D the
variances p (1 - p), r = p - y and K = J J', leaving point i out of the mean loss moves the
parameters by J' (n decay + D K)^-1 (e_i r_i - r / n) n / (n - 1), and the margin at x by its
gradient times that. The second term is there because the mean of the others takes the place of all.

References: Koh and Liang 2017, arXiv 1703.04730; Martens 2014, arXiv 1412.1193 (Gauss-Newton).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

PLACES_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class Influence:
    """Estimates for each point that is left out.

    Attributes:
        parameters: float64 `(n_points,)` length of the change of all parameters.
        grid: float64 `(n_points, n_places)` change of the margin.
    """

    parameters: np.ndarray
    grid: np.ndarray


def margin_gradients(net: nn.Module, places: Tensor) -> np.ndarray:
    """Return `(n_places, n_parameters)` float64: gradients of the margin of class 1."""
    parameters = {name: value.detach() for name, value in net.named_parameters()}

    def margin(parameters: dict[str, Tensor], place: Tensor) -> Tensor:
        logits = functional_call(net, parameters, (place[None],))[0]
        difference: Tensor = logits[1] - logits[0]
        return difference

    each = vmap(grad(margin), in_dims=(None, 0))
    found = [
        torch.cat([value.flatten(1) for value in each(parameters, some).values()], dim=1)
        for some in places.split(PLACES_AT_ONCE)
    ]
    return torch.cat(found).double().numpy()


def influence(
    net: nn.Module, points: Tensor, labels: np.ndarray, places: Tensor, weight_decay: float
) -> Influence:
    """Return what leaving out each point would change.

    Args:
        net: trained on all points.
        points: `(n_points, 2)`.
        labels: `(n_points,)` 0 or 1.
        places: `(n_places, 2)` where margins are wanted.
        weight_decay: of the training, which keeps the inverse finite.
    """
    n_points = len(labels)
    own = margin_gradients(net, points)
    with torch.no_grad():
        logits = net(points).double().numpy()
    probability = 1.0 / (1.0 + np.exp(logits[:, 0] - logits[:, 1]))
    kernel = own @ own.T
    variances = probability * (1.0 - probability)
    system = n_points * weight_decay * np.eye(n_points) + variances[:, np.newaxis] * kernel
    residuals = probability - labels
    # Column i: what point i adds to the mean gradient over all, which the others then make up.
    less_mean = np.diag(residuals) - residuals[:, np.newaxis] / n_points
    weights = np.linalg.solve(system, less_mean * n_points / (n_points - 1))
    lengths = np.sqrt(np.maximum(np.einsum("ij,ik,kj->j", weights, kernel, weights), 0.0))
    moved = [
        weights.T @ own @ margin_gradients(net, some).T for some in places.split(PLACES_AT_ONCE)
    ]
    return Influence(lengths, np.concatenate(moved, axis=1))
