"""Tells the other evaluators what they may hear: one thread a peer, so that none can hold up another."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from oracle.daemon.pace import rest_after
from oracle.daemon.peer_intake import LATER, STORED, PeerIntake
from oracle.daemon.peer_view import Delivery, Said, deliveries, is_late, more_at, said_to
from oracle.decide.exchange import Key, Shown, acknowledged, to_send
from oracle.domain.committee import Committee
from oracle.domain.errors import EarnestError
from oracle.domain.typed import Domain, commitment_message, commitment_to, peers_domain, request_message
from oracle.domain.types import Address, Hash
from oracle.peers.client import PeerClient, PeerError
from oracle.peers.limits import Breaker
from oracle.peers.messages import MAX_STATEMENTS, ExchangeAnswer, ExchangeRequest
from oracle.signing.signer import Signer
from oracle.store import chain as chain_store
from oracle.store import jobs as job_store
from oracle.store import peers as peer_store
from oracle.store import work as work_store
from oracle.store.database import Database
from oracle.store.peers import StoredCommitment

log = structlog.get_logger(__name__)

TICK = 2.0  # seconds between two looks where nothing wakes a link
_LATER_WAIT = 0.25  # seconds until a peer whose view of the chain is behind is told again
_FIRST_WAIT = 1.0  # seconds after a peer's first failure


@dataclass(frozen=True, slots=True)
class ExchangeRules:
    """How patient the exchange is. Seconds; see the settings of the same names."""

    again_every: float
    longest_wait: float
    reveal_before: int


class Finished(NamedTuple):
    """How many attestations there were when a peer knew all about them, and the chain's time until which that
    holds if none comes: then there is more to pass on."""

    stored: int
    until: float


@dataclass
class Link:
    """One peer: where it is, what it has taken, and whether it answers."""

    evaluator: Address
    client: PeerClient
    breaker: Breaker
    shown: dict[Key, Shown] = field(default_factory=dict)
    finished: dict[Hash, Finished] = field(default_factory=dict)
    """Deliveries the peer knows all about for now, by subject."""
    late: set[Hash] = field(default_factory=set)
    wake: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Errand:
    """What one peer is to be told as a member of one committee. `timestamp`: the chain's time."""

    committee: Hash
    sender: int
    recipient: int
    key: Address
    timestamp: int
    said: Sequence[Said]
    late: Sequence[Hash]


