"""A bank described as data sets are: Croissant 1.0, so that tools and search engines read it."""

from __future__ import annotations

from typing import Any

from scorer.bank.file import ACCURACIES, MODELS, About
from scorer.tasks.task import SETS

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
LICENCE = "https://www.apache.org/licenses/LICENSE-2.0"

TERMS = (
    *("citeAs", "column", "conformsTo", "data", "dataType", "dct", "equivalentProperty"),
    *("examples", "extract", "field", "fileProperty", "fileObject", "fileSet", "format"),
    *("includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet"),
    *("references", "regex", "repeated", "replace", "samplingRate", "sc", "separator", "source"),
    *("subField", "transform"),
)
"""Words of the vocabulary that a context has to spell out."""

ELSEWHERE = {
    "conformsTo": "dct:conformsTo",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
}


def croissant(about: About, file: str, sha256: str) -> dict[str, Any]:
    """Return the description of a bank.

    Args:
        about: what it is of.
        file: name of the bank's file, beside which the description lies.
        sha256: of the file.
    """
    counts = ", ".join(f"{n} of role {role}" for role, n in sorted(about.roles.items()))
    said = (
        f"Outputs of models of the machine-unlearning task {about.task}, split"
        f" {about.split_seed}, fingerprint {about.fingerprint}: {counts}. For every model and"
        " example the logit-scaled confidence of the true class and whether it was right; oracles"
        " and controls are retrained without the forget set. Engine"
        f" {about.engine_id}."
    )
    return {
        "@context": context(),
        "@type": "sc:Dataset",
        "name": f"unlearning-bank-{about.task}-{about.split_seed}",
        "description": said,
        "conformsTo": CONFORMS_TO,
        "license": LICENCE,
        "url": f"urn:sha256:{sha256}",
        "version": "1.0.0",
        "citeAs": f"Bank of oracles of {about.task}, SHA-256 {sha256}",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "bank",
                "name": file,
                "contentUrl": file,
                "encodingFormat": "application/zip",
                "sha256": sha256,
            },
            {
                "@type": "cr:FileObject",
                "@id": "accuracies",
                "name": ACCURACIES,
                "contentUrl": ACCURACIES,
                "containedIn": {"@id": "bank"},
                "encodingFormat": "text/csv",
                "sha256": about.members[ACCURACIES],
            },
            {
                "@type": "cr:FileSet",
                "@id": "models",
                "name": "models",
                "description": "arrays of one model: <output>_<set>, first axis the examples",
                "containedIn": {"@id": "bank"},
                "encodingFormat": "application/octet-stream",
                "includes": f"{MODELS}/*/*/*.safetensors",
            },
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "accuracy",
                "name": "accuracy",
                "description": "one line a model: its accuracy on every set",
                "field": [
                    _field("role", "sc:Text", "oracle, control or original"),
                    _field("index", "sc:Integer", "of the model within its role"),
                    *(
                        _field(f"{name}_accuracy", "sc:Float", f"share right on {name}, 0 to 1")
                        for name in SETS
                    ),
                ],
            }
        ],
    }


def context() -> dict[str, Any]:
    """Return what the words of the description mean."""
    words = {word: ELSEWHERE.get(word, f"cr:{word}") for word in TERMS}
    return {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        **words,
    }


def _field(column: str, kind: str, about: str) -> dict[str, Any]:
    """Return the description of one column of the accuracies."""
    return {
        "@type": "cr:Field",
        "@id": f"accuracy/{column}",
        "name": column,
        "description": about,
        "dataType": kind,
        "source": {"fileObject": {"@id": "accuracies"}, "extract": {"column": column}},
    }
