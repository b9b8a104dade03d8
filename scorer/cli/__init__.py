"""The command line: one file a verb, imported only when it is called."""

from __future__ import annotations

import logging
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from scorer.errors import ScorerError
from scorer.registry import import_member, module_names
from scorer.settings import PROJECT_ROOT, home, other_checkout

VERBS = module_names(__name__)


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
        """Turn errors that a user can act on into one message and the right exit code."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except (ScorerError, OSError) as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(getattr(error, "exit_code", 1))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Score machine unlearning against models retrained without the forget set.

    \b
    Examples:
      python -m scorer score adversarial
      python -m scorer leaderboard
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal may not know "±", and none a name that is not Unicode: an escape is shown.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s: %(message)s")
    here = other_checkout(Path.cwd())
    if here is not None:
        click.echo(
            f"note: the code that runs is in {PROJECT_ROOT}, submissions and results in {home()};"
            f" to run the code of {here}, type `python -m scorer` there",
            err=True,
        )
