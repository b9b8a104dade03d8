"""Which tier is taken: what holds by trial, never less than what was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import torch

from scorer.errors import ScorerError
from scorer.runner import tiers
from scorer.runner.child.lock import LockError, landlock_version, lock_in
from scorer.runner.program import interpreter_folders, package_folders
from scorer.runner.sandboxes import SANDBOXES
from scorer.runner.sandboxes.bwrap import BwrapSandbox
from scorer.runner.sandboxes.landlock import LandlockSandbox
from scorer.runner.sandboxes.process import ProcessSandbox
from scorer.settings import PROJECT_ROOT


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Let every test try anew."""
    tiers.missing.cache_clear()
    yield
    tiers.missing.cache_clear()


def only(monkeypatch: pytest.MonkeyPatch, *working: str) -> None:
    """Let some tiers hold and the others not."""

    def missing(name: str, device: str = "cpu") -> str:
        return "" if name in working else f"no {name}"

    monkeypatch.setattr(tiers, "missing", missing)


@pytest.mark.parametrize(
    ("working", "auto", "require"),
    [
        (("process",), "process", None),
        (("landlock", "process"), "landlock", None),
        (("bwrap", "landlock", "process"), "bwrap", "bwrap"),
    ],
)
def test_auto_takes_the_best_and_require_never_falls_back(
    monkeypatch: pytest.MonkeyPatch, working: Sequence[str], auto: str, require: str | None
) -> None:
    only(monkeypatch, *working)
    assert tiers.resolve("auto") == auto
    if require is not None:
        assert tiers.resolve("require") == require
        return
    with pytest.raises(ScorerError, match=r"needs a tier with namespaces.*\(bwrap: no bwrap\)"):
        tiers.resolve("require")
    assert "no bwrap" in tiers.said("auto")


@pytest.mark.parametrize("name", ["bwrap", "landlock"])
def test_a_tier_by_name_holds_or_fails(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    only(monkeypatch, "process", name)
    assert tiers.resolve(name) == name
    assert tiers.said(name).startswith(f"{name}: ")
    only(monkeypatch, "process")
    with pytest.raises(ScorerError, match=rf"--sandbox {name} must hold.*got: no {name}") as caught:
        tiers.resolve(name)
    assert caught.value.exit_code == 1


def test_tiers_are_ordered_by_what_they_keep_apart() -> None:
    assert tiers.by_rank() == ["bwrap", "landlock", "process"]
    assert [name for name in SANDBOXES if SANDBOXES[name].has_namespaces] == ["bwrap"]


class Nothing(ProcessSandbox):
    """A tier that promises and does nothing."""

    name: ClassVar[str] = "nothing"
    is_open: ClassVar[bool] = False


class Half(LandlockSandbox):
    """A tier that leaves the machine's files open."""

    name: ClassVar[str] = "half"

    def lock(self, folder: Path, device: str) -> dict[str, Any] | None:
        """Return a lock that is none."""
        return {**(super().lock(folder, device) or {}), "writable": ["/"]}


@pytest.mark.parametrize(
    ("tier", "through"),
    [
        (Nothing, "reads the kit's files and writes the kit's files and writes beside"),
        (Half, "reads the kit's files and writes the kit's files and writes beside its own folder"),
    ],
)
def test_a_tier_that_does_not_hold_is_found_out(
    monkeypatch: pytest.MonkeyPatch, tier: type[ProcessSandbox], through: str
) -> None:
    if tier is Half and landlock_version() < 6:
        pytest.skip("Landlock 6 is not there")
    monkeypatch.setitem(SANDBOXES.members, tier.name, tier)
    reason = tiers.missing(tier.name)
    assert reason.startswith(f"does not hold here: a run {through}")
    assert ("sends to the network" in reason) == (tier is Nothing)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1", "uid map: Permission"),
        ("exit 1", "cannot be started: it said nothing"),
        ("echo '{'", "cannot be started: it said nothing"),
    ],
)
def test_a_launcher_that_the_system_refuses_is_no_tier(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, reason: str
) -> None:
    launcher = tmp_path / "bwrap"
    launcher.write_text(f"#!/bin/sh\n{script}\n")
    launcher.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert reason in tiers.missing("bwrap")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize("name", ["bwrap", "landlock"])
