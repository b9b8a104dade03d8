"""Which data sets there are: every module of this package that defines `load(data_dir)`.

To add one, add a file. Its name is the data set's name; `load(data_dir: Path) -> RawData` is
required, `download(data_dir: Path) -> None`, `by_hand(data_dir: Path) -> str` (how to get it
without a network) and `extras(data_dir: Path) -> dict[str, str]` (what else is on disk, for
`python -m data_prep check`) are optional. Where it names `VARIANTS`,
such as the attributes that may be its label, each is a data set `NAME-VARIANT`, and `load` takes
the variant as its second argument. Where it has `draw(split_seed: int) -> RawData`, its examples
are simulated, and every split seed has its own; `load` returns those of split seed 0.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from data_prep.arrays import load_arrays
from data_prep.decoding import Progress, no_progress
from data_prep.elsewhere import has_arrays
from data_prep.own import is_folder, load_folder
from data_prep.raw import RawData
from scorer.errors import UsageError, unknown_name
from scorer.registry import Registry, same_name


def dataset(module: ModuleType) -> ModuleType | None:
    """Return the module where it is a data set's."""
    return module if hasattr(module, "load") else None


DATASETS = Registry("data set", "data_prep", dataset)


def variant_of(name: str) -> tuple[str, str] | None:
    """Return the data set and the variant that `NAME-VARIANT` means, None where it means none.

    Raises:
        UsageError: the data set has variants, and this is none of them.
    """
    for base, module in DATASETS.items():
        chosen, variants = name.removeprefix(f"{base}-"), getattr(module, "VARIANTS", ())
        if variants and chosen != name:
            for variant in variants:
                if same_name(variant.lower(), chosen.lower()):
                    return base, variant
            raise unknown_name(f"variant of {base}", chosen, variants)
    return None


def load_raw(
    name: str, data_dir: str | Path, progress: Progress = no_progress, *, split_seed: int = 0
) -> RawData:
    """Load a data set by name.

    Besides the data sets that have a module and their variants, any image set kept in the layout
    of `data_prep.arrays` loads under the name of its folder, and a folder of somebody's images,
    anywhere, under its path (see `data_prep.own`).

    Args:
        name: one of `DATASETS`, a variant of one, a folder in `data_dir`, or a path.
        data_dir: where data sets are kept; nothing is downloaded.
        progress: called with ("images", done, total) where images have to be decoded first.
        split_seed: of which split the examples are wanted; of simulated data each has its own.

    Raises:
        UsageError: no such name, or a folder does not hold images in a known layout.
        MissingData: its files are not in `data_dir`; the message says what to run.
        DamagedData: its files are there and fail verification.
    """
    folder = Path(data_dir)
    if name in DATASETS:
        module = DATASETS[name]
        raw: RawData = module.draw(split_seed) if hasattr(module, "draw") else module.load(folder)
        return raw
    variant = variant_of(name)
    if variant is not None:
        base, chosen = variant
        raw = DATASETS[base].load(folder, chosen)
        return raw
    # A plain folder name only: "../x" or "/x" would read outside the data directory.
    if name not in ("", ".", "..") and Path(name).name == name and has_arrays(name, folder):
        return load_arrays(name, folder)
    if is_folder(name):
        return load_folder(Path(name), folder, progress)
    raise UsageError(
        f"{unknown_name(DATASETS.kind, name, DATASETS)};"
        f" or keep one as arrays in {folder / 'NAME'} (layout: data_prep/arrays.py), or give the"
        " path of a folder of images"
    )
