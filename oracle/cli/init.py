"""`oracle init`: a commented configuration."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import rich_click as click

from oracle.cli.output import json_option, print_json, write_new


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False), default=Path("oracle.toml"))
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@json_option
def init(path: Path, *, force: bool, as_json: bool) -> None:
    """Write a commented configuration to PATH (oracle.toml)."""
    write_new(path, files("oracle.cli").joinpath("oracle.example.toml").read_bytes(), force=force)
    if as_json:
        print_json({"path": str(path)})
        return
    click.echo(f"Wrote {path}. Fill in rpc, deployment and keys, then run: oracle db upgrade; oracle run")
