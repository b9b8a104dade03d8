"""A submission's code as it travels: its files, and how its function is found and called."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from scorer.runner.child.roles import PLAIN, Call
from scorer.runner.imports import shared_modules

MAIN = "__init__.py"
"""What the file is called among its copies, whatever its author calls it: any name will do."""

NAME = "unlearning"


@dataclass(frozen=True)
class Entry:
    """What a run is told of a file; see `scorer.runner.child.entry`.

    Attributes:
        name: of the function, or of a class.
        method: of the class, "" for a function.
        calls: how each of them is called, None where the text does not say.
        devices: names that the file uses for the device and does not define.
        fault: what is wrong with the file, "" for nothing: no line of it is run then.
        message: of the fault.
        absent: what is said where the file turns out not to define the name.
    """

    name: str = NAME
    method: str = ""
    calls: tuple[Call | None, ...] = (PLAIN,)
    devices: tuple[str, ...] = ()
    fault: str = ""
    message: str = ""
    absent: str = ""

    @property
    def is_plain(self) -> bool:
        """Tell whether nothing was adapted: `unlearning` is called as the contract has it."""
        told = (NAME, "", (), "")
        return (self.name, self.method, self.devices, self.fault) == told and all(
            call in (None, PLAIN) for call in self.calls
        )

    def as_facts(self) -> dict[str, Any]:
        """Return JSON values; `of_facts` reads them."""
        calls = [None if call is None else call.as_facts() for call in self.calls]
        return {**asdict(self), "calls": calls, "devices": list(self.devices)}

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Entry:
        """Return the entry that JSON values say."""
        calls = tuple(None if call is None else Call.of_facts(call) for call in facts["calls"])
        return cls(**{**facts, "calls": calls, "devices": tuple(facts["devices"])})


@dataclass(frozen=True)
class Code:
    """Everything of a submission that a run is given.

    Attributes:
        files: content by path, below the folder that the file lies in; "../src/a.py" lies beside
            that folder.
        main: path of the file itself.
        entry: how its function is found and called.
        notes: what was adapted, a line each.
        function: that a user has named, "" for none.
        shared_sha256: of the modules of `baselines` when it was read, "" where they are not held
            against it: whoever installs it takes them from there once more.
    """

    files: Mapping[str, bytes]
    main: str = MAIN
    entry: Entry = field(default_factory=Entry)
    notes: tuple[str, ...] = ()
    function: str = ""
    shared_sha256: str = ""

    @property
    def source(self) -> bytes:
        """Return the content of the file itself, as it is run."""
        return self.files[self.main]

    @property
    def others(self) -> dict[str, bytes]:
        """Return what was copied with it, in the order of the paths."""
        return {path: self.files[path] for path in sorted(self.files) if path != self.main}

    @property
    def texts(self) -> list[bytes]:
        """Return all of its Python files."""
        return [content for path, content in self.files.items() if path.endswith(".py")]

    def with_source(self, source: bytes) -> Code:
        """Return the same with another text of the file itself, such as other constants."""
        return replace(self, files={**self.files, self.main: source})

    def shared(self, baselines: Path) -> list[Path]:
        """Return the modules of `baselines` that any of the files imports."""
        return sorted({path for text in self.texts for path in shared_modules(text, baselines)})

    def sha256_of_shared(self, baselines: Path) -> str:
        """Return the digest of the modules of `baselines` that it imports, as they are now."""
        digest = hashlib.sha256()
        for path in self.shared(baselines):
            digest.update(f"{path.name} ".encode() + hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def sha256(self, baselines: Path) -> str:
        """Return what identifies it: of a plain file, that of its bytes and of what it shares.

        Args:
            baselines: where the modules lie that submissions share.
        """
        digest = hashlib.sha256(self.source)
        for shared in self.shared(baselines):
            digest.update(shared.read_bytes())
        for path, content in self.others.items():
            digest.update(f"\0{path}\0{len(content)}\0".encode(errors="surrogateescape") + content)
        if not self.entry.is_plain:
            said = {**self.entry.as_facts(), "absent": ""}
            digest.update(json.dumps(said, sort_keys=True).encode())
        return digest.hexdigest()

    def to_bytes(self) -> bytes:
        """Return it as one JSON, the same for the same code."""
        files = {path: base64.b64encode(self.files[path]).decode() for path in sorted(self.files)}
        told = {"main": self.main, "entry": self.entry.as_facts(), "files": files}
        told["shared_sha256"] = self.shared_sha256
        return json.dumps(told).encode()

    @classmethod
    def of_bytes(cls, content: bytes) -> Code:
        """Return the code that `to_bytes` wrote."""
        told = json.loads(content)
        files = {path: base64.b64decode(text) for path, text in told["files"].items()}
        entry, shared_sha256 = Entry.of_facts(told["entry"]), told["shared_sha256"]
        return cls(files, told["main"], entry, shared_sha256=shared_sha256)
