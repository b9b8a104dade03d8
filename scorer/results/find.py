"""Which record is meant by what a user types."""

from __future__ import annotations

from pathlib import Path

from scorer.errors import UsageError, unknown_name
from scorer.results.record import Record, read_record, read_records


def find_record(result: str, task: str, results_dir: Path) -> tuple[Record, Path]:
    """Return a record and where its JSON lies; arrays and source lie beside it.

    Args:
        result: the path of a record, its id, or a method, of which the newest record is meant.
        task: name of the task whose results are looked through, where `result` is no path.
        results_dir: of all results.

    Raises:
        UsageError: there is no such record.
        ScorerError: it cannot be read.
    """
    path = Path(result)
    if path.suffix == ".json" or "/" in result:
        if not path.is_file():
            raise UsageError(
                f"no file {result!r}; RESULT is a method, the id of a record, or a file"
            )
        return read_record(path), path
    records = read_records(results_dir, task).records
    found = [one for one in records if result in (one.method, one.run_id)]
    if not found:
        raise unknown_name("result", result, {one.method for one in records})
    newest = max(found, key=lambda one: one.created_at)
    return newest, results_dir / newest.task / newest.method / f"{newest.run_id}.json"
