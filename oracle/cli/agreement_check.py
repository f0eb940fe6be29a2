"""Holding an agreement against the contract's rules, and against the chain where a node is named."""

from __future__ import annotations

import time
from dataclasses import dataclass

from oracle.chain.errors import RevertedError
from oracle.cli.chain import Connection
from oracle.decide.rules import Problem, agreement_problems
from oracle.decide.signed import signature_problems
from oracle.domain.agreement_file import AgreementFile
from oracle.domain.amounts import format_usdc
from oracle.domain.committee import CommitteeView
from oracle.domain.types import Funding, State, checksum


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """What a check found, and whether a node was asked."""

    problems: list[Problem]
    online: bool


def facts_from(file: AgreementFile, connection: Connection | None) -> ChainFacts:
    """Everything the contract would refuse about an agreement now.

    Raises:
        ChainError: the node fails.
    """
    if connection is None:
        problems = agreement_problems(file.agreement, escrow=file.escrow, now=int(time.time()))
        return ChainFacts([*problems, *signature_problems(file)], online=False)
    problems = []
    if (file.chain_id, file.escrow) != (connection.escrow.chain_id, connection.escrow.address):
        problems.append(
            Problem(
                "escrow",
                f"it is for {checksum(file.escrow)} on chain {file.chain_id}, not for "
                f"{checksum(connection.escrow.address)} on chain {connection.escrow.chain_id}",
                "name the right --deployment and --rpc",
            )
        )
        return ChainFacts(problems, online=True)
    if file.usdc.address != connection.deployment.usdc:
        problems.append(
            Problem("usdc.address", f"the escrow's token is {checksum(connection.deployment.usdc)}")
        )
    committee, unknown = _committee(file, connection)
    problems += unknown
    problems += agreement_problems(
        file.agreement,
        escrow=file.escrow,
        now=connection.now(),
        constants=connection.constants(),
        committee=committee,
    )
    parties = (file.terms.buyer, file.terms.provider)
    wallets = frozenset(party for party in parties if connection.rpc.code(party))
    problems += signature_problems(file, contracts=wallets)
    problems += _token_problems(file, connection)
    problems += _money_problems(file, connection)
    state = connection.escrow.job_state(file.job).state
    if state is not State.NONE:
        problems.append(
            Problem("opening.salt", f"this job is {state.word} already", f"oracle job show {file.job}")
        )
    return ChainFacts(problems, online=True)


def _committee(file: AgreementFile, connection: Connection) -> tuple[CommitteeView | None, list[Problem]]:
    try:
        return connection.escrow.committee_state(file.terms.committee), []
    except RevertedError as error:
        return None, [Problem("terms.committee", error.message, error.next_step or "")]


def _token_problems(file: AgreementFile, connection: Connection) -> list[Problem]:
    """What stands in the way of any payment in USDC. What the provider is owed waits for it as collateral."""
    if file.funding_kind is Funding.COLLATERAL:
        return []
    problems = []
    if connection.usdc_paused():
        problems.append(
            Problem("usdc", "USDC is paused", "wait until it is not, or pay from free collateral")
        )
    for field, account in (("terms.buyer", file.terms.buyer), ("escrow", file.escrow)):
        if connection.usdc_refuses(account):
            problems.append(
                Problem(field, f"USDC refuses {checksum(account)}: it is blacklisted", "use another account")
            )
    return problems


def _money_problems(file: AgreementFile, connection: Connection) -> list[Problem]:
    terms, needs = file.terms, file.agreement.pays_in
    problems = []
    bonded = connection.escrow.collateral_of(terms.provider)
    if bonded < terms.bond:
        problems.append(
            Problem(
                "terms.bond",
                f"the provider has {format_usdc(bonded)} of free collateral; "
                f"the bond is {format_usdc(terms.bond)}",
                f"the provider deposits {format_usdc(terms.bond - bonded)}: oracle account deposit",
            )
        )
    if file.funding_kind is Funding.COLLATERAL:
        has, where = connection.escrow.collateral_of(terms.buyer), "free collateral"
    else:
        has, where = connection.usdc_balance(terms.buyer), "wallet"
    if has < needs:
        problems.append(
            Problem(
                "terms.buyer",
                f"the buyer's {where} holds {format_usdc(has)}; price and fee are {format_usdc(needs)}",
                "fund it first",
            )
        )
    if file.funding_kind is Funding.ALLOWANCE:
        allowed = connection.allowance(terms.buyer)
        if allowed < needs:
            problems.append(
                Problem(
                    "funding",
                    f"the buyer allows the escrow {format_usdc(allowed)}; "
                    f"price and fee are {format_usdc(needs)}",
                    "the buyer allows it: oracle account approve",
                )
            )
    return problems
