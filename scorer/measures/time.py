"""What a run takes, against one retraining by the kit's own loop in the same processes."""

from __future__ import annotations

from scorer.measures.base import Evidence, Measure, Measured, Measurement
from scorer.measures.costs import BY_THE_KIT

FIELDS = (
    "time_ratio",
    "time_ratio_se",
    "wall_ratio",
    "cpu_ratio",
    "elapsed_s",
    "cpu_s",
    "retraining_s",
    "retraining_cpu_s",
    "peak_mib",
)


def compute(evidence: Evidence) -> Measured:
    """Return mean times and their ratios; nothing where nothing was timed."""
    costs = evidence.costs
    if costs is None:
        return Measured(missing=dict.fromkeys(FIELDS, BY_THE_KIT))
    names = ("elapsed_s", "cpu_s", "retraining_s", "retraining_cpu_s")
    arrays = {name: getattr(costs, name) for name in names}
    if costs.why_untimed:
        return Measured(missing=dict.fromkeys(FIELDS, costs.why_untimed), arrays=arrays)
    ratio = costs.time_ratio()
    values = {
        **{name: float(taken.mean()) for name, taken in arrays.items()},
        "time_ratio": ratio.value,
        "time_ratio_se": ratio.error,
        "wall_ratio": costs.wall_ratio().value,
        "cpu_ratio": costs.cpu_ratio().value,
        "peak_mib": costs.peak_mib,
    }
    return Measured(values, arrays=arrays)


def _seconds(name: str, about: str) -> Measurement:
    """Return the entry of a mean time."""
    better = None if name.startswith("retraining") else False
    return Measurement(name, about, unit="s", higher_is_better=better, place=63)


MEASURE = Measure(
    name="time",
    summary="what a run takes, against a retraining by the kit's own loop",
    needs=frozenset(),
    compute=compute,
    measurements=(
        Measurement(
            "time_ratio",
            "time of a run over that of a retraining: the larger of `wall_ratio` and `cpu_ratio`,"
            " on a GPU `wall_ratio`",
            higher_is_better=False,
            ceiling=1.0,
            floor=0.0,
            score_line="time / retraining",
            column="time / retrain",
            digits=2,
            place=60,
        ),
        Measurement("time_ratio_se", "standard error of `time_ratio` over runs", place=60),
        Measurement(
            "wall_ratio",
            "mean wall time of a run over that of a retraining",
            higher_is_better=False,
            place=63,
        ),
        Measurement(
            "cpu_ratio",
            "mean processor time of a run, its threads and its children, over that of a retraining",
            higher_is_better=False,
            place=63,
        ),
        _seconds("elapsed_s", "mean wall time of a run, from when its process is ready"),
        _seconds("cpu_s", "mean processor time of a run, its threads and its children"),
        _seconds("retraining_s", "mean wall time of the kit's own retraining among the runs"),
        _seconds("retraining_cpu_s", "mean processor time of the kit's own retraining"),
        Measurement(
            "peak_mib",
            "largest memory of a process of the runs",
            unit="MiB",
            higher_is_better=False,
            place=63,
        ),
    ),
)
