"""The command line: one file a verb, imported only when it is called."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from scorer.errors import ScorerError
from scorer.processes import Stopped, adopting, children, end_children, stoppable
from scorer.registry import import_member, module_names
from scorer.settings import PROJECT_ROOT, home, other_checkout
from scorer.shown import shown
from scorer.temporary import sweep_temporary

VERBS = module_names(__name__)


GO_ON = "what is finished is kept: the same command, without --rerun, goes on where it was"


class Formatter(logging.Formatter):
    """Writes messages so that nothing in them is obeyed by a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return shown(super().format(record))


class LazyGroup(click.Group):
    """Imports the module of a verb when it is needed, so that help answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        try:
            command = getattr(import_member(f"scorer.cli.{cmd_name}"), "command", None)
        except ScorerError as error:
            raise click.ClickException(str(error)) from error
        if not isinstance(command, click.Command):
            raise click.ClickException(f"scorer.cli.{cmd_name} must define a click `command`")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            from scorer.errors import unknown_name

            raise click.UsageError(str(unknown_name("command", args[0], VERBS)), ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Turn errors that a user can act on, and signals, into one message and an exit code.

        Whatever ended the command, no process and no temporary folder of it is left.
        """
        spared = children()
        with stoppable(), adopting():
            try:
                return super().invoke(ctx)
            except BrokenPipeError:
                raise
            except (Stopped, ScorerError, OSError) as error:
                end_children(spared)
                with suppress(ScorerError):
                    sweep_temporary()
                said = f"{error}; {GO_ON}" if isinstance(error, Stopped) else f"error: {error}"
                with suppress(OSError):  # the terminal may be gone
                    click.echo(shown(said), err=True)
                ctx.exit(getattr(error, "exit_code", 1))


def open_closed_streams() -> None:
    """Let what is printed go nowhere where a stream was closed before the command began.

    The next file that is opened would get its number, and with it whatever is printed.
    """
    for number, name in ((0, "stdin"), (1, "stdout"), (2, "stderr")):
        try:
            os.fstat(number)
        except OSError:
            mode = "r" if number == 0 else "w"
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - for good


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Score machine unlearning against models retrained without the forget set.

    \b
    Examples:
      python -m scorer score adversarial
      python -m scorer leaderboard
    """
    open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        # A terminal may not know "±", and none a name that is not Unicode: an escape is shown.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter("%(levelname)s: %(message)s"))
    logging.basicConfig(handlers=[handler])
    here = other_checkout(Path.cwd())
    if here is not None:
        click.echo(
            f"note: the code that runs is in {PROJECT_ROOT}, submissions and results in {home()};"
            f" to run the code of {here}, type `python -m scorer` there",
            err=True,
        )
