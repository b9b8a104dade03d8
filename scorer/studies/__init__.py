"""The questions that the project grew from, each a command that computes, draws and answers.

One file a study: a module here that defines `STUDY`, see `scorer.registry`.
"""

from __future__ import annotations

from scorer.registry import Registry, value
from scorer.studies.base import Settings, Study
from scorer.studies.findings import Answer, Findings, Number

STUDIES = Registry("study", __name__, value(Study))

__all__ = ["STUDIES", "Answer", "Findings", "Number", "Settings", "Study"]
