"""The command line from the user's side: what it prints, what it writes, how it exits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from scorer.cli import VERBS, main

SAMPLE_IDIOM = """
import torch
from torch.utils.data import DataLoader
def unlearning(net, retain, forget, val):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    net.train()
    for sample in DataLoader(retain.dataset, batch_size=32, shuffle=True):
        loss = torch.nn.functional.cross_entropy(net(sample["image"]), sample["age_group"])
        optimizer.zero_grad(); loss.backward(); optimizer.step()
    net.eval()
"""

PAIR_IDIOM = """
import torch
from torch.utils.data import DataLoader
def unlearning(net, retain, forget, val):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    net.train()
    retain = DataLoader(retain.dataset, batch_size=32, shuffle=True)
    for inputs, targets in retain:
        loss = torch.nn.functional.cross_entropy(net(inputs), targets)
        optimizer.zero_grad(); loss.backward(); optimizer.step()
    net.eval()
    return net
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(autouse=True)
def tiny(tiny_is_known: None, inline_is_known: None) -> None:
    """Let the commands know the tiny task, and an engine that starts no workers."""


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def score(folders: Path, method: str, *arguments: str) -> Result:
    return call(
        "score", method, "--task", "tiny", "--n-models", "4", "--engine", "inline",
        "--workers", "1", "--cache-dir", str(folders / "cache"),
        "--results-dir", str(folders / "results"), "--secret", "public",
        *arguments,
    )  # fmt: skip


