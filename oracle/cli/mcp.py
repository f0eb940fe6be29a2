"""`oracle mcp`: the API's reads as tools for an agent, over standard input and output."""

from __future__ import annotations

import importlib.util

import rich_click as click

from oracle.api.reader import Reader
from oracle.cli.output import json_option
from oracle.domain.errors import EarnestError


class MissingExtraError(EarnestError):
    """A part of the package that is not installed is needed."""


@click.command()
@click.option("--api", required=True, metavar="URL", help="An oracle's API, without /v1.")
@click.option("--key", metavar="BASE64", help="Its public key; answers it did not sign are refused.")
@json_option
def mcp(*, api: str, key: str | None, as_json: bool) -> None:  # noqa: ARG001 - it speaks JSON either way
    """Serve the Model Context Protocol on standard input and output: an agent asks before it hires.

    Give this command to the agent's host, for instance as `oracle mcp --api https://oracle.example`.
    """
    if importlib.util.find_spec("mcp") is None:
        raise MissingExtraError(
            "the Model Context Protocol is not installed",
            field="mcp",
            next_step="pip install 'earnest-oracle[mcp]'",
        )
    from oracle.api.mcp_tools import mcp_server

    with Reader(api, key=key) as reader:
        mcp_server(reader).run("stdio")
