"""The description of a competition as the platform reads it: `competition.yaml`, version 2."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scorer.host.columns import COLUMNS

PAGES = {
    "Overview": "overview.md",
    "Data": "data.md",
    "Evaluation": "evaluation.md",
    "Rules": "rules.md",
}
TERMS = "pages/terms.md"
LOGO = "logo.png"
STARTING_KIT = "starting_kit.zip"
INGESTION, SCORING = "ingestion_program/", "scoring_program/"
INPUT_DATA, REFERENCE_DATA = "input_data/{}/", "reference_data/{}/"
SOLUTION = "solution/"

PUBLIC, FINAL = "public", "final"
PHASES = (PUBLIC, FINAL)

SUBMISSION_RULE = "Force_Last"
"""The last submission counts, so that to hand in often is no lottery."""

A_DAY, IN_ALL = 5, 100
GAP = datetime.timedelta(hours=1)
"""Between the phases, which must not touch."""


@dataclass(frozen=True)
class Schedule:
    """When the public phase begins and ends, and what a submission may take.

    Attributes:
        start: of the public phase.
        end: of it; the final one begins an hour later and has no end.
        time_limit_s: of each program.
    """

    start: datetime.datetime
    end: datetime.datetime
    time_limit_s: int


def competition(
    title: str, description: str, docker_image: str, schedule: Schedule, names: Sequence[str]
) -> dict[str, Any]:
    """Return the values of `competition.yaml`.

    Args:
        title: of the competition.
        description: one line.
        docker_image: that both programs run in.
        schedule: of the phases.
        names: of the tasks, public and final.
    """
    limits = {"execution_time_limit": schedule.time_limit_s, "starting_kit": STARTING_KIT}
    return {
        "version": 2,
        "title": title,
        "description": description,
        "image": LOGO,
        "terms": TERMS,
        "docker_image": docker_image,
        "registration_auto_approve": False,
        "enable_detailed_results": True,
        # Programs hold the secret that seeds come from and outcomes are sealed with.
        "make_programs_available": False,
        "make_input_data_available": False,
        "pages": [{"title": name, "file": f"pages/{file}"} for name, file in PAGES.items()],
        "tasks": [
            {
                "index": index,
                "name": name,
                "description": description,
                "input_data": INPUT_DATA.format(phase),
                "reference_data": REFERENCE_DATA.format(phase),
                "ingestion_program": INGESTION,
                "scoring_program": SCORING,
            }
            for index, (phase, name) in enumerate(zip(PHASES, names, strict=True))
        ],
        "solutions": [{"index": 0, "name": "fine-tuning", "path": SOLUTION, "tasks": [0, 1]}],
        "phases": [
            {
                "index": 0,
                "name": "Public board",
                "description": "on a split that everybody may study",
                "start": shown(schedule.start),
                "end": shown(schedule.end),
                "tasks": [0],
                "max_submissions_per_day": A_DAY,
                "max_submissions": IN_ALL,
                "hide_prediction_output": True,
                **limits,
            },
            {
                "index": 1,
                "name": "Final",
                "description": "the last submission of everybody, once, on another split",
                "start": shown(schedule.end + GAP),
                "tasks": [1],
                "auto_migrate_to_this_phase": True,
                "max_submissions_per_day": 1,
                "max_submissions": 1,
                "hide_prediction_output": True,
                **limits,
            },
        ],
        "leaderboards": [
            {
                "index": 0,
                "title": "Results",
                "key": "results",
                "submission_rule": SUBMISSION_RULE,
                "primary_index": 0,
                "columns": [{"index": place, **asdict(each)} for place, each in enumerate(COLUMNS)],
            }
        ],
    }


def shown(when: datetime.datetime) -> str:
    """Return a time as the platform takes it."""
    return when.strftime("%Y-%m-%d %H:%M:%S")
