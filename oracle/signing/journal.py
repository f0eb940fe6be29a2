"""Signing attestations: the journal first, synced; then the signature.

A key that signs two attestations for one subject and deliverable that differ in outcome or payable can be
slashed for it. So what a key is about to sign is written down, and on disk, before it signs; whatever
contradicts the journal is refused, whoever asks and however often the process was killed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
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

    def record_all(self, entries: Sequence[JournalEntry]) -> list[JournalEntry]:
        """Write each entry unless there is one already, and return those that stand, in the same order.

        When this returns, they are on disk and will be found by every later call, in any process.
        """
        ...

    def find_all(
        self, domain: Hash, signers: Collection[Address], subjects: Collection[Hash]
    ) -> list[JournalEntry]:
        """The entries of these keys for these subjects."""
        ...


def attest_all(
    journal: Journal, domain: Domain, wanted: Sequence[tuple[Signer, Attestation]]
) -> list[Attested | SigningError]:
    """Sign attestations, after the journal has taken them all; they share its wait for the disk.

    Returns, in the same order, each one's signature or why there is none: ContradictionError where the
    journal holds another one, which stands; SigningError where the key cannot be used, or signed as another.
    """
    entries = [
        JournalEntry(
            signer.address, domain_hash(domain), attestation, attestation_digest(domain, attestation)
        )
        for signer, attestation in wanted
    ]
    made: list[Attested | SigningError] = []
    for (signer, attestation), entry, standing in zip(
        wanted, entries, journal.record_all(entries), strict=True
    ):
        try:
            made.append(_sign(signer, domain, attestation, entry, standing))
        except SigningError as error:
            made.append(error)
    return made


def _sign(
    signer: Signer, domain: Domain, attestation: Attestation, entry: JournalEntry, standing: JournalEntry
) -> Attested:
    if standing.attestation != attestation or standing.digest != entry.digest:
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
