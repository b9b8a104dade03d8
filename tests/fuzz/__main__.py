"""Fuzz the reader that is named first, guided by what its code does with the bytes.

The rest of the command line is libFuzzer's, such as `-max_total_time=600`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found]  # installed by hand: pip install atheris

with atheris.instrument_imports(include=["scorer", "data_prep"]):
    from tests.fuzz.readers import READERS

if __name__ == "__main__":
    reader = READERS[sys.argv.pop(1)]
    with tempfile.TemporaryDirectory() as corpus:
        Path(corpus, "good").write_bytes(reader.good())
        atheris.Setup([*sys.argv, corpus], lambda content: reader.try_on(content) and None)
        atheris.Fuzz()
