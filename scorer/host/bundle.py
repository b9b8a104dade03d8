"""Make the whole bundle of a competition, aside, and rename it when it is complete and sound."""

from __future__ import annotations

import dataclasses
import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import yaml

from scorer.engines.base import Progress
from scorer.errors import ScorerError, UsageError
from scorer.files import disk_errors, temporary_folder
from scorer.host import competition as layout
from scorer.host.data import write_input_data, write_reference_data
from scorer.host.kit import copy_kit, requirements, write_starting_kit
from scorer.host.lint import lint
from scorer.host.logo import write_logo
from scorer.host.settings import FILE, MOST_SOURCE_BYTES, Settings, write_json
from scorer.machine import kit_version
from scorer.options import Options
from scorer.oracles.open import open_pool
from scorer.oracles.pool import Pool
from scorer.package.inline import inlined
from scorer.pipeline import score
from scorer.results.record import Record
from scorer.runner.designs import DESIGNS
from scorer.runner.folders import named_secret
from scorer.runner.load import BASELINES
from scorer.secret import PUBLIC_SECRET, derived_key, draw_secret

logger = logging.getLogger("scorer")

TEMPLATES = Path(__file__).parent / "templates"
SOLUTION = "finetune"
DAYS = 28

FINAL_SPLIT = "split of the final phase"
"""What the seed of the final split is derived for: whoever lacks the secret cannot draw it."""


@dataclass(frozen=True)
class Plan:
    """What a host may choose beside the options of scoring.

    Attributes:
        title: of the competition; None makes one of the task.
        docker_image: that both programs run in.
        start: of the public phase; None is today.
        end: of it; None is four weeks later.
        time_limit_s: of each program.
        final_split_seed: None draws one from the secret of the pool.
    """

    title: str | None = None
    docker_image: str | None = None
    start: datetime.datetime | None = None
    end: datetime.datetime | None = None
    time_limit_s: int = 600
    final_split_seed: int | None = None


@dataclass(frozen=True)
class Stage:
    """One phase: its pool, and what the untouched original scores there."""

    pool: Pool
    record: Record
    n_originals: int


def make_bundle(output: Path, options: Options, plan: Plan, progress: Progress) -> list[str]:
    """Write the bundle of a task; return what its linter says, nothing where it is sound.

    Args:
        output: folder, must not exist.
        options: everything that a user may choose.
        plan: of the competition.
        progress: called with (what, done, total).

    Raises:
        UsageError: the folder is there, the dates are in the wrong order, or the splits are one.
        ScorerError: a model cannot be trained, or the kit is not a checkout.
    """
    if output.exists():
        raise UsageError(f"--output must not exist yet, got {output}; name another folder")
    schedule = _schedule(plan)
    requirements()  # so that what is missing is known before hours of training
    public = _stage(options, progress)
    seed = plan.final_split_seed
    if seed is None:
        seed = int.from_bytes(derived_key(public.pool.secret, FINAL_SPLIT)[:4]) >> 1
    if seed == options.split_seed:
        raise UsageError(f"--final-split-seed must not be --split-seed, got {seed} for both")
    final = _stage(dataclasses.replace(options, split_seed=seed), progress)
    if PUBLIC_SECRET in (public.pool.secret, final.pool.secret):
        logger.warning("the secret is public: everybody can train these oracles, and knows seeds")
    settings = _settings(options, public.pool)
    with disk_errors(output.parent), temporary_folder(output.parent, "bundle") as aside:
        folder = aside / "bundle"
        folder.mkdir()
        _write(folder, settings, plan, schedule, {layout.PUBLIC: public, layout.FINAL: final})
        problems = lint(folder)
        folder.rename(output)
    return problems


def _stage(options: Options, progress: Progress) -> Stage:
    """Train the models of a phase, and score the untouched original there."""
    (floor,) = score(["original"], options, progress)
    pool, _ = open_pool(options, progress)
    n_originals = len(set(DESIGNS[options.design].originals(options.n_models)))
    return Stage(pool, floor.record, n_originals)


def _settings(options: Options, pool: Pool) -> Settings:
    """Return what both programs are told."""
    return Settings(
        n_models=options.n_models,
        rule=options.rule,
        design=options.design,
        budget=options.budget,
        timeout_s=options.timeout_s,
        sandbox=options.sandbox,
        device=pool.device,
        runs_secret=named_secret(options) or draw_secret(),
        most_source_bytes=MOST_SOURCE_BYTES,
        kit=kit_version(),
    )


def _schedule(plan: Plan) -> layout.Schedule:
    """Return the dates of the phases.

    Raises:
        UsageError: they are in the wrong order.
    """
    today = datetime.datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
    start = plan.start or today
    end = plan.end or start + datetime.timedelta(days=DAYS)
    if not start < end:
        raise UsageError(f"--end must be after --start, {start:%Y-%m-%d}, got {end:%Y-%m-%d}")
    return layout.Schedule(start, end, plan.time_limit_s)


