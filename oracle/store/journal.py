"""The signing journal in the database. Each call is a transaction of its own: synced when it returns."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oracle.domain.terms import Attestation
from oracle.domain.types import Address, Hash, Outcome
from oracle.signing.journal import JournalEntry
from oracle.store.among import among
from oracle.store.database import Database, StoreError
from oracle.store.tables import JournalRow


class StoredJournal:
    """`oracle.signing.journal.Journal` over the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record_all(self, entries: Sequence[JournalEntry]) -> list[JournalEntry]:
        """See `Journal.record_all`.

        Raises:
            StoreError: an entry was refused by the table, and yet none is there.
        """
        try:
            return self._record_all(entries)
        except IntegrityError as error:
            # Another process wrote between our look and our write; the table's key let one of us in.
            try:
                return self._record_all(entries)
            except IntegrityError:
                raise StoreError("the signing journal refused an entry it does not hold") from error

    def _record_all(self, entries: Sequence[JournalEntry]) -> list[JournalEntry]:
        standing: list[JournalEntry] = []
        with self._database.write() as session:
            for domain in {entry.domain for entry in entries}:
                inside = [entry for entry in entries if entry.domain == domain]
                signers = {entry.signer for entry in inside}
                standing += _find(session, domain, signers, {entry.attestation.subject for entry in inside})
            known = {_place(entry): entry for entry in standing}
            for entry in entries:
                if _place(entry) not in known:
                    session.add(_row(entry))
                    known[_place(entry)] = entry
        return [known[_place(entry)] for entry in entries]

    def find_all(
        self, domain: Hash, signers: Collection[Address], subjects: Collection[Hash]
    ) -> list[JournalEntry]:
        """See `Journal.find_all`."""
        with self._database.read() as session:
            return _find(session, domain, signers, subjects)


def _place(entry: JournalEntry) -> tuple[Address, Hash, Hash, Hash]:
    """Where at most one entry can be."""
    return entry.signer, entry.domain, entry.attestation.subject, entry.attestation.deliverable


def _row(entry: JournalEntry) -> JournalRow:
    attestation = entry.attestation
    return JournalRow(
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


def _find(
    session: Session, domain: Hash, signers: Collection[Address], subjects: Collection[Hash]
) -> list[JournalEntry]:
    # The table's key begins with the signer: without it the whole journal would be looked through.
    rows = session.scalars(
        select(JournalRow).where(
            among(session, JournalRow.signer, signers),
            JournalRow.domain == domain,
            among(session, JournalRow.subject, subjects),
        )
    )
    return [
        JournalEntry(
            row.signer,
            row.domain,
            Attestation(
                subject=row.subject,
                deliverable=row.deliverable,
                outcome=Outcome(row.outcome),
                evidence=row.evidence,
                payable=int(row.payable),
            ),
            row.digest,
        )
        for row in rows
    ]
