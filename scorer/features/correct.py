"""Whether a model is right: what accuracies are counted from."""

from __future__ import annotations

import numpy as np

from scorer.features.base import Feature, ForwardPass


def correct(seen: ForwardPass) -> np.ndarray:
    """Return whether the largest logit is the true class's `(n,)` bool."""
    return np.asarray(seen.logits.argmax(axis=1) == seen.labels)


FEATURE = Feature(
    name="correct",
    version=1,
    summary="whether the largest logit is that of the true class, bool",
    compute=correct,
)
