"""What the runs of a submission took, and what part of a retraining that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BY_THE_KIT = "made by the kit itself, nothing was metered"
NOT_AUDITED = "the audited run failed"

AT_THE_LIMIT = 2.0
"""Standard errors of a ratio within which it cannot be told from the budget."""


@dataclass(frozen=True)
class Ratio:
    """A mean over another mean, with its standard error (0 where it is exact)."""

    value: float
    error: float = 0.0

    def verdict(self, budget: float) -> str:
        """Return "within", "at the limit" or "over": how the ratio lies to the budget."""
        if self.error and abs(self.value - budget) <= AT_THE_LIMIT * self.error:
            return "at the limit"
        return "within" if self.value <= budget else "over"


@dataclass(frozen=True, eq=False)
class RunCosts:
    """What the runs of a submission took, and the retrainings among them.

    Attributes:
        elapsed_s: `(n_runs,)` wall time of each run that ended well, from ready to exit.
        cpu_s: `(n_runs,)` processor time of it, its threads and its children.
        retraining_s: `(n_retrainings,)` wall time of the kit's own retrainings.
        retraining_cpu_s: `(n_retrainings,)` processor time of them.
        cpu_counts: whether processor time says anything; on a GPU it is that of waiting.
        peak_mib: the largest memory of a process of the runs.
        multiply_adds: of the audited run, None where that failed.
        retraining_multiply_adds: of a retraining, counted alike.
    """

    elapsed_s: np.ndarray
    cpu_s: np.ndarray
    retraining_s: np.ndarray
    retraining_cpu_s: np.ndarray
    cpu_counts: bool
    peak_mib: float
    multiply_adds: int | None
    retraining_multiply_adds: int | None

    @property
    def why_untimed(self) -> str:
        """Return why there is no time ratio, empty where there is one."""
        if len(self.elapsed_s) and len(self.retraining_s):
            return ""
        return f"no {'retraining' if len(self.elapsed_s) else 'run'} ended well"

    def wall_ratio(self) -> Ratio:
        """Return mean wall time of a run over that of a retraining."""
        return ratio_of_means(self.elapsed_s, self.retraining_s)

    def cpu_ratio(self) -> Ratio:
        """Return mean processor time of a run over that of a retraining."""
        return ratio_of_means(self.cpu_s, self.retraining_cpu_s)

    def time_ratio(self) -> Ratio:
        """Return the larger of the two ratios; on a GPU that of wall time."""
        wall = self.wall_ratio()
        return max(wall, self.cpu_ratio(), key=lambda r: r.value) if self.cpu_counts else wall

    def compute_ratio(self) -> Ratio | None:
        """Return multiply-adds over those of a retraining, None where none were counted."""
        if self.multiply_adds is None or self.retraining_multiply_adds is None:
            return None
        return Ratio(self.multiply_adds / self.retraining_multiply_adds)


def ratio_of_means(above: np.ndarray, below: np.ndarray) -> Ratio:
    """Return the ratio of two means and its standard error, by the relative errors of both."""
    relative = [
        one.std(ddof=1) / (len(one) ** 0.5 * one.mean()) for one in (above, below) if len(one) > 1
    ]
    value = float(above.mean() / below.mean())
    return Ratio(value, value * float(np.hypot.reduce(relative)) if relative else 0.0)
