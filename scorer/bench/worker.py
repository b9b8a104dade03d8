"""Long-lived processes that train: started once, so that no start-up is timed.

`python -m scorer.bench.worker` reads a JSON specification on its first line of stdin, then a
number of steps a line, and answers with the number of its threads when it has made them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import torch
from safetensors.torch import load_file, save_file

from scorer.bench.loops import dataloader_steps, kit_steps, tensor_steps
from scorer.engines.base import worker_environment
from scorer.errors import ScorerError
from scorer.settings import PROJECT_ROOT
from scorer.training.loop import TrainingSet
from scorer.training.paths import TrainingPath
from scorer.training.recipe import Recipe

LAST_LINES = 15


def usual_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without anybody's choice of threads or of memory handling."""
    chosen = set(worker_environment({}))
    return {name: value for name, value in environment.items() if name not in chosen}


class Workers:
    """Processes that advance one training each, all at once; use it as a context manager."""

    def __init__(self, specs: list[dict[str, Any]], environment: Mapping[str, str]) -> None:
        """Start them; the first steps wait for torch to be imported.

        Args:
            specs: one a process, see `steps_of`.
            environment: of the processes.
        """
        self._folder = tempfile.TemporaryDirectory()
        self._processes: list[subprocess.Popen[str]] = []
        for number, spec in enumerate(specs):
            with self._errors(number).open("w") as errors:
                process = subprocess.Popen(
                    [sys.executable, "-m", "scorer.bench.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    cwd=PROJECT_ROOT,
                    env=dict(environment),
                )
            self._processes.append(process)
            self._write(process, json.dumps(spec))

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        self._folder.cleanup()

    def run(self, n_steps: int, n_workers: int | None = None) -> list[int]:
        """Let workers make steps at the same time, and wait for all.

        Args:
            n_steps: of each.
            n_workers: only the first so many; None for all.

        Returns:
            The number of threads that torch used in each.

        Raises:
            ScorerError: a worker ended, with its last lines.
        """
        chosen = self._processes[:n_workers]
        for process in chosen:
            self._write(process, str(n_steps))
        return [self._read(process) for process in chosen]

    def _write(self, process: subprocess.Popen[str], line: str) -> None:
        """Send one line."""
        if process.stdin is None:
            raise ScorerError("a worker of a bench was started without pipes")
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            self._fail(process)

    def _read(self, process: subprocess.Popen[str]) -> int:
        """Wait for an answer: the number of threads."""
        line = process.stdout.readline() if process.stdout is not None else ""
        if not line:
            self._fail(process)
        return int(line)

    def _errors(self, number: int) -> Path:
        """Return the file of a worker's stderr."""
        return Path(self._folder.name) / f"{number}.txt"

    def _fail(self, process: subprocess.Popen[str]) -> None:
        """Raise with what a worker that ended wrote last."""
        code = process.wait()
        lines = (
            self._errors(self._processes.index(process)).read_text(errors="replace").splitlines()
        )
        last_lines = "\n".join(lines[-LAST_LINES:])
        raise ScorerError(f"a worker of a bench ended with code {code}:\n{last_lines}")


def save_training_set(data: TrainingSet, path: Path) -> None:
    """Write the data that workers are to train on."""
    save_file({"images": data.images.contiguous(), "labels": data.labels}, path)


def steps_of(spec: Mapping[str, Any]) -> Iterator[None]:
    """Return the steps of a worker.

    Args:
        spec: `way` "kit", "dataloader" or "tensors"; `data` a path from `save_training_set`;
            `n_classes`; `recipe`; for "kit" also `path` and `first_index`.
    """
    tensors = load_file(spec["data"])
    recipe = Recipe(**spec["recipe"])
    data = TrainingSet(tensors["images"], tensors["labels"], spec["n_classes"])
    if spec["way"] == "dataloader":
        return dataloader_steps(data, recipe)
    if spec["way"] == "tensors":
        return tensor_steps(data, recipe)
    images = data.images.to(memory_format=torch.channels_last)
    data = TrainingSet(images, data.labels, data.n_classes)
    return kit_steps(data, recipe, TrainingPath(**spec["path"]), spec["first_index"])


def serve(lines: IO[str], answers: IO[str]) -> None:
    """Make steps until there are no more lines."""
    steps = steps_of(json.loads(lines.readline()))
    for line in iter(lines.readline, ""):
        for _ in range(int(line)):
            next(steps)
        answers.write(f"{torch.get_num_threads()}\n")
        answers.flush()


def main() -> None:
    """Serve on stdin and stdout; whatever else prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
