"""Fixed beforehand: the examples that somebody else's benchmark forgets."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from typing import ClassVar

from data_prep import Split, choose_forget, forget_given
from scorer.tasks.forget.base import ForgetSet, Material


@dataclass(frozen=True)
class Given(ForgetSet):
    """A given forget set on the public split, as many random examples on the others.

    Attributes:
        indices: "package.module:function", called with the data directory; returns the indices
            `(n,)` into the data set.
        n_examples: how many they are.
    """

    name: ClassVar[str] = "given"
    summary: ClassVar[str] = "a published list of examples"

    indices: str
    n_examples: int

    @property
    def size(self) -> int:
        """Return the number of examples to forget."""
        return self.n_examples

    def split(self, material: Material) -> Split:
        """Return the four sets."""
        seed = material.options.split_seed
        if seed != 0:
            parts = material.partition()
            return choose_forget(parts, material.raw.labels, None, 0, self.n_examples, seed)
        given = pkgutil.resolve_name(self.indices)(material.options.data_dir)
        return forget_given(material.partition(keep_in_train=given), given)
