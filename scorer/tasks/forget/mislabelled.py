"""Wrong labels: some training examples get another label first, and are to be forgotten then.

The original model learns the wrong labels, and the oracles never see these examples. All that is
said of the forget set, its confidences and accuracy, is said of the wrong labels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from data_prep import RawData, Split, choose_forget, random_words
from scorer.tasks.forget.base import Material
from scorer.tasks.forget.typed import CountedForgetSet


@dataclass(frozen=True)
class Mislabelled(CountedForgetSet):
    """Random training examples under labels that are wrong."""

    name: ClassVar[str] = "mislabelled"
    summary: ClassVar[str] = "random examples, whose labels are made wrong first"
    forms: ClassVar[tuple[str, ...]] = ("mislabelled:K",)

    def split(self, material: Material) -> Split:
        """Return the four sets.

        Raises:
            UsageError: there are not so many.
        """
        seed, labels = material.options.split_seed, material.raw.labels
        split = choose_forget(self.parts(material), labels, None, 0, self.n_examples, seed)
        return replace(split, forget_stratum=np.full(len(split.forget), self.name))

    def relabelled(self, material: Material, split: Split) -> RawData:
        """Return the data with another label for each example to forget, any other alike."""
        raw = material.raw
        words = random_words(len(split.forget), raw.name, material.options.split_seed, self.name)
        steps = 1 + (words % np.uint64(raw.n_classes - 1)).astype(np.int64)
        labels = raw.labels.copy()
        labels[split.forget] = (labels[split.forget] + steps) % raw.n_classes
        return replace(raw, labels=labels)
