"""Checks what evaluators say, against the chain as stored, and stores it before anything uses it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.orm import Session

from oracle.daemon.cases import Case, Cases
from oracle.decide.jobs import EvaluatorRecord
from oracle.domain.signatures import SignatureError, recover
from oracle.domain.terms import Attestation, Attested
from oracle.domain.typed import Domain, attestation_digest, commitment_digest, commitment_to, peers_domain
from oracle.domain.types import Address, Hash, Outcome
from oracle.peers.messages import Reveal, Statement
from oracle.store import chain as chain_store
from oracle.store import jobs as job_store
from oracle.store import peers as peer_store
from oracle.store import work as work_store
from oracle.store.peers import StoredCommitment
from oracle.store.work import StoredAttestation

log = structlog.get_logger(__name__)

STORED = "stored"
KNOWN = "known"
LATER = "later"
"""How a result begins that may change: the sender tries again."""

_OUTCOMES = {"pass": Outcome.PASS, "fail": Outcome.FAIL, "lapse": Outcome.LAPSE}


class _RefusedError(Exception):
    """A statement is not taken. `blamed` did something that no honest evaluator does."""

    def __init__(self, why: str, kind: str | None = None, blamed: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.kind = kind
        self.blamed = blamed


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored about a committee and the jobs that a message names, read once for a message.

    `commitments` (by job, deliverable, evaluator and key) and `attested` (by job, deliverable and evaluator:
    outcome and payable by digest) grow with what the message adds. `all_…` are what they were taken from, of
    other committees too; they grow when it is stored.
    """

    committee: Hash
    records: Mapping[int, EvaluatorRecord]
    cases: Mapping[Hash, Case]
    timestamp: int
    commitments: dict[tuple[Hash, Hash, int, Address], Hash]
    attested: dict[tuple[Hash, Hash, int], dict[Hash, tuple[Outcome, int]]]
    all_commitments: list[StoredCommitment]
    all_attestations: list[StoredAttestation]


@dataclass(frozen=True, slots=True)
class _News:
    """What a message adds, written when all of it was checked."""

    commitments: list[StoredCommitment] = field(default_factory=list)
    attestations: list[StoredAttestation] = field(default_factory=list)


