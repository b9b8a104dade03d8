"""Write the values that were found into the file that they were found for."""

from __future__ import annotations

from scorer.errors import UsageError
from scorer.runner.load import Submission
from scorer.tuning.constants import constants_of, encoding_of, text_of, with_values
from scorer.tuning.log import TuningLog
from scorer.tuning.verdict import verdict


def check_can_apply(submission: Submission) -> None:
    """Raise where values cannot be written into what a submission lies in.

    Raises:
        UsageError: it is a notebook or a folder, of which more is run than one text, or the file is
            no Python as it lies there: what is run was written anew.
    """
    if submission.path.suffix != ".py" or submission.path.is_dir():
        raise UsageError(
            f"--apply writes into a .py file, got {submission.shown_path}; leave it out, and write"
            " the values that are shown yourself"
        )
    text_of(submission.path.read_bytes(), submission.shown_file)


def apply_best(submission: Submission, log: TuningLog) -> bool:
    """Write the best trial's values into a submission's file where they gain; tell whether so.

    The file is read again, as another task may have changed values since. It keeps its encoding.

    Raises:
        UsageError: the file is no Python any more.
    """
    found, content = verdict(log), submission.path.read_bytes()
    source = text_of(content, submission.shown_file)
    text = with_values(source, constants_of(source), log.family, found.values)
    if not found.gains or text == source:
        return False
    submission.path.write_bytes(text.encode(encoding_of(content)))
    return True
