"""What is kept of a model's outputs. One file a feature: a module here that defines `FEATURE`.

Every trained model and every run is evaluated for all features but the extra ones, and for these
where they are asked for. Which features of which version an entry on disk holds stands in its
manifest; what lacks one is evaluated, or made, again. See `scorer.registry`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from scorer.features.base import Feature, ForwardPass, holds_all
from scorer.registry import Registry, value

FEATURES = Registry("feature", __name__, value(Feature))


def kept_features(extra: Collection[str] = ()) -> list[Feature]:
    """Return the features that are kept of every model, and those of the extra ones that are named.

    Args:
        extra: names of extra features.
    """
    return [one for one in FEATURES.values() if not one.is_extra or one.name in extra]


def extra_held(manifest: Mapping[str, Any]) -> set[str]:
    """Return the names of the extra features that an entry holds in their present versions.

    What replaces an entry keeps them: whoever asks for one and then for another is not to have the
    first one made again.
    """
    return {one.name for one in FEATURES.values() if one.is_extra and holds_all(manifest, [one])}


__all__ = ["FEATURES", "Feature", "ForwardPass", "extra_held", "holds_all", "kept_features"]
