"""What files expect that were scripts or notebooks before they were submissions."""

from __future__ import annotations

import sys
import types


def be_a_script(path: str) -> None:
    """Let the command line be the file's own name alone: no argument of the kit is one of its own.

    Args:
        path: how its author names the file.
    """
    sys.argv[:] = [path]


def show_plain_bars() -> None:
    """Let the progress bars of notebooks be those of terminals: the others need a notebook."""
    try:
        import tqdm
    except ImportError:
        return  # named by the file itself, where it imports it
    plain = types.ModuleType("tqdm.notebook")
    bars = {"tqdm": tqdm.tqdm, "trange": tqdm.trange}
    plain.__dict__.update(bars, tqdm_notebook=tqdm.tqdm, tnrange=tqdm.trange)
    sys.modules["tqdm.notebook"] = tqdm.notebook = plain
