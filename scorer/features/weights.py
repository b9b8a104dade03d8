"""The weights of a model themselves, in a file beside its outputs: what a way between models needs.

Original models keep theirs whatever is asked for. Those of oracles, controls and runs take more
room than all their outputs together, so that they are kept where `--features barrier` asks for it.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from scorer.features.base import Feature, ForwardPass


def nothing(_: ForwardPass) -> np.ndarray:
    """Return no number of any example `(0,)`; it is asked of no set."""
    return np.empty(0, dtype=np.float32)


def keeps_weights(extra: Collection[str]) -> bool:
    """Tell whether the weights of all models are kept where these extra features are."""
    return FEATURE.name in extra


FEATURE = Feature(
    name="weights",
    version=1,
    summary="parameters and buffers, in a file beside the outputs, where --features asks for it",
    compute=nothing,
    sets=(),
    is_extra=True,
)
