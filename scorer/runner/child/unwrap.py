"""What is returned around the network and is exactly the network: taken off, and named.

Only what changes nothing: wrappers that call what they hold, masks and reparametrisations whose
product is the weight. Each is known by its class, not by how its names begin: another class may do
anything with the network in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import parametrize, prune
from torch.optim.swa_utils import AveragedModel

WRAPPERS = {
    f"{kind.__name__} around the network": kind
    for kind in (nn.DataParallel, DistributedDataParallel, AveragedModel)
}
HELD_AS = "module"
COMPILED, COMPILED_HELD_AS = "a compiled module around the network", "_orig_mod"
MASKS = "pruning masks, which are merged into the weights"
PARAMETRIZATIONS = "parametrizations, which are merged into the weights"
PAIR, STATE = "a tuple with one network in it", "a state_dict, which counts as the network's"
TAKEN_OFF = (*WRAPPERS, COMPILED, MASKS, PARAMETRIZATIONS, PAIR, STATE)
"""All that may be taken off, as it is said."""


def unwrapped(returned: Any) -> tuple[Any, list[str]]:
    """Return the network or state in what a function returned, and what was taken off.

    Args:
        returned: by the function. What is neither a network nor around one comes back as it is.
    """
    taken: list[str] = []
    if isinstance(returned, (tuple, list)):
        nets = [each for each in returned if isinstance(each, nn.Module)]
        if len(nets) == 1:
            returned, taken = nets[0], [PAIR]
    if is_state(returned):
        return returned, [*taken, STATE]
    if not isinstance(returned, nn.Module):
        return returned, taken
    while (around := _wrapper_of(returned)) is not None:
        name, attribute = around
        returned = getattr(returned, attribute)
        taken.append(name)
    return returned, taken + _merge(returned)


def is_state(value: Any) -> bool:
    """Tell whether a value is what `state_dict()` returns: names and tensors, at least one."""
    return (
        isinstance(value, Mapping)
        and len(value) > 0
        and all(isinstance(n, str) and isinstance(t, Tensor) for n, t in value.items())
    )


def _wrapper_of(net: nn.Module) -> tuple[str, str] | None:
    """Return what a module is, where it is a wrapper, and where it holds the network."""
    # The class of compiled modules is in a part of torch that takes a second to import.
    if type(net).__name__ == "OptimizedModule" and type(net).__module__.startswith("torch._dynamo"):
        return COMPILED, COMPILED_HELD_AS
    for name, kind in WRAPPERS.items():
        if type(net) is kind:
            return name, HELD_AS
    return None


def _merge(net: nn.Module) -> list[str]:
    """Put the products of masks and reparametrisations in their places; return what there was."""
    found = []
    for module in list(net.modules()):
        hooks = list(module._forward_pre_hooks.values())
        for hook in hooks:
            if isinstance(hook, prune.BasePruningMethod):
                prune.remove(module, hook._tensor_name)
                found.append(MASKS)
        if parametrize.is_parametrized(module):
            # As the network is scored: in training mode some of them change at every look.
            module.eval()
            for name in list(module.parametrizations):  # type: ignore[arg-type]
                parametrize.remove_parametrizations(module, name)
            found.append(PARAMETRIZATIONS)
    return list(dict.fromkeys(found))
