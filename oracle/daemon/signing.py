"""Attestations by the keys held here: from the evaluation's outcome through the journal into the store."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from oracle.daemon.facts import Situation
from oracle.daemon.ports import EvaluationPort
from oracle.domain.errors import EarnestError
from oracle.domain.terms import Attestation
from oracle.domain.typed import Domain, attestation_digest
from oracle.domain.types import Address
from oracle.signing.journal import Journal, already_signed, attest
from oracle.signing.signer import Signer
from oracle.store import chain, holds, work
from oracle.store.database import Database

log = structlog.get_logger(__name__)


class HeldError(EarnestError):
    """Signing is held back until the operator confirms that the journal is complete."""


class Attester:
    """Signs for the evaluators whose keys are held here."""

    def __init__(
        self,
        database: Database,
        journal: Journal,
        evaluation: EvaluationPort,
        signers: Mapping[Address, Signer],
        domain: Domain,
    ) -> None:
        self._database = database
        self._journal = journal
        self._evaluation = evaluation
        self._signers = signers
        self._domain = domain

    def sign(self, situation: Situation, index: int) -> None:
        """Sign for evaluator `index`. What its key signed before for this deliverable stands.

        Raises:
            SigningError: the key cannot be used.
            HeldError: the database came from a backup, and the key may have signed something else already.
            EvidenceError: the record cannot be read or kept.
        """
        record, evaluation = situation.stored.record, situation.evaluation
        if record.deliverable is None or evaluation is None or evaluation.evidence is None:
            return
        signer = self._signers[situation.keys[index]]
        attestation = already_signed(
            self._journal, signer, self._domain, situation.stored.job, record.deliverable
        )
        if attestation is None:
            self._refuse_held(record.delivered_at)
            attestation = Attestation(
                subject=situation.stored.job,
                deliverable=record.deliverable,
                outcome=evaluation.outcome,
                evidence=self._evaluation.evidence_for(evaluation.evidence, signer.address),
            )
        elif attestation.outcome != evaluation.outcome:
            log.warning(
                "journal_stands",
                job=situation.stored.job,
                signed=attestation.outcome.word,
                evaluated=evaluation.outcome.word,
            )
        attested = attest(self._journal, signer, self._domain, attestation)
        with self._database.write() as session:
            work.save_attestation(
                session,
                work.StoredAttestation(
                    committee=situation.stored.agreement.terms.committee,
                    evaluator=index,
                    signer=signer.address,
                    attestation=attestation,
                    attested=attested,
                    digest=attestation_digest(self._domain, attestation),
                    seen_at=chain.now(session),
                ),
            )
        log.info("attested", job=situation.stored.job, evaluator=index, outcome=attestation.outcome.word)

    def _refuse_held(self, delivered_at: int) -> None:
        with self._database.read() as session:
            until = holds.held_until(session)
        if until is not None and delivered_at < until:
            raise HeldError(
                "this database was restored from a backup: its journal may lack what the key signed for "
                "deliveries from before the restore",
                field="database",
                next_step="if nothing was signed after the backup, run: oracle db release-signing",
            )
