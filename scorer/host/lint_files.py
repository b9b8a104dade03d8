"""Files and folders that a competition names: there, not empty, and named as they must be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from scorer.errors import ScorerError
from scorer.host.settings import FILE, read_settings

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif")

DATA = ("input_data", "reference_data")
PROGRAMS = ("ingestion_program", "scoring_program")


def file_problems(values: dict[str, Any], bundle: Path) -> Iterator[str]:
    """Yield what is wrong with pages, terms, picture, starting kit and solutions."""
    for name in ("title", "docker_image"):
        if not values.get(name):
            yield f"{name} must be set; without it the platform takes a default of its own"
    image = values.get("image")
    if not image:
        yield "image must name a picture, got none: the bundle would be refused"
    else:
        yield from _needs_content(bundle, "image", image)
        if not str(image).lower().endswith(IMAGE_ENDINGS):
            yield f"image must be a picture, got {image!r}"
    pages = values.get("pages") or []
    if not pages:
        yield "pages must hold at least one page, got none"
    for page in pages:
        if not page.get("title"):
            yield f"a page must have a title, got {page!r}"
        yield from _needs_content(bundle, f"page {page.get('title')!r}", page.get("file"))
    if not values.get("terms"):
        yield "terms must name a page, got none: the bundle would be refused"
    else:
        yield from _needs_content(bundle, "terms", values["terms"])
    for solution in values.get("solutions") or []:
        yield from _needs_path(bundle, "a solution", solution.get("path"))
        if "index" not in solution or not solution.get("tasks"):
            yield "a solution must have an index and the tasks that it solves"


def program_problems(values: dict[str, Any], bundle: Path) -> Iterator[str]:
    """Yield what is wrong with tasks: their data, their programs, and what must stay hidden."""
    tasks = values.get("tasks") or []
    if not tasks:
        yield "tasks must hold at least one task, got none"
    indices = [task.get("index") for task in tasks]
    if None in indices or len(set(indices)) != len(indices):
        yield f"every task must have an index of its own, got {indices}"
    for task in tasks:
        which = f"task {task.get('index')}"
        for kind in (*DATA, *PROGRAMS):
            if kind not in task:
                yield f"{which} must have {kind}, got none"
                continue
            yield from _needs_path(bundle, f"{kind} of {which}", task[kind])
        for kind in PROGRAMS:
            folder = bundle / str(task.get(kind, ""))
            if kind in task and folder.is_dir():
                yield from _metadata(folder, f"{kind} of {which}")
    if not values.get("enable_detailed_results"):
        yield "enable_detailed_results must be true: faults and reports would be shown to nobody"
    if values.get("make_programs_available"):
        yield "make_programs_available must be false: programs hold the secret of seeds and seals"
    yield from _secrets(tasks, bundle)


def _metadata(folder: Path, what: str) -> Iterator[str]:
    """Yield what is wrong with the file that says how a program is started."""
    path = folder / "metadata.yaml"
    try:
        said = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        yield f"{what} must hold metadata.yaml, got none"
        return
    except yaml.YAMLError:
        said = None
    command = said.get("command") if isinstance(said, dict) else None
    if not command:
        yield f"metadata.yaml of {what} must have a command, got none"
        return
    for word in str(command).split():
        if word.startswith("/app/program/") and not (folder / Path(word).name).is_file():
            yield f"the command of {what} must name a file of it, got {word}"


def _secrets(tasks: list[dict[str, Any]], bundle: Path) -> Iterator[str]:
    """Yield where the secret lies in a place that participants may come to see."""
    try:
        settings = [
            read_settings(bundle / task[kind])
            for task in tasks
            for kind in PROGRAMS
            if kind in task
        ]
    except ScorerError as error:
        yield f"both programs must hold {FILE} as `host` writes it: {error}"
        return
    if any(each != settings[0] for each in settings):
        yield f"{FILE} must be the same in both programs, got two: outcomes could not be read"
    secrets = {each.runs_secret.encode() for each in settings}
    open_to_all = [bundle / task["input_data"] for task in tasks if "input_data" in task]
    open_to_all += [bundle / "pages", bundle / "solution"]
    for folder in open_to_all:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            if any(secret in path.read_bytes() for secret in secrets):
                yield f"{path.relative_to(bundle)} must not hold the secret of the programs"


def _needs_content(bundle: Path, what: str, file: Any) -> Iterator[str]:
    """Yield where a file that is named is not there or empty."""
    path = bundle / str(file or "")
    if not file or not path.is_file():
        yield f"{what} must name a file of the bundle, got {file!r}"
    elif not path.read_bytes().strip():
        yield f"{what} must not be empty, got {file!r}: the bundle would be refused"


def _needs_path(bundle: Path, what: str, named: Any) -> Iterator[str]:
    """Yield where a file or folder that is named is not there, or a folder lacks its slash."""
    path = bundle / str(named or "")
    if not named or not path.exists():
        yield f"{what} must name a file or folder of the bundle, got {named!r}"
    elif path.is_dir() and not str(named).endswith("/"):
        yield f"{what} must end in '/', got {named!r}: the folder would be zipped beside the bundle"
    elif path.is_dir() and not any(path.iterdir()):
        yield f"{what} must not be empty, got {named!r}"