class PeerIntake:
    """Takes statements of one escrow's evaluators.

    Args:
        domain: The escrow's.
        keys: Addresses of the keys held here.
        cases: What may be spoken about.
    """

    def __init__(self, domain: Domain, keys: Collection[Address], cases: Cases) -> None:
        self.cases = cases
        self._domain = domain
        self._peers = peers_domain(domain)
        self._keys = frozenset(keys)
        self.lock = threading.Lock()
        """Held from `known` to the end of the transaction: two messages may bring the same."""

    def known(self, session: Session, committee: Hash, statements: Collection[Statement]) -> Known:
        """Read what checking these statements needs."""
        subjects = {item.subject for item in statements}
        attested: dict[tuple[Hash, Hash, int], dict[Hash, tuple[Outcome, int]]] = {}
        attestations = work_store.attestations_of(session, subjects)
        commitments = peer_store.commitments_of(session, subjects)
        for item in attestations:
            if item.committee == committee:
                key = (item.attestation.subject, item.attestation.deliverable, item.evaluator)
                said = (item.attestation.outcome, item.attestation.payable)
                attested.setdefault(key, {})[item.digest] = said
        return Known(
            committee=committee,
            records=job_store.evaluators(session, committee),
            cases=self.cases.find(session, subjects),
            timestamp=chain_store.now(session),
            commitments={
                (item.subject, item.deliverable, item.evaluator, item.signer): item.commitment
                for item in commitments
                if item.committee == committee
            },
            attested=attested,
            all_commitments=commitments,
            all_attestations=attestations,
        )

    def held(self, records: Mapping[int, EvaluatorRecord]) -> list[int]:
        """Indices of the evaluators whose current key is held here."""
        return sorted(index for index, record in records.items() if record.key in self._keys)

    def take_all(
        self, session: Session, known: Known, sender: int, statements: Sequence[Statement]
    ) -> list[str]:
        """Check statements and store what is true in them.

        Returns:
            For each `stored`, `known`, `later: …` where it may be taken when more of the chain was read, or
            why not.
        """
        news = _News()
        results = [self._take(session, known, news, sender, statement) for statement in statements]
        if news.commitments:
            peer_store.add_commitments(session, news.commitments)
            known.all_commitments.extend(news.commitments)
        if news.attestations:
            work_store.save_attestations(session, news.attestations)
            known.all_attestations.extend(news.attestations)
        return results

    def _take(self, session: Session, known: Known, news: _News, sender: int, statement: Statement) -> str:
        try:
            case = self._case(known, sender, statement)
            new = self._commitment(session, known, news, sender, statement)
            if statement.reveal is not None:
                new = (
                    self._attestation(session, known, news, case, sender, statement, statement.reveal) or new
                )
        except _RefusedError as refused:
            if refused.kind is not None and refused.blamed is not None:
                self._note(session, known, refused.blamed, refused.kind, refused.why, statement.subject)
            return refused.why[:200]
        return STORED if new else KNOWN

    def _case(self, known: Known, sender: int, statement: Statement) -> Case:
        case = known.cases.get(statement.subject)
        if case is None:
            raise _RefusedError(f"{LATER}: no such job or tab was read from the chain")
        if case.committee != known.committee:
            raise _RefusedError("it is another committee's", "other-committee", sender)
        if case.closed:
            raise _RefusedError("it is closed")
        if case.deliverable != statement.deliverable:
            raise _RefusedError(f"{LATER}: another deliverable is anchored")
        if not case.members >> statement.evaluator & 1:
            raise _RefusedError("it is no member of this job or tab", "no-member", sender)
        return case

    def _commitment(
        self, session: Session, known: Known, news: _News, sender: int, statement: Statement
    ) -> bool:
        signer = self._signer(known, statement.evaluator)
        key = (statement.subject, statement.deliverable, statement.evaluator, signer)
        standing = known.commitments.get(key)
        if standing == statement.commitment:
            return False  # its signature was checked when it came first
        digest = commitment_digest(
            self._peers,
            known.committee,
            statement.evaluator,
            statement.subject,
            statement.deliverable,
            statement.commitment,
        )
        if _signer_of(digest, statement.signature) != signer:
            # Perhaps with a key that was just replaced: what an honest sender has can be behind or ahead.
            kind = None if statement.evaluator != sender else "bad-commitment"
            raise _RefusedError(f"{LATER}: the commitment is not signed by its current key", kind, sender)
        if standing is not None:
            self._note(
                session, known, statement.evaluator, "second-commitment",
                f"it committed to {standing} first, and then to {statement.commitment}", statement.subject,
            )  # fmt: skip
            return False
        known.commitments[key] = statement.commitment
        news.commitments.append(
            StoredCommitment(
                subject=statement.subject,
                deliverable=statement.deliverable,
                committee=known.committee,
                evaluator=statement.evaluator,
                signer=signer,
                commitment=statement.commitment,
                signature=statement.signature,
            ),
        )
        return True

    def _attestation(
        self,
        session: Session,
        known: Known,
        news: _News,
        case: Case,
        sender: int,
        statement: Statement,
        reveal: Reveal,
    ) -> bool:
        attestation = Attestation(
            subject=statement.subject,
            deliverable=statement.deliverable,
            outcome=_OUTCOMES[reveal.outcome],
            evidence=reveal.evidence,
            payable=reveal.payable,
        )
        if attestation.payable > case.most_payable:
            raise _RefusedError(
                f"payable is {attestation.payable}, and at most {case.most_payable}",
                "bad-attestation",
                sender,
            )
        digest = attestation_digest(self._domain, attestation)
        before = known.attested.setdefault(
            (statement.subject, statement.deliverable, statement.evaluator), {}
        )
        if digest in before:
            return False  # checked when it came first
        signer = self._signer(known, statement.evaluator)
        attested = Attested(r=reveal.r, vs=reveal.vs, evidence=reveal.evidence)
        if _signer_of(digest, "0x" + attested.signature.hex()) != signer:
            raise _RefusedError("the attestation is not signed by its evaluator", "bad-attestation", sender)
        opens = self._opens(session, known, statement, signer, commitment_to(digest, reveal.salt))
        own = signer in self._keys
        stored = StoredAttestation(
            committee=known.committee,
            evaluator=statement.evaluator,
            signer=signer,
            attestation=attestation,
            attested=attested,
            digest=digest,
            seen_at=known.timestamp,
            opens=opens,
            salt=reveal.salt,
        )
        news.attestations.append(stored)
        if own:
            # Nobody but us should be able to make one: two processes with one key, or a stolen key.
            log.error("own_key_used_elsewhere", job=statement.subject, evaluator=statement.evaluator)
            self._note(
                session, known, statement.evaluator, "own-key-elsewhere",
                f"an attestation of ours ({reveal.outcome}) that was not made here", statement.subject,
            )  # fmt: skip
        said = (attestation.outcome, attestation.payable)
        contradicted = any(other != said for other in before.values())
        before[digest] = said
        if contradicted:
            self._note(
                session, known, statement.evaluator, "equivocation",
                f"it attested {reveal.outcome} and something else", statement.subject,
            )  # fmt: skip
        log.info(
            "peer_attested",
            job=case.subject,
            evaluator=statement.evaluator,
            outcome=reveal.outcome,
            opens=opens,
        )
        return True

    def _opens(
        self, session: Session, known: Known, statement: Statement, signer: Address, commitment: Hash
    ) -> bool:
        """Whether an attestation is the one its evaluator had bound itself to."""
        key = (statement.subject, statement.deliverable, statement.evaluator, signer)
        if known.commitments.get(key) == commitment:
            return True
        self._note(
            session, known, statement.evaluator, "broken-commitment",
            "its attestation is not the one it had committed to", statement.subject,
        )  # fmt: skip
        return False

    def _signer(self, known: Known, evaluator: int) -> Address:
        record = known.records.get(evaluator)
        if record is None:
            raise _RefusedError(f"{LATER}: no such evaluator has joined")
        return record.key

    @staticmethod
    def _note(session: Session, known: Known, evaluator: int, kind: str, detail: str, subject: Hash) -> None:
        if peer_store.note_incident(session, known.committee, evaluator, kind, detail, subject):
            log.warning(
                "peer_incident", kind=kind, committee=known.committee, evaluator=evaluator, job=subject,
                detail=detail,
            )  # fmt: skip


def _signer_of(digest: Hash, signature: str) -> Address | None:
    try:
        return recover(digest, bytes.fromhex(signature[2:]))
    except SignatureError:
        return None
