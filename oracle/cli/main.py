"""The `oracle` command: finds the subcommand, and turns every deliberate error into one clear message."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import rich_click as click

from oracle import __version__
from oracle.cli.commands import COMMANDS, CommandEntry
from oracle.cli.output import ERROR_EXIT_CODE, show_error, wants_json, with_next_step
from oracle.daemon.collector import postponed
from oracle.domain.errors import EarnestError
from oracle.signing.hardening import forbid_dumps


class UsageMistakeError(EarnestError):
    """The command was called with arguments it does not take."""


class LazyGroup(click.RichGroup):
    """A group that knows its commands by name and imports one only to run it."""

    def __init__(self, *args: Any, entries: dict[str, CommandEntry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of the registry: the order a reader meets them in."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """A stand-in that carries name and help; `resolve_command` swaps in the real one."""
        entry = self.entries.get(cmd_name)
        return None if entry is None else click.RichCommand(name=cmd_name, help=entry.help)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Import the command that was asked for."""
        name, stand_in, rest = super().resolve_command(ctx, args)
        if name is None or stand_in is None:
            return name, stand_in, rest
        entry = self.entries[name]
        with postponed():
            command = getattr(importlib.import_module(entry.module), entry.attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.module}.{entry.attribute} is not a click command")
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a deliberate error becomes a message and exit code 2."""
        try:
            return super().invoke(ctx)
        except EarnestError as error:
            show_error(with_next_step(error, ctx), as_json=wants_json(ctx))
            ctx.exit(ERROR_EXIT_CODE)
        except click.UsageError as error:
            if not wants_json(ctx):
                raise
            path = (error.ctx or ctx).command_path
            show_error(
                UsageMistakeError(error.format_message(), next_step=f"see {path} --help"), as_json=True
            )
            ctx.exit(ERROR_EXIT_CODE)


@click.group(cls=LazyGroup, entries=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="oracle")
def cli() -> None:
    """Promises between buyers and AI agents, measured by bonded evaluators.

    A buyer and a provider sign a pact; money waits in escrow until evaluators attest whether it was kept.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the `oracle` executable. Any command may hold a key, so none can be dumped."""
    forbid_dumps()
    cli.main(args=None if arguments is None else list(arguments), prog_name="oracle")
