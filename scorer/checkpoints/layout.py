"""The layout of the 2023 challenge: a zip of N state dicts, `unlearned_checkpoint_<i>.pth`."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from scorer.errors import ZIP_DAMAGE, UsageError

NAME = re.compile(r"unlearned_checkpoint_(0|[1-9][0-9]{0,5})\.pth")

MOST_SHOWN = 3
"""Names that a message holds."""


def checkpoint_name(index: int) -> str:
    """Return what the checkpoint of a run is called, counted from 0."""
    return f"unlearned_checkpoint_{index}.pth"


def checkpoints_in(path: Path, n_models: int) -> list[str]:
    """Return the names of the members that hold the N checkpoints, in the order of the runs.

    They may all lie in one folder, as they do where somebody zipped a folder by its path; what
    systems add by themselves (`__MACOSX/`, `.DS_Store`) is passed over.

    Raises:
        UsageError: it is no zip, holds something else, or not the N checkpoints from 0 to N - 1.
    """
    try:
        with zipfile.ZipFile(path) as opened:
            names = [each.filename for each in opened.infolist() if not each.is_dir()]
    except ZIP_DAMAGE as error:
        raise UsageError(f"{path} must be a zip of checkpoints, cannot be read: {error}") from error
    own = [name for name in names if not is_of_a_system(name)]
    found: dict[int, str] = {}
    for name in own:
        matched = NAME.fullmatch(PurePosixPath(name).name)
        if matched is None:
            raise UsageError(
                f"{path} must hold {checkpoint_name(0)} to {checkpoint_name(n_models - 1)} and"
                f" nothing else, got {name[:100]!r}"
            )
        index = int(matched[1])
        if index in found:
            raise UsageError(f"{path} must hold each checkpoint once, got {name!r} twice")
        found[index] = name
    folders = {str(PurePosixPath(name).parent) for name in own}
    if len(folders) > 1:
        raise UsageError(
            f"{path} must have all checkpoints in one folder, got {_some(sorted(folders))}"
        )
    missing = sorted(set(range(n_models)) - found.keys())
    extra = sorted(found.keys() - set(range(n_models)))
    if missing or extra:
        what = [f"lacks {_some([checkpoint_name(i) for i in missing])}"] if missing else []
        what += [f"has {_some([checkpoint_name(i) for i in extra])} too"] if extra else []
        # As many as there are can be scored, where they are the first ones.
        is_row = bool(found) and max(found) + 1 == len(found) > 1
        hint = f"; --n-models {len(found)} scores those" if is_row else ""
        raise UsageError(
            f"{path} must hold exactly N={n_models} checkpoints, got {len(found)}: it"
            f" {' and '.join(what)}{hint}"
        )
    return [found[index] for index in range(n_models)]


def is_of_a_system(name: str) -> bool:
    """Tell whether a member of a zip is what a file manager adds to folders unasked."""
    parts = PurePosixPath(name).parts
    return bool(parts) and (parts[0] == "__MACOSX" or parts[-1] in (".DS_Store", "Thumbs.db"))


def read_member(path: Path, name: str, most_bytes: int) -> bytes | None:
    """Return the bytes of a member of a zip, None where there are more than `most_bytes`.

    What the zip says of its size is not believed.

    Raises:
        UsageError: the zip cannot be read there.
    """
    try:
        with zipfile.ZipFile(path) as opened, opened.open(name) as member:
            content = member.read(most_bytes + 1)
    except ZIP_DAMAGE as error:
        raise UsageError(f"{path}: {name} cannot be read: {error}") from error
    return content if len(content) <= most_bytes else None


def _some(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - MOST_SHOWN
    return ", ".join(names[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")
