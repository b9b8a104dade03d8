"""The second program of a bundle: evaluate what the runs left, and score it as `score` does."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from scorer.bank.file import BankFile
from scorer.bank.install import install
from scorer.checkpoints.evaluation import evaluated
from scorer.engines import make_engine
from scorer.engines.base import Progress
from scorer.errors import ScorerError
from scorer.host import outcome
from scorer.host.columns import FAULTS, scores_of
from scorer.host.data import BANK, read_task
from scorer.host.page import fault_page, report_page
from scorer.host.settings import Settings, read_phase, read_settings
from scorer.measures import measure
from scorer.pipeline import gather, make_record, provenance
from scorer.results.record import Record
from scorer.runner.adapt import Code
from scorer.runner.faults import Fault
from scorer.runner.folders import RunsFolder
from scorer.runner.load import Submission
from scorer.runner.run import RunResults, read_results
from scorer.steps import only_step

NOT_TOLD = "not told"

SCORES, PAGE = "scores.json", "detailed_results.html"


@dataclass(frozen=True)
class Verdict:
    """What the platform shows of a submission.

    Attributes:
        scores: by the key of their column.
        page: HTML.
        faults: what went wrong; with any there is no number that could rank.
    """

    scores: dict[str, float]
    page: str
    faults: list[Fault] = field(default_factory=list)

    def write(self, output: Path) -> None:
        """Write what the platform reads."""
        (output / PAGE).write_text(self.page)
        (output / SCORES).write_text(json.dumps(self.scores, allow_nan=False) + "\n")


def judge(result: Path, reference: Path, program: Path, progress: Progress) -> Verdict:
    """Score what the runs of a submission left.

    Args:
        result: what the first program wrote.
        reference: data of the phase that only scoring sees.
        program: folder of the settings.
        progress: called with (what, done, total).

    Raises:
        ScorerError: the kit or the machine failed, or the first program did.
    """
    settings, phase = read_settings(program), read_phase(reference)
    try:
        facts = outcome.read(result, settings.runs_secret)
        if "fault" in facts:
            return failed(Fault(**facts["fault"]))
        record, arrays = _score(result, reference, settings, facts, progress)
    except outcome.Forged as error:
        what = "what the runs left was changed before it was scored; is the submission a program"
        return failed(Fault("tampered", f"{what} of its own beside the kit's? {error}"))
    if phase.is_hidden:
        record = without_split(record)
    faults = [Fault(**each) for each in record.faults]
    page = report_page(record, arrays, phase.is_hidden)
    return Verdict(scores_of(record), page, faults)


def failed(fault: Fault) -> Verdict:
    """Return the verdict about what could not even be run."""
    return Verdict({FAULTS: 1.0}, fault_page([fault]), [fault])


def _score(
    result: Path,
    reference: Path,
    settings: Settings,
    facts: Mapping[str, Any],
    progress: Progress,
) -> tuple[Record, Mapping[str, np.ndarray]]:
    """Return the record of the runs without its secrets, and its arrays."""
    options = settings.options()
    told = facts["submission"]
    path, code = Path(f"{told['name']}.py"), Code.of_bytes(told["code"].encode())
    submission = Submission(name=told["name"], path=path, code=code, sha256=told["sha256"])
    folder = outcome.runs_folder(result, settings.runs_secret, facts)
    runs = _read_runs(submission, folder, settings.n_models)
    pool, _ = install(BankFile(reference / BANK), read_task(reference), options.cache_dir)
    engine = make_engine(options.engine, options.workers)
    step = only_step([submission], pool, engine, options, progress)
    if runs.bank is not None:
        states = {"runs": str(folder.root), "secret": folder.secret, "models": folder.models}
        bank, faults = evaluated(
            states, submission.sha256, settings.n_models, pool, engine, progress
        )
        runs = dataclasses.replace(runs, bank=bank, faults=[*runs.faults, *faults])
    evidence = gather(submission, runs, step, options)
    about = {**provenance(pool, engine, options), "ran_on": facts["about"]}
    measured = measure(evidence)
    record = make_record(submission, runs, measured, evidence.banks, pool, options, about, [])
    return public(record, facts), measured.arrays


def _read_runs(submission: Submission, folder: RunsFolder, n_models: int) -> RunResults:
    """Return the outcomes of the runs, every file of them held against its seal.

    Raises:
        Forged: some are not there, or not as the first program left them.
    """
    try:
        runs = read_results(submission, folder, folder, n_models)
        if runs.bank is not None:
            for index in range(n_models):
                folder.store("run").check(index)
    except ScorerError as error:
        raise outcome.Forged(str(error)) from error
    return runs


def public(record: Record, facts: Mapping[str, Any]) -> Record:
    """Return a record as participants may see it: without secrets and seeds."""
    return msgspec.structs.replace(
        record,
        pool_secret=None,
        runs_secret=None,
        sandbox=facts["about"]["sandbox"],
        provenance={**record.provenance, "seeds": []},
    )


def without_split(record: Record) -> Record:
    """Return a record that does not tell which examples are forgotten.

    The seed of the split names them, and whoever tries seeds knows by the fingerprint when it is
    the one.
    """
    return msgspec.structs.replace(record, split_seed=None, fingerprint=NOT_TOLD)
