"""Take the picture of a report that the documents show, in a real browser.

    python -m tests.reports.picture results/digits/METHOD/RUN.html docs/report.png

It is a short report: the head, the worst examples, what to mend.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.reports._browser import Browser, find_browser

WIDTH = 1160
COLOURS = 256
"""Enough for figures without photographs, at a third of the bytes."""

SHORTEN = """
for (const one of document.querySelectorAll(
  "nav, footer, details, section:not(#examples):not(#bias), #examples ul ~ *, .card:nth-child(n+4)"
)) one.remove();
"""


def take_picture(page: Path, out: Path) -> None:
    """Write a page, shortened, as a small PNG."""
    path = find_browser()
    if path is None:
        raise SystemExit("needs a Chromium, found none; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, Browser(path) as browser:
        whole = Path(folder) / "whole.png"
        browser.open(page.resolve(), width=WIDTH, is_dark=False)
        browser.run(SHORTEN)
        browser.picture(whole)
        Image.open(whole).convert("RGB").quantize(COLOURS).save(out, optimize=True)


if __name__ == "__main__":
    take_picture(Path(sys.argv[1]), Path(sys.argv[2]))
