"""What every replay is made of: one decision and how it came out, signatures, transactions."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import rlp
from eth_account import Account
from sqlalchemy.orm import Session

from oracle.domain.canonical import keccak_hex
from oracle.domain.errors import EarnestError
from oracle.domain.signatures import SignatureError, recover
from oracle.domain.typed import Domain, attestation_digest
from oracle.domain.types import Hash
from oracle.store import history, work
from oracle.store.history import OutboxEntry, SignedTransaction


class ReplayError(EarnestError):
    """There is nothing of the job, or of the tab, to go through."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One decision. `recorded` and `recomputed` where they differ; `note` says what was not looked at."""

    what: str
    holds: bool
    recorded: str = ""
    recomputed: str = ""
    note: str = ""


def compared(what: str, recorded: object, recomputed: object) -> Replayed:
    """A decision that holds where both are equal."""
    if recorded == recomputed:
        return Replayed(what, holds=True)
    return Replayed(what, False, str(recorded), str(recomputed))


def signatures(
    session: Session, domain: Domain, subject: Hash, deliverables: Collection[Hash] | None = None
) -> Iterator[Replayed]:
    """Each attestation from what it says, and ours from the journal.

    Args:
        domain: The escrow's.
        subject: The job or the tab.
        deliverables: Only attestations on these.
    """
    entries = history.journal_of(session, subject)
    journal = {
        (entry.signer, entry.attestation): entry
        for entry in entries
        if deliverables is None or entry.attestation.deliverable in deliverables
    }
    for entry in journal.values():
        yield compared(
            f"journal of {entry.signer}", entry.digest, attestation_digest(domain, entry.attestation)
        )
    signers = {signer for signer, _ in journal}
    for item in work.attestations_of(session, [subject]):
        if deliverables is not None and item.attestation.deliverable not in deliverables:
            continue
        what = f"attestation of evaluator {item.evaluator} ({item.attestation.outcome.word})"
        digest = attestation_digest(domain, item.attestation)
        yield compared(f"digest of the {what}", item.digest, digest)
        signature = bytes.fromhex(item.attested.r[2:] + item.attested.vs[2:])
        try:
            signer = recover(digest, signature)
        except SignatureError as error:
            signer = error.message
        yield compared(f"signer of the {what}", item.signer, signer)
        if item.signer in signers:
            written = (item.signer, item.attestation) in journal
            yield compared(f"journal behind the {what}", "written", "written" if written else "missing")


def transaction(domain: Domain, entry: OutboxEntry, signed: SignedTransaction) -> Replayed:
    """A signed transaction: its hash, its signer, its chain, and that it makes the call it is for."""
    what = f"transaction {signed.tx_hash}"
    try:
        sender = str(Account.recover_transaction(signed.raw)).lower()
        chain_id, nonce, _, _, _, to, value, data, *_ = rlp.decode(signed.raw[1:])  # EIP-1559, after its type
    except (ValueError, TypeError, rlp.DecodingError) as error:
        return Replayed(what, False, "a signed transaction", type(error).__name__)
    found = (
        keccak_hex(signed.raw),
        sender,
        int.from_bytes(chain_id, "big"),
        int.from_bytes(nonce, "big"),
        "0x" + to.hex(),
        data.hex(),
        int.from_bytes(value, "big"),
    )
    target, call = (entry.sender, b"") if signed.noop else (entry.target, entry.data)
    expected = (signed.tx_hash, entry.sender, domain.chain_id, signed.nonce, target, call.hex(), 0)
    return compared(what, found, expected)
