"""How sure a model is of the true class: what forgetting is measured by."""

from __future__ import annotations

import numpy as np

from scorer.features.base import Feature, ForwardPass


def confidence(seen: ForwardPass) -> np.ndarray:
    """Return the logit-scaled confidence of the true class `(n,)` float32."""
    # Imported here because whoever reads records looks through the features for measures.
    from scorer.metric.confidence import logit_scaled_confidence

    return logit_scaled_confidence(seen.logits, seen.labels).astype(np.float32)


FEATURE = Feature(
    name="confidence",
    version=1,
    summary="logit-scaled confidence of the true class, float32",
    compute=confidence,
)
