"""Attestations by the keys held here: from the evaluation's outcome through the journal into the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from oracle.daemon.facts import Situation
from oracle.daemon.ports import EvaluationPort
from oracle.domain.errors import EarnestError
from oracle.domain.terms import Attestation
from oracle.domain.typed import Domain, attestation_digest
from oracle.domain.types import Address, Hash
from oracle.signing.journal import Journal, attest_all, domain_hash
from oracle.signing.signer import Signer, SigningError
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

    def sign_all(self, wanted: Sequence[tuple[Situation, int]]) -> list[EarnestError | None]:
        """Sign for evaluators of some jobs. What a key signed before for a deliverable stands.

        They share one write to the journal and one to the store. Returns, in the same order, what hindered
        each: SigningError where the key cannot be used, HeldError where the database came from a backup and
        the key may have signed something else already, EvidenceError where the record cannot be read or kept.
        """
        domain = domain_hash(self._domain)
        before = {
            (entry.signer, entry.attestation.subject, entry.attestation.deliverable): entry.attestation
            for entry in self._journal.find_all(
                domain,
                {situation.keys[index] for situation, index in wanted},
                {situation.stored.job for situation, _ in wanted},
            )
        }
        with self._database.read() as session:
            until = holds.held_until(session)
        hindered: list[EarnestError | None] = [None] * len(wanted)
        chosen: list[tuple[int, Signer, Attestation]] = []
        for number, (situation, index) in enumerate(wanted):
            signer = self._signers[situation.keys[index]]
            try:
                attestation = self._attestation(situation, signer.address, before, until)
            except EarnestError as error:
                hindered[number] = error
            else:
                chosen.append((number, signer, attestation))
        signed = attest_all(
            self._journal, self._domain, [(signer, attestation) for _, signer, attestation in chosen]
        )
        stored: list[work.StoredAttestation] = []
        with self._database.write() as session:
            seen_at = chain.now(session)
            for (number, signer, attestation), attested in zip(chosen, signed, strict=True):
                if isinstance(attested, SigningError):
                    hindered[number] = attested
                    continue
                situation, index = wanted[number]
                stored.append(
                    work.StoredAttestation(
                        committee=situation.stored.agreement.terms.committee,
                        evaluator=index,
                        signer=signer.address,
                        attestation=attestation,
                        attested=attested,
                        digest=attestation_digest(self._domain, attestation),
                        seen_at=seen_at,
                    )
                )
            work.save_attestations(session, stored)
        for number, _signer, attestation in chosen:
            if hindered[number] is None:
                log.info(
                    "attested",
                    job=attestation.subject,
                    evaluator=wanted[number][1],
                    outcome=attestation.outcome.word,
                )
        return hindered

    def _attestation(
        self,
        situation: Situation,
        signer: Address,
        before: Mapping[tuple[Address, Hash, Hash], Attestation],
        held_until: float | None,
    ) -> Attestation:
        record, evaluation, job = situation.stored.record, situation.evaluation, situation.stored.job
        if record.deliverable is None or evaluation is None or evaluation.evidence is None:
            raise EarnestError(f"job {job} has no evaluation to sign")
        standing = before.get((signer, job, record.deliverable))
        if standing is None:
            _refuse_held(record.delivered_at, held_until)
            evidence = self._evaluation.evidence_for(evaluation.evidence, signer)
            return Attestation(job, record.deliverable, evaluation.outcome, evidence)
        if standing.outcome != evaluation.outcome:
            log.warning(
                "journal_stands", job=job, signed=standing.outcome.word, evaluated=evaluation.outcome.word
            )
        return standing


def _refuse_held(delivered_at: int, until: float | None) -> None:
    if until is not None and delivered_at < until:
        raise HeldError(
            "this database was restored from a backup: its journal may lack what the key signed for "
            "deliveries from before the restore",
            field="database",
            next_step="if nothing was signed after the backup, run: oracle db release-signing",
        )
