"""What a run takes, against a plain retraining in the same processes."""

from __future__ import annotations

import numpy as np

from scorer.measures.base import Evidence, Measure, Measured, Measurement

FIELDS = ("time_ratio", "time_ratio_se", "within_budget", "elapsed_s", "retraining_s", "peak_mib")


def compute(evidence: Evidence) -> Measured:
    """Return mean times and their ratio; nothing where nothing was timed."""
    times = evidence.times
    if times is None:
        return Measured(missing=dict.fromkeys(FIELDS, "made by the kit itself, nothing was timed"))
    arrays = {"elapsed_s": times.elapsed_s, "retraining_s": times.retraining_s}
    if not len(times.elapsed_s) or not len(times.retraining_s):
        what = "retraining" if len(times.elapsed_s) else "run"
        return Measured(missing=dict.fromkeys(FIELDS, f"no {what} ended well"), arrays=arrays)
    means = {name: float(taken.mean()) for name, taken in arrays.items()}
    ratio = means["elapsed_s"] / means["retraining_s"]
    relative = [
        one.std(ddof=1) / (len(one) ** 0.5 * one.mean()) for one in arrays.values() if len(one) > 1
    ]
    values = {
        **means,
        "time_ratio": ratio,
        "time_ratio_se": ratio * float(np.hypot.reduce(relative)),
        "within_budget": ratio <= evidence.budget,
        "peak_mib": times.peak_mib,
    }
    return Measured(values, arrays=arrays)


MEASURE = Measure(
    name="time",
    summary="what a run takes, against a plain retraining",
    needs=frozenset(),
    compute=compute,
    measurements=(
        Measurement(
            "time_ratio",
            "mean time of a run over that of a plain retraining",
            higher_is_better=False,
            ceiling=1.0,
            floor=0.0,
            within="within_budget",
            score_line="time / retraining",
            column="time / retrain",
            digits=2,
            place=60,
        ),
        Measurement("time_ratio_se", "standard error of `time_ratio` over runs", place=60),
        Measurement(
            "within_budget",
            "whether `time_ratio` is at most `budget`",
            higher_is_better=True,
            kind=bool,
            place=60,
        ),
        Measurement(
            "elapsed_s", "mean time in `unlearning()`", unit="s", higher_is_better=False, place=61
        ),
        Measurement(
            "retraining_s", "mean time of a plain retraining among the runs", unit="s", place=61
        ),
        Measurement(
            "peak_mib",
            "largest memory of a run's process",
            unit="MiB",
            higher_is_better=False,
            place=61,
        ),
    ),
)
