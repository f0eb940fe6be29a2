"""`oracle keys`: the keys the daemon is configured with, wherever they lie."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import rich_click as click
from click.exceptions import Exit

from oracle.cli.output import FOUND_PROBLEMS_EXIT_CODE, json_option, print_json
from oracle.cli.run import config_option
from oracle.cli.values import ADDRESS, HASH
from oracle.config import Settings, load_settings
from oracle.configuration.base import ConfigError
from oracle.configuration.keys import KeySource
from oracle.domain.errors import EarnestError
from oracle.domain.typed import Domain, key_message
from oracle.domain.types import Address, Hash, checksum
from oracle.opening.keys import load_key, named_keys
from oracle.opening.places import deployment_of

_TRIAL = (
    b"\x19\x00 earnest: does this key sign"  # EIP-191 version 0: nothing that could mean anything on chain
)


@click.group()
def keys() -> None:
    """Show the daemon's keys, and prove one to a committee it is to sign in."""


@keys.command(name="list")
@config_option
@json_option
def list_keys(config: Path, *, as_json: bool) -> None:
    """Open each configured key, let it sign something without meaning, and show its account."""
    settings = load_settings(config)
    found = [_look(settings, field, source) for field, source in named_keys(settings)]
    if as_json:
        print_json({"keys": found})
    else:
        for entry in found:
            click.echo(f"{entry['field']:20}{entry['kind']:12}{entry.get('account') or entry['problem']}")
    if any("problem" in entry for entry in found):
        raise Exit(FOUND_PROBLEMS_EXIT_CODE)


@keys.command()
@click.argument("committee", type=HASH)
@click.argument("account", type=ADDRESS)
@click.option("--key", "number", type=click.IntRange(min=0), default=0, help="Which of [[keys.evaluators]].")
@config_option
@json_option
def prove(
    *,
    committee: Hash,
    account: Address,
    number: int,
    config: Path,
    as_json: bool,  # noqa: ARG001 - only errors differ
) -> None:
    """Print the proof by which ACCOUNT names a configured key as its own in COMMITTEE, as JSON.

    Give it to `oracle committee join` or `rotate` as --signing-proof. It can be used by ACCOUNT alone.
    """
    settings = load_settings(config)
    if number >= len(settings.keys.evaluators):
        raise ConfigError(
            f"--key is {number}, and {len(settings.keys.evaluators)} keys are configured",
            field="keys.evaluators",
            next_step="count from 0: oracle keys list",
        )
    signer = load_key(settings, settings.keys.evaluators[number], f"keys.evaluators.{number}")
    deployment = deployment_of(settings)
    domain = Domain(deployment.chain_id, deployment.escrow)
    with closing(signer):
        proof = signer.sign(key_message(domain, committee, account, signer.address))
    print_json({"key": signer.address, "proof": "0x" + proof.hex()})


def _look(settings: Settings, field: str, source: KeySource) -> dict[str, str]:
    shown = {"field": field, "kind": kind_of(source)}
    try:
        with closing(load_key(settings, source, field)) as signer:
            signer.sign(_TRIAL)
    except EarnestError as error:
        return shown | {"problem": error.message} | ({"mend": error.next_step} if error.next_step else {})
    return shown | {"account": checksum(signer.address)}


def kind_of(source: KeySource) -> str:
    """Where a key lies, in a word."""
    if source.keystore is not None:
        return "keystore"
    if source.web3signer is not None:
        return "web3signer"
    return "aws_kms" if source.aws_kms is not None else "env"
