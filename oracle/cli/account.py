"""`oracle account`: free collateral, from which bonds, stakes and deposits are locked."""

from __future__ import annotations

import secrets

import rich_click as click

from oracle.chain import calls
from oracle.chain.abi import load_abi
from oracle.cli.chain import ChainOptions, chain_options
from oracle.cli.keys import KeySource, account_of, key_options
from oracle.cli.output import json_option, print_json
from oracle.cli.values import ADDRESS, AMOUNT
from oracle.domain.amounts import amount_text, format_usdc, parse_usdc
from oracle.domain.errors import EarnestError
from oracle.domain.signatures import sign_digest
from oracle.domain.typed import deposit_digest, receive_authorization_digest, usdc_domain
from oracle.domain.types import Address, checksum

_PERMISSION_SECONDS = 3_600  # how long a signed deposit stays good


class AccountError(EarnestError):
    """An account holds too little, or nothing."""


@click.group()
def account() -> None:
    """Free collateral: deposit it, look at it, take it out; allowances.

    Bonds, stakes and dispute deposits are locked from it, and whatever a closed job owes is credited to it.
    """


@account.command()
@click.argument("amount", type=AMOUNT)
@chain_options()
@key_options()
@json_option
def deposit(*, amount: int, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Move AMOUNT of USDC (as "12.50") from your wallet into your free collateral.

    Needs no allowance: the key signs the very payment.
    """
    with chain.connect() as connection:
        private = key.load(connection.escrow.chain_id)
        owner = account_of(private)
        wallet = connection.usdc_balance(owner)
        if not 0 < amount <= wallet:
            raise AccountError(
                f"{format_usdc(amount)} cannot be deposited: the wallet of {checksum(owner)} holds "
                f"{format_usdc(wallet)}",
                field="amount",
                next_step="name an amount above zero that the wallet holds",
            )
        expiry = connection.now() + _PERMISSION_SECONDS
        salt = secrets.randbits(128)
        token = connection.deployment
        nonce = deposit_digest(connection.escrow.domain, owner, amount, expiry, salt)
        usdc = usdc_domain(token.chain_id, token.usdc, name=token.usdc_name, version=token.usdc_version)
        digest = receive_authorization_digest(usdc, owner, token.escrow, amount, 0, expiry, nonce)
        data = calls.deposit_with_authorization(owner, amount, expiry, salt, sign_digest(private, digest))
        receipt = connection.send(private, data, what="deposit", quiet=as_json)
        held = connection.escrow.collateral_of(owner)
    if as_json:
        print_json(
            {"account": owner, "collateral": amount_text(held), "transaction": receipt.transaction_hash}
        )
        return
    click.echo(f"{checksum(owner)} has {format_usdc(held)} of free collateral.")


@account.command()
@click.argument("amount", type=AMOUNT)
@chain_options()
@key_options()
@json_option
def approve(*, amount: int, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Allow the escrow to take AMOUNT (as "12.50"; "0" ends it) from your wallet, for jobs you open yourself.

    Only needed with --funding allowance: otherwise a signature pays.
    """
    with chain.connect() as connection:
        private = key.load(connection.escrow.chain_id)
        owner = account_of(private)
        data = load_abi("USDC").functions["approve"].encode(connection.escrow.address, amount)
        receipt = connection.send(private, data, what="approve", quiet=as_json, to=connection.deployment.usdc)
        allowed = connection.allowance(owner)
    if as_json:
        print_json(
            {"account": owner, "allowance": amount_text(allowed), "transaction": receipt.transaction_hash}
        )
        return
    click.echo(f"The escrow may take {format_usdc(allowed)} from {checksum(owner)}.")


@account.command()
@click.argument("amount")
@click.option("--to", type=ADDRESS, help="Another wallet than your own.")
@chain_options()
@key_options()
@json_option
def claim(*, amount: str, to: Address | None, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Pay AMOUNT (as "12.50", or "all") of your free collateral out to your wallet."""
    with chain.connect() as connection:
        private = key.load(connection.escrow.chain_id)
        owner = account_of(private)
        held = connection.escrow.collateral_of(owner)
        units = held if amount == "all" else parse_usdc(amount)
        if not 0 < units <= held:
            raise AccountError(
                f"{format_usdc(units)} cannot be claimed: {checksum(owner)} has {format_usdc(held)} free",
                field="amount",
                next_step="name an amount above zero that is there",
            )
        target = to or owner
        receipt = connection.send(private, calls.claim(target, units), what="claim", quiet=as_json)
    if as_json:
        print_json({"to": target, "amount": amount_text(units), "transaction": receipt.transaction_hash})
        return
    click.echo(f"Paid {format_usdc(units)} to {checksum(target)}.")


@account.command()
@click.argument("address", type=ADDRESS, required=False)
@chain_options()
@key_options()
@json_option
def show(*, address: Address | None, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Show what ADDRESS, or your key's account, holds: USDC, free collateral, and ETH for gas."""
    with chain.connect() as connection:
        if address is None and not key.given:
            raise AccountError("no account is named", field="address", next_step="give an address or a key")
        owner = address or account_of(key.load(connection.escrow.chain_id))
        wallet = connection.usdc_balance(owner)
        held = connection.escrow.collateral_of(owner)
        gas = connection.rpc.balance(owner)
    if as_json:
        print_json(
            {"account": owner, "usdc": amount_text(wallet), "collateral": amount_text(held), "wei": str(gas)}
        )
        return
    click.echo(checksum(owner))
    click.echo(f"  wallet          {format_usdc(wallet)}")
    click.echo(f"  free collateral {format_usdc(held)}")
    click.echo(f"  gas             {gas / 10**18:.6f} ETH")
