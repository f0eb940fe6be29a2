"""The signing journal in the database. Each call is a transaction of its own: synced when it returns."""

from __future__ import annotations

import time

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oracle.domain.terms import Attestation
from oracle.domain.types import Address, Hash, Outcome
from oracle.signing.journal import JournalEntry
from oracle.store.database import Database, StoreError
from oracle.store.tables import JournalRow


class StoredJournal:
    """`oracle.signing.journal.Journal` over the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, entry: JournalEntry) -> JournalEntry:
        """See `Journal.record`.

        Raises:
            StoreError: the entry was refused by the table, and yet none is there.
        """
        attestation = entry.attestation
        try:
            with self._database.write() as session:
                standing = _find(session, entry.signer, entry.domain, attestation)
                if standing is not None:
                    return standing
                session.add(
                    JournalRow(
                        signer=entry.signer,
                        domain=entry.domain,
                        subject=attestation.subject,
                        deliverable=attestation.deliverable,
                        outcome=int(attestation.outcome),
                        payable=str(attestation.payable),
                        evidence=attestation.evidence,
                        digest=entry.digest,
                        written_at=time.time(),
                    )
                )
        except IntegrityError as error:
            # Another process wrote between our look and our write; the table's key let one of us in.
            found = self.find(entry.signer, entry.domain, attestation.subject, attestation.deliverable)
            if found is None:
                raise StoreError("the signing journal refused an entry it does not hold") from error
            return found
        return entry

    def find(self, signer: Address, domain: Hash, subject: Hash, deliverable: Hash) -> JournalEntry | None:
        """See `Journal.find`."""
        with self._database.read() as session:
            wanted = Attestation(subject, deliverable, Outcome.NONE, evidence=subject)
            return _find(session, signer, domain, wanted)


def _find(session: Session, signer: Address, domain: Hash, wanted: Attestation) -> JournalEntry | None:
    row = session.scalars(
        select(JournalRow).where(
            JournalRow.signer == signer,
            JournalRow.domain == domain,
            JournalRow.subject == wanted.subject,
            JournalRow.deliverable == wanted.deliverable,
        )
    ).one_or_none()
    if row is None:
        return None
    attestation = Attestation(
        subject=row.subject,
        deliverable=row.deliverable,
        outcome=Outcome(row.outcome),
        evidence=row.evidence,
        payable=int(row.payable),
    )
    return JournalEntry(row.signer, row.domain, attestation, row.digest)