def _write(
    folder: Path,
    settings: Settings,
    plan: Plan,
    schedule: layout.Schedule,
    stages: dict[str, Stage],
) -> None:
    """Write everything that a bundle has."""
    facts = _facts(settings, plan, schedule, stages[layout.PUBLIC])
    for phase, stage in stages.items():
        n, is_hidden = stage.n_originals, phase == layout.FINAL
        write_input_data(folder / layout.INPUT_DATA.format(phase), stage.pool, n, is_hidden)
        own = folder / layout.REFERENCE_DATA.format(phase)
        write_reference_data(own, stage.pool, settings.n_models, n, is_hidden)
    for program, script in ((layout.INGESTION, "ingestion"), (layout.SCORING, "scoring")):
        own = folder / program
        copy_kit(own / "kit")
        write_json(settings, own / FILE)
        for name in ("metadata.yaml", f"{script}.py"):
            template = f"{script}.{name}" if name == "metadata.yaml" else name
            (own / name).write_text((TEMPLATES / f"{template}.txt").read_text())
    (folder / "pages").mkdir()
    for page in (*layout.PAGES.values(), Path(layout.TERMS).name):
        (folder / "pages" / page).write_text(_filled(f"pages/{page}", facts))
    write_logo(folder / layout.LOGO)
    _write_solution(folder / layout.SOLUTION)
    write_starting_kit(folder / layout.STARTING_KIT, _filled("starting_kit.md", facts))
    docker = folder / "docker"
    docker.mkdir()
    (docker / "Dockerfile").write_text(_filled("Dockerfile", facts))
    pins = (f"{name}=={release}\n" for name, release in requirements().items())
    (docker / "requirements.txt").write_text("".join(pins))
    (folder / "README.md").write_text(_filled("host.md", facts))
    names = [f"{stage.pool.task.name}, {phase} split" for phase, stage in stages.items()]
    values = layout.competition(
        facts["title"], facts["description"], facts["docker_image"], schedule, names
    )
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)
    (folder / "competition.yaml").write_text(text)


def _write_solution(folder: Path) -> None:
    """Write a submission that works, as the file that a participant would hand in."""
    folder.mkdir()
    path = BASELINES / f"{SOLUTION}.py"
    content = inlined(path.read_bytes(), str(path), BASELINES, kit_version())
    (folder / f"{SOLUTION}.py").write_bytes(content)


def _facts(
    settings: Settings, plan: Plan, schedule: layout.Schedule, stage: Stage
) -> dict[str, str]:
    """Return what pages are filled with."""
    task, record = stage.pool.task, stage.record
    sizes = {name: str(len(task.indices(name))) for name in ("retain", "forget", "val")}
    data = f"python -m data_prep download {task.raw.name}"
    values: dict[str, Any] = {
        "title": plan.title or f"Machine unlearning on {task.name}",
        "description": f"Make a network forget: {task.definition.summary}",
        "docker_image": plan.docker_image or f"unlearning-scorer:{settings.kit}",
        "task": task.name,
        "summary": task.definition.summary,
        "source": task.raw.source,
        "fetch": "It comes with the starting kit's packages." if task.raw.name == "digits"
        else f"Fetch it with `{data}`.",
        **sizes,
        "shape": " x ".join(map(str, task.raw.images.shape[1:])),
        "n_classes": task.n_classes,
        "architecture": task.definition.recipe.architecture,
        "epochs": task.definition.recipe.epochs,
        "n_models": settings.n_models,
        "rule": settings.rule,
        "delta": f"{record.delta:g}",
        "design": settings.design,
        "budget_percent": f"{100 * settings.budget:g}",
        "timeout_s": f"{settings.timeout_s or task.definition.timeout_s:g}",
        "time_limit_s": schedule.time_limit_s,
        "ceiling": _number(record.ceiling),
        "ceiling_final_score": _number(record.ceiling_final_score),
        "floor": _number(record.forgetting_quality),
        "floor_relative": _number(record.relative_score),
        "most_kib": settings.most_source_bytes // 1024,
        "kit": settings.kit,
        "start": layout.shown(schedule.start),
        "end": layout.shown(schedule.end),
        "per_day": layout.A_DAY,
        "in_all": layout.IN_ALL,
    }  # fmt: skip
    return {name: str(value) for name, value in values.items()}


def _number(value: float | None) -> str:
    """Return a number for a page."""
    return "not known" if value is None else f"{value:.3f}"


def _filled(template: str, facts: dict[str, str]) -> str:
    """Return a template with its names replaced.

    Raises:
        ScorerError: it has a name that nobody fills.
    """
    path = TEMPLATES / f"{template}.txt"
    fill: Callable[..., str] = Template(path.read_text()).substitute
    try:
        return fill(facts)
    except (KeyError, ValueError) as error:
        raise ScorerError(f"{path} must name facts alone, got {error}") from error