def test_both_public_idioms_score_and_give_the_same(folders: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    essence = []
    for source in (SAMPLE_IDIOM, PAIR_IDIOM):
        mine.write_text(source)
        result = score(folders, str(mine), "--json")
        assert result.exit_code == 0, result.stderr
        values = json.loads(result.stdout)
        for key in ("task", "method", "n_models", "rule", "delta", "forgetting_quality",
                    "forgetting_quality_se", "ceiling", "relative_score", "final_score",
                    "time_ratio", "faults", "fingerprint", "retain_accuracy",
                    "test_accuracy"):  # fmt: skip
            assert key in values
        assert (values["task"], values["method"], values["n_models"]) == ("tiny", "mine", 4)
        assert values["faults"] == []
        assert 0 <= values["forgetting_quality"] <= 1
        essence.append((values["forgetting_quality"], values["accuracy"]))
    assert essence[0] == essence[1]


def test_reference_rows_and_the_leaderboard(folders: Path) -> None:
    original = json.loads(score(folders, "original", "--json").stdout)
    assert original["forgetting_quality"] == 0
    assert original["relative_score"] in (0, None)
    assert score(folders, "retrain").exit_code == 0
    result = call("leaderboard", "--results-dir", str(folders / "results"), "--json")
    assert result.exit_code == 0
    (group,) = json.loads(result.stdout)["groups"]
    names = [row["method"] for row in group["rows"]]
    assert names[0] == "ceiling"
    assert names[-1] == "floor"
    assert {"original", "retrain"} <= set(names)
    text = call("leaderboard", "--results-dir", str(folders / "results")).stdout
    assert all(name in text for name in ("ceiling", "floor", "retrain", "tiny: N=4 models"))


def test_a_table_shows_conditions_and_error(folders: Path) -> None:
    text = score(folders, "retrain").stdout
    for part in ("N=4 models", "rule competition", "±", "ceiling", "floor", "record: "):
        assert part in text


def test_a_stream_is_shown_drawn_and_kept_apart(folders: Path, tmp_path: Path) -> None:
    results = str(tmp_path / "results")
    stream = ("--scenario", "streaming:2", "--results-dir", results)
    shown = score(folders, "retrain", *stream)
    assert shown.exit_code == 0, shown.stderr
    rows = [line.split("│")[1].strip() for line in shown.stdout.splitlines() if "│" in line]
    assert rows[:3] == ["1 (10)", "2 (20)", "all"]
    (record,) = Path(results).glob("tiny/retrain/*.json")
    assert f"record: {record}" in shown.stdout
    for ending, head in ((".png", b"\x89PNG"), (".svg", b"<?xml")):
        assert record.with_suffix(ending).read_bytes().startswith(head)
    values = json.loads(record.read_text())
    assert (values["scenario"], len(values["requests"])) == ("streaming:2", 2)
    assert score(folders, "original", "--results-dir", results).exit_code == 0
    board = call("leaderboard", "--results-dir", results).stdout
    assert "scenario streaming:2" in board and "not ranked" not in board
    apart = call("compare", "original", "retrain", "--task", "tiny", "--results-dir", results)
    assert apart.exit_code == 2
    assert "has scenario standard instead of streaming:2" in " ".join(apart.stderr.split())


def test_who_needs_retain_data_is_told_by_check_too(folders: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(PAIR_IDIOM)
    where = ("--task", "tiny", "--cache-dir", str(folders / "cache"), "--scenario", "retain-free")
    result = call("check", str(mine), *where)
    assert result.exit_code == 3
    assert "needs_retain: unlearning() asked for retain data" in result.stderr


def test_examples_are_shown_and_written(folders: Path, tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    result = score(folders, "retrain", "--examples", "--examples-file", str(file))
    assert result.exit_code == 0, result.stderr
    assert "retrain on tiny, example by example" in result.stdout
    assert "4 models tell nothing of single examples" in " ".join(result.stdout.split())
    assert f"examples: {file}" in result.stdout
    assert len(file.read_text().splitlines()) == 1 + 20
    result = score(folders, "retrain", "--examples", "--json", "--examples-file", str(file))
    values = json.loads(result.stdout)
    assert len(values["examples"]["examples"]) == 20
    assert values["examples"]["run_id"] == values["run_id"]
    assert "examples" not in json.loads(score(folders, "retrain", "--json").stdout)


@pytest.mark.parametrize("name", ["all.parquet", "missing/all.csv"])
def test_a_file_of_examples_is_refused_before_anything_is_made(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    cache = tmp_path / "cache"
    result = call("score", "retrain", "--cache-dir", str(cache), "--examples-file", str(file))
    assert result.exit_code == 2
    assert "must end in .csv or .json" in result.stderr or "must lie in a folder" in result.stderr
    assert not cache.exists() and not file.parent.joinpath("missing").exists()


def test_a_faulty_submission_has_no_examples(folders: Path, tmp_path: Path) -> None:
    bad, file = tmp_path / "worse.py", tmp_path / "all.json"
    bad.write_text("def unlearning(net, retain, forget, val):\n    raise KeyError('mine')\n")
    result = score(folders, str(bad), "--examples", "--examples-file", str(file))
    assert result.exit_code == 3
    assert not file.exists()


def test_a_faulty_submission_is_named_recorded_and_exits_3(folders: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def unlearning(net, retain, forget, val):\n    raise KeyError('mine')\n")
    result = score(folders, str(bad), "--json")
    assert result.exit_code == 3
    assert "raised: unlearning() raised an exception" in result.stderr
    assert "line 2, in unlearning" in result.stderr
    values = json.loads(result.stdout)
    assert values["forgetting_quality"] is None
    assert values["faults"][0]["fault"] == "raised"
    board = call("leaderboard", "--results-dir", str(folders / "results")).stdout
    assert "1 of 4 runs failed, 3 were not made: raised" in " ".join(board.split())
    assert "outcomes are final: only --rerun makes all runs anew" in result.stderr


def test_check_tells_what_is_wrong_in_seconds(folders: Path, tmp_path: Path) -> None:
    options = ("--task", "tiny", "--cache-dir", str(folders / "cache"))
    nothing = tmp_path / "nothing.py"
    nothing.write_text("def unlearning(net, retain, forget, val):\n    return net\n")
    result = call("check", str(nothing), *options)
    assert result.exit_code == 0, result.stderr
    assert "nothing was unlearned" in result.stdout
    assert "two seeds gave the same outputs" in result.stdout
    bad = tmp_path / "three.py"
    bad.write_text("def unlearning(a, b, c):\n    return a\n")
    result = call("check", str(bad), *options)
    assert result.exit_code == 3
    assert "bad_signature" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("score", "finetunning"), "unknown method 'finetunning'. Did you mean finetune"),
        (("score", "--task", "digit"), "unknown task 'digit'. Did you mean digits?"),
        (("score", "--rule", "exakt"), "unknown rule 'exakt'. Did you mean exact?"),
        (("score", "--engine", "locl"), "unknown engine 'locl'. Did you mean local?"),
        (("score", "--sandbox", "proces"), "unknown sandbox 'proces'. Did you mean process?"),
        (("score", "--design", "reuse"), "unknown design 'reuse'. Did you mean"),
        (("score", "--device", "gpu"), "unknown device 'gpu'"),
        (("score", "--n-models", "1"), "--n-models must be at least 2, got 1"),
        (("score", "--workers", "0"), "--workers must be at least 1, got 0"),
        (("score", "--timeout-s", "0"), "--timeout-s must be above 0 and finite, got 0"),
        (("score", "--budget", "nan"), "--budget must be above 0 and finite, got nan"),
        (("score", "--split-seed", "-1"), "--split-seed must be at least 0"),
        (("score", "no/such/file.py"), "no file 'no/such/file.py'"),
        (("scorr",), "unknown command 'scorr'. Did you mean score"),
        (("leaderboard", "--task", "digit"), "unknown task 'digit'"),
        (("check", "--task", "digit"), "unknown task 'digit'"),
        (("tune", "--device", "gpu"), "unknown device 'gpu'"),
        (("oracles", "--shard", "3/3"), "must be i/n with 0 <= i < n"),
        (("ls", "everything"), "Invalid value"),
    ],
)
def test_usage_errors_exit_2_with_the_way_out(
    folders: Path, arguments: tuple[str, ...], message: str
) -> None:
    where = () if arguments[0] in ("scorr",) else ("--cache-dir", str(folders / "cache"))
    result = call(*arguments, *where)
    assert result.exit_code == 2, result.output
    assert message in result.stderr


def test_a_missing_data_set_says_what_to_run(tmp_path: Path) -> None:
    result = call("oracles", "--task", "cifar10", "--data-dir", str(tmp_path))
    assert result.exit_code == 1
    assert "python -m data_prep download cifar10" in result.stderr


def save(path: Path, array: Any) -> str:
    np.save(path, array)
    return str(path)


@pytest.mark.parametrize("delta", ["1", "-1", "nan", "inf"])
def test_metric_refuses_a_delta_out_of_range(tmp_path: Path, delta: str) -> None:
    bank = save(tmp_path / "bank.npy", np.eye(3))
    result = call("metric", "--unlearned", bank, "--oracle", bank, "--delta", delta)
    assert result.exit_code == 2
    assert "error: `delta` must be in [0, 1), got" in result.stderr


def test_metric_refuses_files_that_are_no_array(tmp_path: Path) -> None:
    bank = save(tmp_path / "bank.npy", np.eye(3))
    (tmp_path / "empty.npy").touch()
    np.savez(tmp_path / "several.npz", one=np.eye(3), other=np.eye(3))
    huge = b"{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999, 999), }"
    header = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + huge.ljust(117) + b"\n"
    (tmp_path / "huge.npy").write_bytes(header)
    for name, must in {
        "empty.npy": "be an .npy file of numbers",
        "several.npz": "hold one array",
        "huge.npy": "be an .npy file of numbers",
    }.items():
        result = call("metric", "--unlearned", str(tmp_path / name), "--oracle", bank)
        assert result.exit_code == 2, result.output
        assert f"{tmp_path / name} must {must}" in result.stderr
    result = call("metric", "--unlearned", str(tmp_path), "--oracle", bank)
    assert result.exit_code == 2
    assert "is a directory" in result.stderr


def test_metric_scores_arrays_made_elsewhere(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    u = save(tmp_path / "u.npy", generator.normal(0, 2, (64, 5)))
    r = save(tmp_path / "r.npy", generator.normal(0, 2, (64, 5)))
    result = call("metric", "--unlearned", u, "--oracle", r, "--rule", "competition", "--json")
    values = json.loads(result.stdout)
    assert set(values) == {
        "rule", "delta", "n_models", "n_examples", "epsilons", "forgetting_quality",
        "tiny_spread_share", "warnings",
    }  # fmt: skip
    assert (values["tiny_spread_share"], values["warnings"]) == (0.0, [])
    assert (values["rule"], values["delta"], values["n_models"]) == ("competition", 1e-5, 64)
    assert len(values["epsilons"]) == values["n_examples"] == 5
    text = call("metric", "--unlearned", u, "--oracle", r).stdout
    assert "N=64 models" in text


def test_metric_warns_of_probabilities_in_place_of_confidences(tmp_path: Path) -> None:
    logits = np.random.default_rng(0).normal(4, 1, (2, 32, 10))
    banks = (1 / (1 + np.exp(-logits))).tolist()
    u, r = (save(tmp_path / f"{k}.npy", np.array(bank)) for k, bank in enumerate(banks))
    for more in ([], ["--json"]):
        result = call("metric", "--unlearned", u, "--oracle", r, *more)
        assert result.exit_code == 0
        assert "warning: on 100% of the forget examples" in result.stderr
        assert "logit-scaled confidences, log p - log(1 - p)" in result.stderr
    values = json.loads(result.stdout)
    assert values["tiny_spread_share"] == 1.0 and len(values["warnings"]) == 1
    exact = call("metric", "--unlearned", u, "--oracle", r, "--rule", "exact", "--json")
    assert "warning" not in exact.stderr
    assert json.loads(exact.stdout)["warnings"] == []


@pytest.mark.parametrize(
    ("unlearned", "oracle", "message"),
    [
        (np.zeros((4, 3)), np.zeros((5, 3)), "must have the same shape"),
        (np.zeros((1, 3)), np.zeros((1, 3)), "`unlearned` must hold at least 2 models"),
        (np.zeros((4, 3)), np.full((4, 3), np.nan), "`oracle` must be finite"),
        (np.zeros(4), np.zeros(4), "`unlearned` must have shape (n_models, n_examples)"),
        (np.array([object()]), np.zeros((4, 3)), "must be an .npy file of numbers"),
    ],
)
def test_bad_arrays_are_named(
    tmp_path: Path, unlearned: np.ndarray, oracle: np.ndarray, message: str
) -> None:
    result = call(
        "metric",
        "--unlearned", save(tmp_path / "u.npy", unlearned),
        "--oracle", save(tmp_path / "r.npy", oracle),
    )  # fmt: skip
    assert result.exit_code == 2
    assert message in result.stderr


def test_help_lists_what_can_be_chosen() -> None:
    text = " ".join(call("score", "--help").stdout.split())
    for names in (
        "competition or exact",
        "local or ray",
        "auto, cpu, cuda, cuda:2, cuda:0,1",
        "see `ls tasks`",
    ):
        assert names in text


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_every_verb_ends_with_two_examples(verb: str) -> None:
    result = call(verb, "--help")
    assert result.exit_code == 0
    examples = result.stdout.partition("Examples:")[2].strip().splitlines()[:2]
    assert all(line.strip().startswith("python -m scorer " + verb) for line in examples)


def test_ls_lists_methods_tasks_rules_and_results(folders: Path) -> None:
    methods = json.loads(call("ls", "methods", "--json").stdout)["methods"]
    names = {row["name"] for row in methods}
    assert {"original", "retrain", "finetune", "negative_gradient_plus", "adversarial"} <= names
    tasks_listed = json.loads(call("ls", "tasks", "--json").stdout)["tasks"]
    assert {"digits", "fashion_mnist", "cifar10"} <= {row["name"] for row in tasks_listed}
    assert "competition" in call("ls", "rules").stdout
    assert call("ls", "results", "--results-dir", str(folders / "nowhere")).stdout == "no results\n"
