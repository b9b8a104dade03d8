"""Write the values that were found into the file that they were found for."""

from __future__ import annotations

from scorer.runner.load import Submission
from scorer.tuning.constants import constants_of, with_values
from scorer.tuning.log import TuningLog
from scorer.tuning.verdict import verdict


def apply_best(submission: Submission, log: TuningLog) -> bool:
    """Write the best trial's values into a submission's file where they gain; tell whether so.

    The file is read again, as another task may have changed values since.
    """
    found = verdict(log)
    source = submission.path.read_text()
    text = with_values(source, constants_of(source), log.family, found.values)
    if not found.gains or text == source:
        return False
    submission.path.write_text(text)
    return True
