"""Which data sets there are: every module of this package that defines `load(data_dir)`.

To add one, add a file. Its name is the data set's name; `load(data_dir: Path) -> RawData` is
required, `download(data_dir: Path) -> None` and `extras(data_dir: Path) -> dict[str, str]`
(what else is on disk, for `python -m data_prep check`) are optional.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

import data_prep
from data_prep.arrays import has_arrays, load_arrays
from data_prep.raw import RawData


class UnknownDataset(ValueError):
    """No data set has that name."""


def dataset_modules() -> dict[str, ModuleType]:
    """Return the module of every data set, by name, sorted."""
    names = [info.name for info in pkgutil.iter_modules(data_prep.__path__)]
    modules = {
        name: importlib.import_module(f"data_prep.{name}")
        for name in sorted(names)
        if not name.startswith("_")
    }
    return {name: module for name, module in modules.items() if hasattr(module, "load")}


def dataset_names() -> list[str]:
    """Return the name of every data set, sorted."""
    return list(dataset_modules())


def load_raw(name: str, data_dir: str | Path) -> RawData:
    """Load a data set by name.

    Besides the data sets that have a module, any image set kept in the layout of
    `data_prep.arrays` loads under the name of its folder.

    Args:
        name: see `dataset_names`, or a folder in `data_dir`.
        data_dir: where data sets are kept; nothing is downloaded.

    Raises:
        UnknownDataset: no such name.
        MissingData: its files are not in `data_dir`; the message says what to run.
        DamagedData: its files are there and fail verification.
    """
    folder = Path(data_dir)
    modules = dataset_modules()
    if name in modules:
        raw: RawData = modules[name].load(folder)
        return raw
    # A plain folder name only: "../x" or "/x" would read outside the data directory.
    if name not in ("", ".", "..") and Path(name).name == name and has_arrays(name, folder):
        return load_arrays(name, folder)
    near = difflib.get_close_matches(name, modules, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise UnknownDataset(
        f"unknown data set {name!r}.{hint} Known: {', '.join(modules)}; "
        f"or keep one as arrays in {folder / 'NAME'} (layout: data_prep/arrays.py)"
    )