class Exchange:
    """The sending side of the exchange, and where our own commitments are made.

    Args:
        signers: The evaluators' keys held here.
        peers: Each other evaluator's account, and a client for its process.
        wake: Called when something new was stored.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        database: Database,
        intake: PeerIntake,
        signers: Mapping[Address, Signer],
        domain: Domain,
        peers: Mapping[Address, PeerClient],
        rules: ExchangeRules,
        *,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._intake = intake
        self._signers = dict(signers)
        self._peers = peers_domain(domain)
        self._domain = domain
        self._rules = rules
        self._wake = wake
        self._clock = clock
        self._stop = threading.Event()
        self._committing = threading.Lock()
        self.links = [
            Link(account, client, Breaker(first=_FIRST_WAIT, longest=rules.longest_wait, clock=clock))
            for account, client in peers.items()
        ]
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to tell."""
        for link in self.links:
            thread = threading.Thread(target=self._run, args=(link,), name="peer", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """End after what is under way."""
        self._stop.set()
        self.wake()
        for thread in self._threads:
            thread.join(10)
        for link in self.links:
            link.client.close()

    def wake(self) -> None:
        """Look now whether there is something to tell."""
        for link in self.links:
            link.wake.set()

    def step(self, link: Link) -> bool:
        """Commit to what was attested here, and tell one peer what it may hear. Whether it was told anything.

        Raises:
            PeerError: it cannot be told now.
            SigningError: a key cannot be used.
        """
        committees = self._commit()
        told = False
        for errand in self._errands(link, committees):
            self._note_late(link, errand)
            if errand.said:
                self._tell(link, errand)
                told = True
            if len(errand.said) == MAX_STATEMENTS:
                link.wake.set()  # there may be more than fits one request
        return told

    def _run(self, link: Link) -> None:
        while not self._stop.is_set():
            link.wake.wait(link.breaker.waits or TICK)
            link.wake.clear()
            if self._stop.is_set() or link.breaker.waits:
                # A peer that fails is left alone, however much there is to tell.
                self._stop.wait(min(link.breaker.waits, TICK))
                continue
            begun = time.monotonic()
            try:
                self.step(link)
                self._stop.wait(rest_after(time.monotonic() - begun))
            except PeerError as error:
                log.warning(
                    "peer_unreachable", evaluator=link.evaluator, reason=error.message,
                    retry_in=link.breaker.waits,
                )  # fmt: skip
            except (OperationalError, IntegrityError) as error:
                # The latter: another process of ours stored the same at the same moment.
                log.warning("database_unusable", reason=str(error.orig), doing="the exchange")
                self._stop.wait(TICK)
            except EarnestError as error:
                log.error("exchange_failed", evaluator=link.evaluator, reason=error.message)  # noqa: TRY400
                self._stop.wait(TICK)
            except Exception:  # a defect with one peer must not end the exchange with it
                log.exception("exchange_crashed", evaluator=link.evaluator)
                self._stop.wait(TICK)

    def _commit(self) -> dict[Hash, Committee]:
        """Bind ourselves to every attestation made here, before anybody can see it. In which committees."""
        with self._committing:
            with self._database.read() as session:
                committees = self._committees(session)
                missing = [
                    item
                    for committee in committees
                    for item in self._intake.cases.uncommitted(session, committee, self._signers)
                ]
            made = []
            for item in missing:
                salt = "0x" + secrets.token_hex(32)
                commitment = commitment_to(item.digest, salt)
                subject, deliverable = item.attestation.subject, item.attestation.deliverable
                message = commitment_message(
                    self._peers, item.committee, item.evaluator, subject, deliverable, commitment
                )
                signature = "0x" + self._signers[item.signer].sign(message).hex()
                wanted = StoredCommitment(
                    subject, deliverable, item.committee, item.evaluator, item.signer, commitment, signature
                )
                made.append((item.id, salt, wanted))
            if not made:
                return committees
            with self._database.write() as session:
                bound = {
                    _place(item)
                    for item in peer_store.commitments_of(session, {item.subject for _, _, item in made})
                }
                free = peer_store.set_salts(session, {number: salt for number, salt, _ in made})
                # One may stand already where our key is used elsewhere too.
                peer_store.add_commitments(
                    session,
                    [item for number, _, item in made if number in free and _place(item) not in bound],
                )
        for _, _, wanted in made:
            log.info("committed", job=wanted.subject, evaluator=wanted.evaluator)
        return committees

    def _errands(self, link: Link, committees: Mapping[Hash, Committee]) -> list[Errand]:
        errands = []
        alive: set[Hash] = set()
        with self._database.read() as session:
            timestamp = chain_store.now(session)
            for committee, terms in committees.items():
                if link.evaluator not in terms.evaluators:
                    continue
                recipient = terms.evaluators.index(link.evaluator)
                records = job_store.evaluators(session, committee)
                mine = self._intake.held(records)
                record = records.get(recipient)
                if not mine or recipient in mine or record is None or record.expelled:
                    continue
                subjects = self._intake.cases.under_way(session, committee, self._signers)
                alive |= set(subjects)
                pending = [
                    job for job, count in subjects.items() if not _is_finished(link, job, count, timestamp)
                ]
                under_way = deliveries(
                    committee,
                    pending,
                    cases=self._intake.cases.find(session, pending),
                    threshold=terms.threshold,
                    records=records,
                    commitments=peer_store.commitments_of(session, pending),
                    attestations=work_store.attestations_of(session, pending),
                )
                said = [
                    (delivery, said_to(delivery, recipient, mine, timestamp, self._rules.reveal_before))
                    for delivery in under_way
                ]
                for delivery, items in said:
                    if _knows_all(link, delivery, items, recipient):
                        subject = delivery.case.subject
                        until = more_at(delivery, recipient, mine, timestamp)
                        link.finished[subject] = Finished(subjects[subject], until)
                errands.append(
                    Errand(
                        committee=committee,
                        sender=mine[0],
                        recipient=recipient,
                        key=records[mine[0]].key,
                        timestamp=timestamp,
                        said=self._due(link, [item for _, items in said for item in items]),
                        late=[
                            delivery.case.subject
                            for delivery in under_way
                            if is_late(delivery, recipient, timestamp, self._rules.reveal_before)
                        ],
                    )
                )
        link.shown = {key: value for key, value in link.shown.items() if key[0] in alive}
        link.late &= alive
        link.finished = {job: known for job, known in link.finished.items() if job in alive}
        return errands

    def _due(self, link: Link, sayable: Sequence[Said]) -> list[Said]:
        said = {item.sendable.key: item for item in sayable}
        due = to_send(
            [item.sendable for item in said.values()],
            link.shown,
            self._clock(),
            again_every=self._rules.again_every,
            limit=MAX_STATEMENTS,
        )
        return [said[item.key] for item in due]

    def _tell(self, link: Link, errand: Errand) -> None:
        request = ExchangeRequest(
            committee=errand.committee,
            sender=errand.sender,
            recipient=errand.recipient,
            time=errand.timestamp,
            nonce="0x" + secrets.token_hex(16),
            statements=tuple(item.statement for item in errand.said),
        )
        signer = self._signers[errand.key]

        def sign(route: str, body: bytes) -> str:
            return "0x" + signer.sign(request_message(self._peers, route, body)).hex()

        try:
            answer = link.client.exchange(request, sign)
        except PeerError as error:
            first = link.breaker.failures == 0
            link.breaker.failed()
            if error.fault or first:
                kind = "bad-answer" if error.fault else "unreachable"
                with self._database.write() as session:
                    peer_store.note_incident(session, errand.committee, errand.recipient, kind, error.message)
            raise
        if link.breaker.worked():
            log.info("peer_answers_again", evaluator=link.evaluator)
        self._take(link, errand, answer)

    def _take(self, link: Link, errand: Errand, answer: ExchangeAnswer) -> None:
        """Store what the peer said, then remember what it has taken."""
        with self._intake.lock, self._database.write() as session:
            known = self._intake.known(session, errand.committee, answer.statements)
            results = self._intake.take_all(session, known, errand.recipient, answer.statements)
        now = self._clock()
        for item, result in zip(errand.said, answer.results, strict=True):
            sendable = item.sendable
            if result.startswith(LATER):
                continue
            link.shown[sendable.key] = acknowledged(sendable, link.shown.get(sendable.key), now)
        refused = [result for result in answer.results if result.startswith(LATER)]
        if refused:
            log.info("peer_takes_it_later", evaluator=link.evaluator, count=len(refused), reason=refused[0])
            link.wake.clear()
            self._stop.wait(_LATER_WAIT)
            link.wake.set()
        if STORED in results:
            self._wake()

    def _note_late(self, link: Link, errand: Errand) -> None:
        fresh = [job for job in errand.late if job not in link.late]
        if not fresh:
            return
        with self._database.write() as session:
            for job in fresh:
                peer_store.note_incident(
                    session, errand.committee, errand.recipient, "late",
                    "it had shown no attestation when everything is shown to all", job,
                )  # fmt: skip
        for job in fresh:
            link.late.add(job)
            log.warning(
                "peer_incident", kind="late", committee=errand.committee, evaluator=errand.recipient, job=job,
                detail="it had shown no attestation when everything is shown to all",
            )  # fmt: skip

    def _committees(self, session: Session) -> dict[Hash, Committee]:
        """Committees in which we sign and some peer sits."""
        peers = {link.evaluator for link in self.links}
        found = {}
        for committee in sorted(job_store.committees_of_keys(session, self._signers)):
            terms = job_store.get_committee(session, committee)
            if terms is not None and peers & set(terms.evaluators):
                found[committee] = terms
        return found


def _is_finished(link: Link, subject: Hash, count: int, timestamp: int) -> bool:
    """Whether there is nothing new to tell a peer about a delivery with so many attestations."""
    finished = link.finished.get(subject)
    return finished is not None and finished.stored == count and timestamp < finished.until


def _knows_all(link: Link, delivery: Delivery, said: Sequence[Said], recipient: int) -> bool:
    """Whether a peer has acknowledged all that may be said now, and has answered."""
    told = [link.shown.get(item.sendable.key) for item in said]
    return delivery.has_attested(recipient) and bool(told) and all(item and item.revealed for item in told)


def _place(item: StoredCommitment) -> tuple[Hash, Hash, Hash, int, Address]:
    """Where one commitment stands."""
    return item.subject, item.deliverable, item.committee, item.evaluator, item.signer
