"""What a participant reads of a submission on the platform."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping

import numpy as np

from scorer.reports.material import Material
from scorer.reports.report import make_report
from scorer.results.leaderboard import build_leaderboard
from scorer.results.record import Record
from scorer.runner.faults import Fault
from scorer.shown import shown

MADE_BY = "scoring.py"

HIDDEN = "the forget set of this phase is hidden, and so is what single examples of it would tell"

NO_IMAGES = "pages of the platform show numbers, and no data"

WHOLE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }}
pre {{ overflow-x: auto; font: 0.875rem/1.35 ui-monospace, monospace; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""  # noqa: E501


def report_page(record: Record, arrays: Mapping[str, np.ndarray], is_hidden: bool) -> str:
    """Return the report of a score as `report` makes it, or what went wrong.

    Args:
        record: of the score, as participants may see it.
        arrays: that belong to it.
        is_hidden: whether the forget set is hidden from participants. Figures hold a number of
            the oracles for each example, in order, which whoever submits later could aim at: they
            are left out then, and the page says so.
    """
    if record.faults:
        return fault_page([Fault(**each) for each in record.faults], record.failure)
    (group,) = build_leaderboard([record]).groups
    if is_hidden:
        material = Material(record, group, problems={"arrays": HIDDEN})
    else:
        material = Material(record, group, arrays, problems={"pictures": NO_IMAGES})
    return make_report(material, MADE_BY).html


def fault_page(faults: Iterable[Fault], summary: str = "") -> str:
    """Return the page about a submission that could not be scored."""
    said = [f"<p><strong>{_text(summary)}</strong></p>"] if summary else []
    said += [f"<pre>{_text(fault.describe())}</pre>" for fault in faults]
    said.append("<p>There is no score, and nothing that could rank. Mend the file and hand it in "
                "again.</p>")  # fmt: skip
    return WHOLE.format(title="Not scored", body="\n".join(said))


def _text(text: str) -> str:
    """Return a text from anywhere as HTML that shows it and does nothing else."""
    return html.escape(shown(text))
