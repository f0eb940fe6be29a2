"""Attestations on periods by the keys held here: from the evaluation through the journal into the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from oracle.daemon.tab_case import PeriodCase
from oracle.daemon.tab_evaluation import TabEvaluation
from oracle.decide.tabs import Pending
from oracle.domain.terms import Attestation
from oracle.domain.typed import Domain, attestation_digest
from oracle.domain.types import Address
from oracle.signing.journal import Journal, attest_all, domain_hash
from oracle.signing.signer import Signer, SigningError
from oracle.store import chain as chain_store
from oracle.store import holds, work
from oracle.store.database import Database
from oracle.store.work import StoredAttestation, StoredEvaluation

log = structlog.get_logger(__name__)


class TabAttester:
    """Signs for the evaluators whose keys are held here.

    Args:
        escrow: Whose attestations they are.
        is_presented: Whether what was presented is agreed on well enough to sign for it.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        evaluation: TabEvaluation,
        signers: Mapping[Address, Signer],
        escrow: Domain,
        *,
        is_presented: Callable[[Pending], bool],
    ) -> None:
        self._database = database
        self._journal = journal
        self._evaluation = evaluation
        self._signers = signers
        self._escrow = escrow
        self._is_presented = is_presented

    def sign(self, case: PeriodCase) -> bool:
        """Sign what the evaluation came to; what a key signed before for this period stands.

        Whether anything was signed. Nothing is where a restored database may lack what was signed before, or
        too few endpoints hold what was presented.
        """
        evaluation = case.evaluation
        if evaluation is None or evaluation.evidence is None:
            return False
        with self._database.read() as session:
            until = holds.held_until(session)
        if until is not None and case.pending.window_ends < until:
            log.warning("tab_signing_held_back", tab=case.tab.tab, next_step="see docs/databases.md")
            return False
        if not self._is_presented(case.pending):
            return False
        chosen = self._chosen(case, evaluation)
        signed = attest_all(self._journal, self._escrow, [(signer, said) for _, signer, said in chosen])
        made: list[StoredAttestation] = []
        with self._database.write() as session:
            seen_at = chain_store.now(session)
            for (index, signer, said), attested in zip(chosen, signed, strict=True):
                if isinstance(attested, SigningError):
                    log.warning("tab_not_signed", tab=case.tab.tab, reason=attested.message)
                    continue
                digest = attestation_digest(self._escrow, said)
                committee = case.tab.terms.committee
                made.append(
                    StoredAttestation(committee, index, signer.address, said, attested, digest, seen_at)
                )
            done = work.save_attestations(session, made) > 0
        for item in made:
            log.info(
                "tab_attested",
                tab=case.tab.tab,
                evaluator=item.evaluator,
                outcome=item.attestation.outcome.word,
                payable=item.attestation.payable,
            )
        return done

    def _chosen(
        self, case: PeriodCase, evaluation: StoredEvaluation
    ) -> list[tuple[int, Signer, Attestation]]:
        before = {
            (entry.signer, entry.attestation.deliverable): entry.attestation
            for entry in self._journal.find_all(
                domain_hash(self._escrow), {case.seat.key(index) for index in case.seat.held}, {case.tab.tab}
            )
        }
        chosen: list[tuple[int, Signer, Attestation]] = []
        for index in case.seat.held:
            if index in case.attestations or not case.tab.members >> index & 1:
                continue
            signer = self._signers[case.seat.key(index)]
            standing = before.get((signer.address, case.deliverable))
            chosen.append((index, signer, standing or self._attestation(case, evaluation, signer.address)))
        return chosen

    def _attestation(self, case: PeriodCase, evaluation: StoredEvaluation, key: Address) -> Attestation:
        evidence, payable = self._evaluation.evidence_for(str(evaluation.evidence), key)
        return Attestation(case.tab.tab, case.deliverable, evaluation.outcome, evidence, payable)
