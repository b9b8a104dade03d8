"""What to mend: in which way the unlearned models differ from the oracles."""

from __future__ import annotations

from scorer.measures.base import Evidence, Measure, Measured, Measurement
from scorer.metric.diagnosis import diagnose


def compute(evidence: Evidence) -> Measured:
    """Return errors over the forget set; infinite ones become None, which the counts explain."""
    found = diagnose(evidence.confidence("unlearned"), evidence.confidence("oracle"))
    values = {
        "mean_bias": found.mean_error_bias,
        "mean_rms": found.mean_error_rms,
        "log_spread_bias": found.log_spread_error_bias,
        "log_spread_rms": found.log_spread_error_rms,
        "n_without_spread": found.n_collapsed,
        "n_oracles_without_spread": found.n_undefined,
        "n_undecided": evidence.quality("unlearned").attacks.count("none"),
    }
    return Measured({"diagnosis": values})


def _error(name: str, about: str, line: str, unit: str = "") -> Measurement:
    """Return the entry of an error."""
    return Measurement(
        f"diagnosis.{name}",
        about,
        unit=unit,
        higher_is_better=False if name.endswith("rms") else None,
        diagnosis_line=line,
        digits=2,
        place=110,
    )


def _count(name: str, line: str) -> Measurement:
    """Return the entry of a count of forget examples, shown where it is not 0."""
    return Measurement(
        f"diagnosis.{name}",
        line,
        unit="examples",
        higher_is_better=False,
        kind=int,
        diagnosis_line=line,
        digits=0,
        place=120,
        hidden_at_zero=True,
    )


MEASURE = Measure(
    name="diagnosis",
    summary="errors of the mean and of the spread over runs, against the oracles",
    needs=frozenset({"unlearned", "oracle"}),
    compute=compute,
    measurements=(
        _error(
            "mean_bias",
            "error of the mean confidence, averaged over examples; positive is too sure",
            "mean confidence, bias (oracle sd)",
            "oracle sd",
        ),
        _error(
            "mean_rms",
            "error of the mean confidence, root mean square over examples",
            "mean confidence, rms error (oracle sd)",
            "oracle sd",
        ),
        _error(
            "log_spread_bias",
            "error of the log of the spread over runs, averaged; negative is too much alike",
            "log spread over runs, bias",
        ),
        _error(
            "log_spread_rms",
            "error of the log of the spread over runs, root mean square over examples",
            "log spread over runs, rms error",
        ),
        _count("n_without_spread", "examples with the same output in every run"),
        _count("n_oracles_without_spread", "examples with the same output in every oracle"),
        _count("n_undecided", "examples without a valid attack, scored 0"),
    ),
)
