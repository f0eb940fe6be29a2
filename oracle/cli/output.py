"""What commands share: the `--json` option, reading files with a limit, and showing an error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from oracle.domain.errors import EarnestError

FOUND_PROBLEMS_EXIT_CODE = 1  # the command did its work, and what it looked at is not in order
ERROR_EXIT_CODE = 2
_JSON_FLAG = "oracle.json"
_PATH = "oracle.path"
_Command = TypeVar("_Command", bound=Callable[..., Any])


class FileError(EarnestError):
    """A file the user named cannot be read or written."""


def json_option(command: _Command) -> _Command:
    """Give a command `--json`; it receives `as_json: bool`, and its errors become JSON on stdout too."""

    def remember(context: click.Context, _parameter: click.Parameter, value: bool) -> bool:  # noqa: FBT001
        context.meta[_JSON_FLAG] = value
        context.meta[_PATH] = context.command_path
        return value

    option = click.option(
        "--json",
        "as_json",
        is_flag=True,
        is_eager=True,
        callback=remember,
        help="Print one JSON object, errors included.",
    )
    return option(command)


def wants_json(context: click.Context) -> bool:
    """Whether `--json` was given to the command being run."""
    return bool(context.meta.get(_JSON_FLAG, False))


def with_next_step(error: EarnestError, context: click.Context) -> EarnestError:
    """The error, and where it says nothing else to do next, where to read how the command is used."""
    if not error.next_step:
        error.next_step = f"see {context.meta.get(_PATH, context.command_path)} --help"
    return error


def print_json(value: Any) -> None:
    """Print a JSON value to stdout, indented, keys in the order given."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_error(error: EarnestError, *, as_json: bool) -> None:
    """Show an error: to stdout as JSON, or to stderr as a sentence and what to do next."""
    if as_json:
        print_json(error.as_dict())
        return
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {error.message}", err=True)
    if error.next_step:
        click.echo(f"{click.style('Next:', bold=True)} {error.next_step}", err=True)


def read_bytes(path: Path, *, max_bytes: int) -> bytes:
    """The content of a regular file.

    Raises:
        FileError: missing, not a regular file, unreadable, or larger than `max_bytes`.
    """
    try:
        if not path.is_file():
            raise FileError(
                f"there is no file {path}", field=str(path), next_step="check its name and folder"
            )
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}", field=str(path)) from error
    if len(data) > max_bytes:
        raise FileError(
            f"{path} is larger than {max_bytes} bytes",
            field=str(path),
            next_step="make it smaller, or name the file that was meant",
        )
    return data


def write_new(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file, making its folder; an existing one only with `force`.

    Raises:
        FileError: it exists, or cannot be written.
    """
    if path.exists() and not force:
        raise FileError(f"{path} exists", field=str(path), next_step="choose another name, or give --force")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror}", field=str(path)) from error
