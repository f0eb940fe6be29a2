"""Whether the signatures in an agreement file are what the contract will accept. Pure."""

from __future__ import annotations

from oracle.decide.rules import Problem
from oracle.domain.agreement_file import AgreementFile
from oracle.domain.signatures import SignatureError, recover
from oracle.domain.types import Address, Party, checksum


def signature_problems(file: AgreementFile, *, contracts: frozenset[Address] = frozenset()) -> list[Problem]:
    """What is wrong with the signatures that are there; a missing one is no problem yet.

    Args:
        file: The agreement.
        contracts: Parties known to be contract wallets: those judge their signatures themselves (ERC-1271).
    """
    return [
        problem
        for party in Party
        if (problem := _problem(file, party)) is not None and _account(file, party) not in contracts
    ]


def missing_signatures(file: AgreementFile, *, sender: Address | None = None) -> list[Problem]:
    """Signatures without which it cannot be submitted by `sender`.

    The provider may call itself instead of signing. The buyer may too, unless it pays by authorization.
    """
    missing = []
    for party in Party:
        if file.signature_of(party) is not None:
            continue
        itself = sender == _account(file, party)
        if itself and not (party is Party.BUYER and file.funding == "authorization"):
            continue
        if party is Party.BUYER and file.funding == "allowance":
            missing.append(
                Problem(
                    "funding",
                    "paid by allowance it must be submitted by the buyer itself",
                    "let the buyer submit it, or use --funding authorization",
                )
            )
            continue
        missing.append(
            Problem(
                f"signatures.{party.value}",
                f"the {party.value} has not signed",
                f"oracle agreement sign FILE --as {party.value}",
            )
        )
    return missing


def _account(file: AgreementFile, party: Party) -> Address:
    return file.terms.buyer if party is Party.BUYER else file.terms.provider


def _problem(file: AgreementFile, party: Party) -> Problem | None:
    signature = file.signature_of(party)
    if signature is None:
        return None
    field = f"signatures.{party.value}"
    again = f"oracle agreement sign FILE --as {party.value}"
    try:
        signer = recover(file.digest_for(party), signature)
    except SignatureError as error:
        return Problem(field, error.message, again)
    if signer == _account(file, party):
        return None
    return Problem(
        field,
        f"it is not the {party.value}'s over exactly these terms on this chain and contract: it recovers to "
        f"{checksum(signer)}",
        again,
    )
