"""What runs took, for tests of the two meters and the budget."""

from __future__ import annotations

from typing import Any

import numpy as np

from scorer.measures.costs import RunCosts


def run_costs(**changes: Any) -> RunCosts:
    """Return costs of runs that take a tenth of a retraining, by both meters and exactly."""
    values: dict[str, Any] = {
        "elapsed_s": [1.0, 1.0],
        "cpu_s": [1.0, 1.0],
        "retraining_s": [10.0, 10.0],
        "retraining_cpu_s": [10.0, 10.0],
        "cpu_counts": True,
        "peak_mib": 400.0,
        "multiply_adds": 100,
        "retraining_multiply_adds": 1000,
    } | changes
    return RunCosts(
        **{name: np.array(v) if isinstance(v, list) else v for name, v in values.items()}
    )
