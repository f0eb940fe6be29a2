"""Signing attestations: the journal first, synced; then the signature.

A key that signs two attestations for one subject and deliverable that differ in outcome or payable can be
slashed for it. So what a key is about to sign is written down, and on disk, before it signs; whatever
contradicts the journal is refused, whoever asks and however often the process was killed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from oracle.domain.signatures import compact
from oracle.domain.terms import Attestation, Attested
from oracle.domain.typed import Domain, attestation_digest, attestation_message
from oracle.domain.types import Address, Hash
from oracle.signing.signer import Signer, SigningError, checked


class ContradictionError(SigningError):
    """The journal holds another attestation by this key for the same subject and deliverable."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """What a key signed, or was about to. `domain`: the EIP-712 separator, so chain and contract."""

    signer: Address
    domain: Hash
    attestation: Attestation
    digest: Hash


class Journal(Protocol):
    """Where entries are kept, at most one for each signer, domain, subject and deliverable."""

    def record(self, entry: JournalEntry) -> JournalEntry:
        """Write the entry unless there is one already, and return the one that stands.

        When this returns, that entry is on disk and will be found by every later call, in any process.
        """
        ...

    def find(self, signer: Address, domain: Hash, subject: Hash, deliverable: Hash) -> JournalEntry | None:
        """The entry that stands, or None."""
        ...


def already_signed(
    journal: Journal, signer: Signer, domain: Domain, subject: Hash, deliverable: Hash
) -> Attestation | None:
    """What this key attested, or was about to attest, for a deliverable; None where nothing."""
    entry = journal.find(signer.address, domain_hash(domain), subject, deliverable)
    return None if entry is None else entry.attestation


def attest(journal: Journal, signer: Signer, domain: Domain, attestation: Attestation) -> Attested:
    """Sign an attestation, after the journal has taken it.

    Raises:
        ContradictionError: the journal holds another one; that one stands, and nothing was signed.
        SigningError: the key cannot be used, or signed with another key than its own.
    """
    digest = attestation_digest(domain, attestation)
    entry = JournalEntry(signer.address, domain_hash(domain), attestation, digest)
    standing = journal.record(entry)
    if standing.attestation != attestation or standing.digest != digest:
        was = standing.attestation
        raise ContradictionError(
            f"{signer.address} has attested {was.outcome} (payable {was.payable}, evidence {was.evidence}) "
            f"for subject {attestation.subject}; {attestation.outcome} (payable {attestation.payable}, "
            f"evidence {attestation.evidence}) would contradict it",
            field="attestation",
            next_step="the first attestation stands; dispute the outcome if it is wrong",
        )
    message = attestation_message(domain, attestation)
    signature = checked(signer.address, message, signer.sign(message), by=f"the signer of {signer.address}")
    r, vs = compact(signature)
    return Attested(r=r, vs=vs, evidence=attestation.evidence)


def domain_hash(domain: Domain) -> Hash:
    """The domain separator as hex."""
    return "0x" + domain.separator.hex()
