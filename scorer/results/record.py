"""One score as it is kept: a JSON of numbers with their provenance, and an NPZ to rescore from."""

from __future__ import annotations

import datetime
import io
import json
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from scorer.errors import ScorerError
from scorer.files import Damaged, DiskError, read_regular, written_folder
from scorer.measures import fields
from scorer.measures.base import Measured
from scorer.results.arrays import damaged, is_zip, read_npz
from scorer.results.board_names import board_name
from scorer.results.failures import describe_faults
from scorer.results.migrations import migrate
from scorer.results.schema import Conditions, record_type

IDENTITY = (
    "task", "forget", "fingerprint", "engine_id", "bank_sha256", "n_models", "rule", "delta",
    "design", "scenario",
)  # fmt: skip
"""Two scores whose values differ in any of these are never ranked together."""

MOST_BYTES = 256 * 2**20
"""Of the JSON of a record."""

STUDIES_FOLDER, TUNING_FOLDER = "studies", "tuning"
"""Folders of the results where studies lie and logs of tuning, which are no records."""

NOT_IN_FILE = "not in the file"
NO_REASON = "no reason was kept"


class Record(Conditions, frozen=True, kw_only=True):
    """A score, or the faults that there was none for.

    What was measured is read as attributes too: `record.final_score`. `docs/schema.md` lists all.

    Attributes:
        measured: value of every field of the measures, None where `missing` says why.
        unknown: fields of its file that no measure here has; they are written back as they are.
    """

    measured: dict[str, Any]
    unknown: dict[str, Any] = msgspec.field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        """Return what was measured under a name."""
        try:
            return self.measured[name]
        except KeyError:
            raise AttributeError(f"a record has no {name!r}; see docs/schema.md") from None

    @property
    def identity(self) -> dict[str, Any]:
        """Return what has to be equal for two scores to be comparable."""
        return {name: getattr(self, name) for name in IDENTITY}

    @property
    def board(self) -> str:
        """Return the name of what it is a score of."""
        return board_name(self.identity)

    @property
    def group(self) -> tuple[Any, ...]:
        """Return what is equal for the records that may stand on one board.

        That is their identity; of those older than `bank_sha256`, of whose oracles nothing is
        known but the secret that they were made from, that secret too.
        """
        unknown_bank = self.pool_secret if self.bank_sha256 is None else None
        return (*self.identity.values(), unknown_bank)

    @property
    def is_reference(self) -> bool:
        """Return whether the kit made the models itself: no submission, whatever its name."""
        return self.method_sha256 == ""

    @property
    def is_baseline(self) -> bool:
        """Return whether it is of a file of `baselines/`, and not of another with its name."""
        return (self.method_path or "").startswith("baselines/")

    @property
    def failure(self) -> str:
        """Return what failed in one line, empty where nothing did."""
        return describe_faults(self.faults, self.n_models, self.runs_not_made)

    def why_missing(self, path: str) -> str | None:
        """Return why a number is None: for itself, or for the object that it is a part of."""
        parts = path.split(".")
        above = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
        return next((self.missing[name] for name in above if name in self.missing), None)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values: one flat object, the long provenance last."""
        values = msgspec.structs.asdict(self)
        measured, unknown, provenance = map(values.pop, ("measured", "unknown", "provenance"))
        return {**values, **measured, **unknown, "provenance": provenance}


def new_record(*, measured: Measured, **conditions: Any) -> Record:
    """Return the record of a score that was made now.

    Args:
        measured: what `scorer.measures.measure` gave. Where runs failed, that is the reason for
            whatever is missing.
        conditions: the fields of `Conditions` without `run_id`, `created_at` and `missing`.

    Raises:
        TypeError: a condition is not known.
        msgspec.ValidationError: one is missing or of another type.
    """
    now = datetime.datetime.now(datetime.UTC)
    failure = describe_faults(
        conditions["faults"], conditions["n_models"], conditions.get("runs_not_made")
    )
    record = Record(
        **conditions,
        run_id=f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}",
        created_at=now.isoformat(timespec="microseconds"),
        missing=dict.fromkeys(measured.missing, failure) if failure else measured.missing,
        measured=measured.values,
    )
    msgspec.convert(record.as_dict(), record_type())
    return record


def parse_record(values: Any, where: Path, kind: type[msgspec.Struct]) -> Record:
    """Return the record that JSON values of any schema up to the present one hold.

    Fields that are not known are kept. A number that is missing is None, with a reason.

    Args:
        values: of one JSON.
        where: the file, for messages.
        kind: `record_type()`, made once for many files.

    Raises:
        ScorerError: not a record, of an unknown schema, or with a field of another type.
    """
    if isinstance(values, dict):
        values = migrate(values, where)
    try:
        msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise ScorerError(f"{where} must be a record of a score: {error}") from error
    missing = dict(values.get("missing", {}))
    failure = describe_faults(values["faults"], values["n_models"], values.get("runs_not_made"))
    reason = failure or NO_REASON
    for path in fields():
        _explain(values, path.split("."), missing, reason)
    known = set(Conditions.__struct_fields__)
    missing |= dict.fromkeys(sorted(known - values.keys() - {"missing"}), NOT_IN_FILE)
    own = {name: values.pop(name) for name in known & values.keys()}
    measured = {name: values.pop(name) for name in kind.__struct_fields__ if name in values}
    return Record(**{**own, "missing": missing}, measured=measured, unknown=values)


def _explain(
    node: dict[str, Any],
    path: Sequence[str],
    missing: dict[str, str],
    reason: str,
    before: str = "",
) -> None:
    """Set what is missing along a path to None, and say why unless that is known."""
    head, *rest = path
    for key in list(node) if head == "*" else [head]:
        if node.get(key) is None:
            missing.setdefault(before + key, reason if key in node else NOT_IN_FILE)
            node[key] = None
        elif rest:
            _explain(node[key], rest, missing, reason, f"{before}{key}.")


def save_record(
    record: Record,
    arrays: Mapping[str, np.ndarray],
    source: bytes | None,
    results_dir: Path,
    others: Mapping[str, bytes] | None = None,
) -> Path:
    """Write JSON, NPZ and a copy of the submission; return the JSON's path.

    All are written aside and renamed, the JSON last, so that a record on disk is a whole one.

    Args:
        record: of the score.
        arrays: to compute it again from.
        source: of the submission, None for a row that the kit makes itself.
        results_dir: where records go.
        others: files of the submission besides, by path; they go into one ZIP.

    Raises:
        ValueError: a number is not finite.
        DiskError: the disk is full or not writable; no part of the record remains.
    """
    text = json.dumps(record.as_dict(), indent=1, allow_nan=False)
    folder = results_dir / record.task / record.method
    packed = io.BytesIO()
    np.savez_compressed(packed, **dict(arrays))  # type: ignore[arg-type]
    copied = packed_files(others) if others else None
    endings = {".npz": packed.getvalue(), ".zip": copied, ".py": source}
    endings[".json"] = text.encode() + b"\n"
    files = {f"{record.run_id}{end}": it for end, it in endings.items() if it is not None}
    with written_folder(folder, "record", files) as aside:
        for name in files:
            (aside / name).replace(folder / name)
    return folder / f"{record.run_id}.json"


def packed_files(files: Mapping[str, bytes]) -> bytes:
    """Return files as a ZIP, the same for the same files.

    Args:
        files: content by path; ".." at its beginning is a folder called "above" there.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            name = path.replace("../", "above/", 1) if path.startswith("../") else path
            archive.writestr(zipfile.ZipInfo(name), files[path], zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def read_record(path: Path, kind: type[msgspec.Struct] | None = None) -> Record:
    """Return the record in a JSON file.

    Raises:
        ScorerError: it cannot be read, or is not a record; see `parse_record`.
    """
    try:
        values = msgspec.json.decode(read_regular(path, MOST_BYTES))
    except (Damaged, DiskError) as error:
        raise ScorerError(f"{path} cannot be read: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ScorerError(f"{path} is not JSON: {error}") from error
    return parse_record(values, path, kind or record_type())


@dataclass(frozen=True)
class Problem:
    """What is wrong with a file of results.

    Attributes:
        path: of the file.
        message: names the file, what is wrong, and what to do.
    """

    path: Path
    message: str

    def as_dict(self) -> dict[str, str]:
        """Return JSON values."""
        return {"path": str(self.path), "message": self.message}


@dataclass(frozen=True)
class Results:
    """The records below a folder, and what is wrong with the other files there.

    Attributes:
        records: oldest first within a method.
        problems: of files that are no records, and of records whose arrays are missing.
    """

    records: list[Record]
    problems: list[Problem]

    @property
    def left_out(self) -> dict[str, list[str]]:
        """Return the fields that are not known here, kept and shown nowhere, by the record."""
        return {one.run_id: sorted(one.unknown) for one in self.records if one.unknown}

    def __iter__(self) -> Iterator[Record]:
        """Iterate over the records."""
        return iter(self.records)


def read_records(results_dir: Path, task: str | None = None) -> Results:
    """Return every record below a folder; a bad file stops nothing, it is a problem beside them.

    Args:
        results_dir: may be missing.
        task: only this task's.
    """
    kind = record_type()
    found = Results([], [])
    for path in sorted(results_dir.glob(f"{task or '*'}/*/*.json")):
        if path.relative_to(results_dir).parts[0] in (STUDIES_FOLDER, TUNING_FOLDER):
            continue
        try:
            record = read_record(path, kind)
        except ScorerError as error:
            found.problems.append(Problem(path, str(error)))
            continue
        found.records.append(record)
        arrays = arrays_path(record, results_dir)
        if not is_zip(arrays):
            found.problems.append(Problem(arrays, damaged(arrays, "cut short or not there")))
    return found


def arrays_path(record: Record, results_dir: Path) -> Path:
    """Return where the arrays of a record are."""
    return results_dir / record.task / record.method / f"{record.run_id}.npz"


def read_arrays(record: Record, results_dir: Path) -> dict[str, np.ndarray]:
    """Return the arrays that were saved with a record.

    Raises:
        ScorerError: they are missing or damaged.
    """
    return read_npz(arrays_path(record, results_dir))
