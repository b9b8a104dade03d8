"""What a participant reads of a submission on the platform."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from scorer.results.record import Record
from scorer.results.tables import plain_text, record_tables
from scorer.runner.faults import Fault
from scorer.shown import shown

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


def write_report(record: Record, arrays: Mapping[str, np.ndarray], path: Path) -> None:
    """Write the page about a score.

    Args:
        record: of the score.
        arrays: that were saved with it.
        path: of the page.
    """
    path.write_text(report_page(record, arrays))


def report_page(record: Record, arrays: Mapping[str, np.ndarray]) -> str:
    """Return the page about a score: its tables, or what went wrong."""
    del arrays
    if record.faults:
        return fault_page([Fault(**each) for each in record.faults], record.failure)
    texts = (plain_text(table) for table in record_tables(record))
    body = "\n".join(f"<pre>{_text(text)}</pre>" for text in texts)
    return WHOLE.format(title=_text(f"{record.method} on {record.task}"), body=body)


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