def test_a_tier_in_which_no_gpu_works_is_none_for_a_gpu(name: str) -> None:
    reason = tiers.missing(name)
    if reason:
        pytest.skip(f"{name}: {reason}")
    assert "CUDA cannot be used in it" in tiers.missing(name, "cuda")


@pytest.mark.parametrize(
    ("release", "user", "counts"),
    [
        ("5.10.0-28-amd64", None, False),
        ("6.1.0", None, True),
        ("5.14.0-1", None, True),
        ("5.10.0", 61184, True),
        ("odd", None, False),
    ],
)
def test_processes_are_counted_where_a_run_s_user_has_no_others(
    monkeypatch: pytest.MonkeyPatch, release: str, user: int | None, counts: bool
) -> None:
    sandbox = BwrapSandbox()
    sandbox.user = user
    monkeypatch.setattr("os.uname", lambda: SimpleNamespace(release=release))
    assert sandbox.counts_processes() == counts


def test_what_a_machine_lacks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "bubblewrap is not installed" in BwrapSandbox().lacks()
    monkeypatch.setattr("scorer.runner.sandboxes.landlock.landlock_version", lambda: 3)
    assert "needs Landlock 6, as Linux 6.12 and later have it, got 3" in LandlockSandbox().lacks()
    monkeypatch.setattr("sys.platform", "darwin")
    assert "this is darwin" in BwrapSandbox().lacks()
    assert "this is darwin" in LandlockSandbox().lacks()
    assert ProcessSandbox().lacks() == ""


def test_a_machine_that_no_lock_is_known_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scorer.runner.child.lock.machine", lambda: "riscv64")
    with pytest.raises(LockError, match="locks are known for x86_64 and aarch64, got riscv64"):
        lock_in([], [], True)


def test_what_lies_on_the_path_without_being_installed_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "env" / "site-packages").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "env")
    linked = tmp_path / "link" / "site-packages"
    monkeypatch.setattr("sys.path", ["", str(Path.home()), str(tmp_path), str(linked)])
    assert package_folders() == [linked]
    shown = {each for each in interpreter_folders() if each.is_relative_to(tmp_path)}
    assert shown == {linked, tmp_path / "env" / "site-packages"}


def test_the_kit_is_not_among_what_a_run_may_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert PROJECT_ROOT not in package_folders()
    shown = BwrapSandbox().command([], Path("/nowhere"), "cpu", 100.0)
    lock = LandlockSandbox().lock(Path("/nowhere"), "cpu")
    assert lock is not None
    bound = {path for option, path in pairwise(shown) if option in ("--ro-bind", "--bind")}
    assert len(bound) >= 4
    for path in (*bound, *lock["readable"], *lock["writable"]):
        assert not (PROJECT_ROOT / "scorer").is_relative_to(path)


@pytest.mark.parametrize("is_linked", [False, True])
def test_where_the_kit_is_installed_among_packages_it_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_linked: bool
) -> None:
    prefix = tmp_path / "env"
    site = prefix / "lib" / "site-packages"
    for name in ("scorer/runner", "baselines", "torch", "numpy"):
        (site / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(prefix)
    shown_as = tmp_path / "link" if is_linked else prefix
    monkeypatch.setattr("sys.path", [str(shown_as / "lib" / "site-packages")])
    monkeypatch.setattr("sys.prefix", str(shown_as))
    # As with an interpreter in `/usr/local`, whose packages lie in a folder of the system.
    monkeypatch.setattr("scorer.runner.sandboxes.landlock.SYSTEM", (str(tmp_path),))
    assert shown_as in interpreter_folders()
    lock = LandlockSandbox().lock(Path("/nowhere"), "cpu")
    assert lock is not None
    own = {path for path in lock["readable"] if path.startswith(str(tmp_path))}
    assert own == {str(site / "torch"), str(site / "numpy")}
    shown = BwrapSandbox().command([], Path("/nowhere"), "cpu", 100.0)
    covered = {after for option, after in pairwise(shown) if option == "--tmpfs"}
    assert {str(site / "scorer"), str(site / "baselines")} <= covered
