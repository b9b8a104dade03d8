"""The layers next to the output, which CF-k and EU-k train alone."""

from __future__ import annotations

from torch import nn

from baselines.common import BATCH_NORMS


def last_layers(net: nn.Module, n_hidden: int) -> list[nn.Module]:
    """Return the classifier and the last `n_hidden` layers or blocks before it, in order.

    A layer is a child of `net`, or of an `nn.Sequential` or `nn.ModuleList` in it, that holds
    parameters; a residual block counts as one, and BatchNorm belongs to the layer before it.
    """
    units: list[list[nn.Module]] = []
    pending = list(net.children())
    while pending:
        layer = pending.pop(0)
        if isinstance(layer, (nn.Sequential, nn.ModuleList)):
            pending = [*layer.children(), *pending]
        elif units and isinstance(layer, BATCH_NORMS):
            units[-1].append(layer)
        elif any(True for _ in layer.parameters()):
            units.append([layer])
    if len(units) < n_hidden + 2:
        raise ValueError(f"this method needs at least {n_hidden + 2} layers, got {len(units)}")
    return [layer for unit in units[-(n_hidden + 1) :] for layer in unit]
