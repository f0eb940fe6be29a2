"""The command line's frame: quick help, lazy commands, and one place where errors become messages."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from oracle.cli.commands import COMMANDS, CommandEntry
from oracle.cli.main import LazyGroup, cli
from oracle.cli.output import json_option
from oracle.domain.errors import EarnestError


@click.command()
@json_option
def failing(*, as_json: bool) -> None:
    """Fail."""
    assert as_json in {True, False}
    raise EarnestError("the bond is missing", field="bond", next_step="deposit it")


@pytest.fixture
def group() -> LazyGroup:
    return LazyGroup(name="oracle", entries={"fail": CommandEntry(__name__, "failing", "Fails.")})


def test_error__without_json__goes_to_stderr_with_the_next_step(
    group: LazyGroup, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        group.main(["fail"])
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "Error: the bond is missing\nNext: deposit it\n"


def test_error__with_json__is_one_object_on_stdout(group: LazyGroup) -> None:
    result = CliRunner().invoke(group, ["fail", "--json"])
    assert result.exit_code == 2
    assert json.loads(result.stdout) == {
        "error": "EarnestError",
        "message": "the bond is missing",
        "field": "bond",
        "next_step": "deposit it",
    }


def test_unknown_command__is_a_usage_error() -> None:
    result = CliRunner().invoke(cli, ["nonsense"])
    assert result.exit_code == 2
    assert "nonsense" in result.output


def test_help__lists_every_command_without_importing_one() -> None:
    code = (
        "import sys; from oracle.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('oracle.cli.pact', 'pydantic', 'web3', 'sqlalchemy', 'cel') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_registry__every_entry_is_a_command_with_help(name: str) -> None:
    entry = COMMANDS[name]
    command = getattr(importlib.import_module(entry.module), entry.attribute)
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.help
    assert entry.help.endswith(".")


def _leaves(command: click.Command, path: str) -> list[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        return [leaf for name, each in command.commands.items() for leaf in _leaves(each, f"{path} {name}")]
    return [(path, command)]


def test_every_command__speaks_json_and_explains_its_options() -> None:
    for name, entry in COMMANDS.items():
        command = getattr(importlib.import_module(entry.module), entry.attribute)
        for path, leaf in _leaves(command, name):
            options = [each for each in leaf.params if isinstance(each, click.Option)]
            flags = {flag for option in options for flag in option.opts}
            # The daemon logs; whether as JSON is in its configuration.
            assert "--json" in flags or path == "run", path
            assert all(option.help for option in options), path
            assert leaf.help, path


def test_error_without_advice__names_the_help_of_the_very_command() -> None:
    result = CliRunner().invoke(cli, ["evidence", "show", "0x" + "12" * 32, "--store", "nowhere", "--json"])
    assert result.exit_code == 2
    assert json.loads(result.stdout)["next_step"] == "see cli evidence show --help"
