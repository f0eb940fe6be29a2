"""Holding milestones against the contract, the committee and the balances: each job, and all together."""

from __future__ import annotations

from collections import Counter

from oracle.cli.agreement_check import facts_from
from oracle.cli.chain import Connection
from oracle.decide.rules import Problem
from oracle.domain.amounts import format_usdc
from oracle.domain.committee import reserved_share
from oracle.domain.milestones_file import MilestonesFile
from oracle.domain.signatures import SignatureError, recover
from oracle.domain.types import Address, Party


def party_of(file: MilestonesFile, party: Party) -> Address:
    """The account of one side."""
    return file.first.terms.buyer if party is Party.BUYER else file.first.terms.provider


def problems_in(file: MilestonesFile, connection: Connection) -> list[Problem]:
    """Of each job, named by its number; of the money and the coverage together; of the signatures."""
    problems = [
        Problem(f"agreements.{number}.{problem.field}", problem.message, problem.next_step)
        for number, each in enumerate(file.agreements)
        for problem in facts_from(each, connection).problems
    ]
    if problems:
        return problems
    return [*_together(file, connection), *_signature_problems(file, connection)]


def _together(file: MilestonesFile, connection: Connection) -> list[Problem]:
    """What each job alone may have, but all together not."""
    first, escrow, problems = file.first, connection.escrow, []
    bonds = sum(each.terms.bond for each in file.agreements)
    bonded = escrow.collateral_of(first.terms.provider)
    if bonded < bonds:
        problems.append(
            Problem(
                "terms.bond",
                f"the provider has {format_usdc(bonded)} of free collateral; the bonds together are "
                f"{format_usdc(bonds)}",
                f"the provider deposits {format_usdc(bonds - bonded)}: oracle account deposit",
            )
        )
    buyer = first.terms.buyer
    collateral = first.funding == "collateral"
    has = escrow.collateral_of(buyer) if collateral else connection.usdc_balance(buyer)
    where = "free collateral" if collateral else "wallet"
    if has < file.pays_in:
        problems.append(
            Problem(
                "terms.buyer",
                f"the buyer's {where} holds {format_usdc(has)}; prices and fees together are "
                f"{format_usdc(file.pays_in)}",
                "fund it first",
            )
        )
    allowed = connection.allowance(buyer) if first.funding == "allowance" else file.pays_in
    if allowed < file.pays_in:
        problems.append(
            Problem(
                "funding",
                f"the buyer allows the escrow {format_usdc(allowed)}; prices and fees together are "
                f"{format_usdc(file.pays_in)}",
                "the buyer allows it: oracle account approve",
            )
        )
    for committee, count in Counter(each.terms.committee for each in file.agreements).items():
        state = escrow.committee_state(committee)
        shares = sum(
            reserved_share(value=each.agreement.terms.value, silence=state.silence, threshold=state.threshold)
            for each in file.agreements
            if each.terms.committee == committee
        )
        if shares > state.stake - state.reserved:
            problems.append(
                Problem(
                    "terms.committee",
                    f"committee {committee} cannot cover {count} of these jobs at once",
                    "wait until running jobs close, or open fewer",
                )
            )
    return problems


def _signature_problems(file: MilestonesFile, connection: Connection) -> list[Problem]:
    problems = []
    for party in Party:
        signature, account = file.signature_of(party), party_of(file, party)
        if signature is None or connection.rpc.code(account):
            continue
        try:
            signer = recover(file.digest_for(party), signature)
        except SignatureError as error:
            problems.append(Problem(f"signatures.{party.value}", error.message, _sign_again(party)))
            continue
        if signer != account:
            problems.append(
                Problem(
                    f"signatures.{party.value}",
                    f"it is not the {party.value}'s over exactly these jobs in this order",
                    _sign_again(party),
                )
            )
    return problems


def missing_in(file: MilestonesFile, *, sender: Address | None) -> list[Problem]:
    """Signatures without which `sender` cannot submit it; a party that submits may call itself instead."""
    missing = []
    for party in Party:
        itself = sender == party_of(file, party)
        pays = party is Party.BUYER and file.first.funding == "authorization"
        if file.signature_of(party) is not None or (itself and not pays):
            continue
        if party is Party.BUYER and file.first.funding == "allowance":
            missing.append(
                Problem("funding", "paid by allowance the buyer submits it itself", "let the buyer submit it")
            )
            continue
        missing.append(
            Problem(f"signatures.{party.value}", f"the {party.value} has not signed", _sign_again(party))
        )
    return missing


def _sign_again(party: Party) -> str:
    return f"oracle milestones sign FILE --as {party.value}"
