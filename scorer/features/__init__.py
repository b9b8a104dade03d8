"""What is kept of a model's outputs. One file a feature: a module here that defines `FEATURE`.

Every trained model and every run is evaluated for all features. Which features of which version
an entry on disk holds stands in its manifest; what lacks one is evaluated, or made, again.
See `scorer.registry`.
"""

from __future__ import annotations

from scorer.features.base import Feature, ForwardPass, holds_all
from scorer.registry import Registry, value

FEATURES = Registry("feature", __name__, value(Feature))

__all__ = ["FEATURES", "Feature", "ForwardPass", "holds_all"]
