"""The fields of a record: what identifies a score is typed here, what was measured follows.

From both come the type that files are held against and the schema that is published.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, NotRequired, TypedDict

import msgspec
from msgspec import Meta

from scorer.measures import fields
from scorer.measures.base import Measurement
from scorer.options import OWN_FORGET_SET
from scorer.results.markdown import markdown_table

SCHEMA_VERSION = 4


class FaultOfRun(TypedDict):
    """What went wrong in one run."""

    fault: str
    message: str
    trace: str
    run: int
    kind: NotRequired[str]


class AfterRequest(TypedDict):
    """What a stream had come to after one of its requests."""

    request: Annotated[int, Meta(description="which, counted from 1")]
    n_asked: Annotated[int, Meta(description="examples of this request")]
    n_requested: Annotated[int, Meta(description="examples of all requests so far")]
    fingerprint: Annotated[str, Meta(description="of the task to forget these and retain the rest")]
    bank_sha256: Annotated[str | None, Meta(description="of its retrained models")]
    measured: Annotated[dict[str, Any], Meta(description="the measurements, as in the record")]
    missing: Annotated[dict[str, str], Meta(description="measurement that is null -> why")]


LARGEST_COUNT = 2**53
"""Up to which JSON readers agree on integers."""

NAME = r"^(?!\.\.?$)[^/\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+$"
"""Names become files and are shown, so that they hold nothing that moves a path or a cursor."""


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What a record holds besides what was measured.

    A file without one of the fields that have no default here is no record: it could not be told
    what it is a score of, or whether it is one.
    """

    method: Annotated[str, Meta(pattern=NAME, description="name of the method")]
    method_path: Annotated[str | None, Meta(description="its file; empty for kit rows")] = None
    method_sha256: Annotated[
        str | None, Meta(description="of the file and what it imports of baselines; empty likewise")
    ] = None
    task: Annotated[str, Meta(pattern=NAME, description="name of the task")]
    forget: Annotated[
        str,
        Meta(
            pattern=NAME,
            description="what is forgotten: default for the task's own forget set, else as typed, a"
            " file by the SHA-256 of its indices",
        ),
    ] = OWN_FORGET_SET
    split_seed: Annotated[int | None, Meta(description="which split; 0 is the public one")] = None
    fingerprint: Annotated[str, Meta(description="SHA-256 of what decides how models come out")]
    engine_id: Annotated[str, Meta(description="how and where the models were trained")]
    pool_secret: Annotated[
        str | None, Meta(description="of the pool; with --secret the same models can be made again")
    ] = None
    runs_secret: Annotated[
        str | None,
        Meta(description="of the runs; with --runs-secret the same seeds; null for kit rows"),
    ] = None
    bank_sha256: Annotated[
        str | None, Meta(description="SHA-256 of the oracles' and controls' confidences on forget")
    ] = None
    n_models: Annotated[int, Meta(ge=2, description="N, of unlearned models and of oracles")]
    rule: Annotated[str, Meta(description="how epsilon becomes points")]
    delta: Annotated[float, Meta(ge=0, lt=1, description="of the rule")]
    design: Annotated[str, Meta(description="how originals and runs are paired")]
    scenario: Annotated[
        str,
        Meta(pattern=NAME, description="how requests came: standard, retain-free, streaming:K"),
    ]
    sandbox: Annotated[str | None, Meta(description="tier of isolation, none for kit rows")] = None
    budget: Annotated[float | None, Meta(description="share of a retraining a run may take")] = None
    faults: Annotated[
        list[FaultOfRun],
        Meta(description="of runs that failed, the audited one too; with any it is not ranked"),
    ]
    runs_not_made: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="how many of the N were not made, because the first one failed"),
    ] = None
    adapted: Annotated[
        list[str] | None, Meta(description="what was adapted of the file to run it, a line each")
    ] = None
    requests: Annotated[
        list[AfterRequest],
        Meta(description="the state after each request of a stream; the rest tells of the last"),
    ] = []
    provenance: Annotated[dict[str, Any], Meta(description="machine, versions, recipe, seeds")] = {}
    run_id: Annotated[str, Meta(pattern=NAME, description="name of the record's files")]
    created_at: Annotated[str, Meta(description="ISO 8601, UTC")]
    missing: Annotated[dict[str, str], Meta(description="field that is null -> why")] = {}
    schema_version: Annotated[int, Meta(description="of this schema")] = SCHEMA_VERSION


def record_type() -> type[msgspec.Struct]:
    """Return the type of a record's JSON: conditions, and a field for every measurement."""
    tree: dict[str, Any] = {}
    for path, entry in fields().items():
        *parents, leaf = path.split(".")
        node = tree
        for part in parents:
            node = node.setdefault(part, {})
        kind = Annotated[int, Meta(le=LARGEST_COUNT)] if entry.kind is int else entry.kind
        node[leaf] = Annotated[kind | None, Meta(**_said_of(entry))]
    return msgspec.defstruct(
        "Record",
        [(name, _json_type(name, node), None) for name, node in tree.items()],
        bases=(Conditions,),
        kw_only=True,
    )


def _json_type(name: str, node: Any) -> Any:
    """Return the type of a field that may be null; objects hold what lies below their path."""
    if not isinstance(node, dict):
        return node
    if "*" in node:
        return dict[str, _json_type(name, node["*"])] | None  # type: ignore[misc]
    parts = [(key, _json_type(key, part), None) for key, part in node.items()]
    return msgspec.defstruct(name, parts) | None


def _said_of(entry: Measurement) -> dict[str, Any]:
    """Return description, unit and direction as JSON schema takes them."""
    more = {"unit": entry.unit, "higher_is_better": entry.higher_is_better}
    kept = {key: value for key, value in more.items() if value not in ("", None)}
    return {"description": entry.about, "extra_json_schema": kept}


def schema_json() -> str:
    """Return the JSON schema of a record."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Record of a score, version {SCHEMA_VERSION}",
        **msgspec.json.schema(record_type()),
    }
    return json.dumps(schema, indent=1) + "\n"


def schema_markdown() -> str:
    """Return what every field is, as tables for people."""
    better = {True: "higher", False: "lower", None: ""}
    measured = (
        (f"`{path}`", entry.unit, better[entry.higher_is_better], entry.about)
        for path, entry in fields().items()
    )
    conditions = (
        (f"`{field.name}`", _description(field.type))
        for field in msgspec.structs.fields(Conditions)
    )
    version = SCHEMA_VERSION
    return f"""# What a record holds

Written by `python -m scorer readme`; `schema.json` beside it is the same for programs.
This is version {version}. Files of older versions are read too, and fields that the kit does not
know are kept. A number that is null has its reason under `missing`.

## Measurements

`a.b` is the field `b` of the object `a`; `a.*` stands for each of its keys.

{markdown_table(("field", "unit", "better", "about"), measured)}

## Conditions

{markdown_table(("field", "about"), conditions)}
"""


def _description(annotated: Any) -> str:
    """Return what an annotated type says of itself."""
    return " ".join(meta.description or "" for meta in annotated.__metadata__)
