"""Evaluators with a store each that has read the same chain, talking over HTTP in one process."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.testclient import TestClient

from oracle.configuration.peers import PeersSection
from oracle.daemon.cases import AllCases, JobCases, TabCases
from oracle.daemon.facts import gather_all
from oracle.daemon.peering import Peering
from oracle.decide.due import DuePolicy, Send, due
from oracle.decide.jobs import Place
from oracle.decide.reorg import Heights
from oracle.domain import events
from oracle.domain.canonical import keccak_hex
from oracle.domain.committee import Committee
from oracle.domain.signatures import compact, sign_digest
from oracle.domain.terms import Agreement, Attestation, Attested, Opening, Terms
from oracle.domain.typed import (
    Domain,
    attestation_digest,
    commitment_digest,
    commitment_to,
    job_id,
    peers_domain,
    request_digest,
)
from oracle.domain.types import Hash, Outcome
from oracle.peers.client import PeerClient
from oracle.peers.messages import ROUTE, SIGNATURE_HEADER, ExchangeAnswer, ExchangeRequest, Reveal, Statement
from oracle.signing.signer import LocalSigner
from oracle.store import chain as chain_store
from oracle.store import peers as peer_store
from oracle.store import work as work_store
from oracle.store.chain import Header
from oracle.store.database import Database
from oracle.store.events import Happened, save_events
from oracle.store.peers import Incident
from oracle.store.work import StoredAttestation
from oracle.web.app import make_app
from oracle.web.limits import Limits
from tests.databases import unsynced

DOMAIN = Domain(31_337, "0x" + "e5" * 20)
PEERS = peers_domain(DOMAIN)
COMMITTEE, OTHER_COMMITTEE = "0x" + "c0" * 32, "0x" + "c1" * 32
DELIVERABLE = "0x" + "d1" * 32
DELIVERED_AT, JUDGE_BY = 10_010, 20_000
LIMIT = JUDGE_BY - 300  # from here on everything is shown to all
_KEYS = [bytes([7] * 31 + [index]) for index in (1, 2, 3)]
_STRANGERS_KEY = bytes([8] * 32)
SIGNERS = [LocalSigner(key) for key in _KEYS]
STRANGER = LocalSigner(_STRANGERS_KEY)
_KEY_OF = {LocalSigner(key).address: key for key in (*_KEYS, _STRANGERS_KEY)}
ACCOUNTS = tuple("0x" + f"{index:02x}" * 20 for index in (1, 2, 3))


def streamed(status: int, content: bytes, **headers: str) -> httpx.Response:
    """An answer as it comes over a wire: not read yet."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))


class AppTransport(httpx.BaseTransport):
    """An application in this process, behind an ordinary client."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        found = self._client.request(
            request.method, request.url.path, content=request.read(), headers=dict(request.headers)
        )
        return streamed(found.status_code, found.content, **dict(found.headers))


@dataclass
class Chain:
    """What all have read. One committee of three with k = 2, and another of the same three."""

    happened: list[Happened] = field(default_factory=list)
    headers: list[Header] = field(default_factory=list)

    def block(self, timestamp: int, *found: events.EscrowEvent) -> None:
        number = len(self.headers) + 1
        name = keccak_hex(str(number).encode())
        self.headers.append(Header(number, name, keccak_hex(str(number - 1).encode()), timestamp))
        self.happened += [
            Happened(event, name, Place(number, name, timestamp, position))
            for position, event in enumerate(found)
        ]

    def begin(self) -> None:
        joined = [
            events.Joined(committee, index, signer.address, 1)
            for committee in (COMMITTEE, OTHER_COMMITTEE)
            for index, signer in enumerate(SIGNERS)
        ]
        terms = committee()
        self.block(
            10_000,
            events.CommitteeCreated(COMMITTEE, terms),
            events.CommitteeCreated(OTHER_COMMITTEE, terms),
            *joined,
        )

    def job(self, salt: int = 1, *, committee: Hash = COMMITTEE, members: int = 0b111) -> Hash:
        """Open and deliver one."""
        agreement = Agreement(
            Terms("0x" + "b1" * 20, "0x" + "b2" * 20, committee, 5, 1, 1, JUDGE_BY, 100, 50),
            Opening("0x" + "a1" * 32, "0x" + "b2" * 32, 0, 0, 10_100, 11_000, salt),
        )
        job = job_id(DOMAIN, agreement)
        terms = agreement.terms
        self.block(10_005, events.JobOpened(job, terms.buyer, terms.provider, agreement, members, 0))
        self.block(DELIVERED_AT, events.Delivered(job, DELIVERABLE))
        return job


@dataclass
class Node:
    """One evaluator."""

    index: int
    database: Database
    chain: Chain
    peering: Peering
    http: TestClient
    woken: list[int]
    tabs: TabCases
    read: int = 0
    read_events: int = 0

    @property
    def signer(self) -> LocalSigner:
        return SIGNERS[self.index]

    def sync(self) -> None:
        """Read what is new on the chain."""
        with self.database.write() as session:
            chain_store.save_blocks(session, self.chain.headers[self.read :])
            save_events(session, self.chain.happened[self.read_events :])
        self.read, self.read_events = len(self.chain.headers), len(self.chain.happened)

    def attest(self, job: Hash, outcome: Outcome = Outcome.PASS) -> None:
        """Sign an attestation and store it, as the daemon does."""
        with self.database.write() as session:
            stored = signed(self.index, job, outcome, seen_at=chain_store.now(session))
            work_store.save_attestations(session, [stored])

    def tell(self, *others: int) -> None:
        """One round with each peer, or with those named."""
        for link in self.peering.exchange.links:
            if not others or ACCOUNTS.index(link.evaluator) in others:
                self.peering.exchange.step(link)

    def attested(self, job: Hash) -> dict[int, Outcome]:
        """What counts here, by evaluator."""
        with self.database.read() as session:
            situation = gather_all(session, [self.signer.address]).get(job)
        if situation is None:
            return {}
        return {index: outcome for index, (outcome, _) in situation.facts.attested.items()}

    def sends(self, job: Hash, policy: DuePolicy | None = None) -> list[Send]:
        """What it would put into its outbox now."""
        policy = policy or DuePolicy()
        with self.database.read() as session:
            now = chain_store.now(session)
            heights = Heights(self.read, self.read, self.read, now)
            situation = gather_all(session, [self.signer.address])[job]
        return [step for step in due(situation.facts, heights, policy, 0.0) if isinstance(step, Send)]

    def stored(self, job: Hash) -> list[StoredAttestation]:
        with self.database.read() as session:
            return work_store.attestations_of(session, [job])

    def committed(self, job: Hash) -> set[int]:
        with self.database.read() as session:
            return {item.evaluator for item in peer_store.commitments_of(session, [job])}

    def incidents(self) -> list[Incident]:
        with self.database.read() as session:
            return peer_store.incidents(session, limit=100)

    def kinds(self, evaluator: int) -> set[str]:
        return {item.kind for item in self.incidents() if item.evaluator == evaluator}


def signed(
    index: int,
    job: Hash,
    outcome: Outcome,
    *,
    seen_at: int = 0,
    evidence: Hash = "0x" + "ee" * 32,
    deliverable: Hash = DELIVERABLE,
    payable: int = 0,
) -> StoredAttestation:
    """An attestation by an evaluator's key."""
    attestation = Attestation(job, deliverable, outcome, evidence, payable)
    digest = attestation_digest(DOMAIN, attestation)
    r, vs = compact(sign_digest(_KEYS[index], digest))
    return StoredAttestation(
        COMMITTEE, index, SIGNERS[index].address, attestation, Attested(r, vs, evidence), digest, seen_at
    )


def statement(
    index: int,
    job: Hash,
    outcome: Outcome = Outcome.PASS,
    *,
    reveal: bool = True,
    salt: Hash = "0x" + "5a" * 32,
    committed: Outcome | None = None,
    signer: LocalSigner | None = None,
    attester: int | None = None,
    deliverable: Hash = DELIVERABLE,
    committee: Hash = COMMITTEE,
    payable: int = 0,
) -> Statement:
    """What an evaluator says, right or wrong in each way that is named."""
    about: dict[str, Any] = {"deliverable": deliverable, "payable": payable}
    made = signed(index if attester is None else attester, job, outcome, **about)
    bound = made if committed is None else signed(index, job, committed, **about)
    commitment = commitment_to(bound.digest, salt)
    digest = commitment_digest(PEERS, committee, index, job, deliverable, commitment)
    shown = Reveal(
        outcome=outcome.word,  # type: ignore[arg-type]
        payable=payable,
        evidence=made.attested.evidence,
        r=made.attested.r,
        vs=made.attested.vs,
        salt=salt,
    )
    return Statement(
        evaluator=index,
        subject=job,
        deliverable=deliverable,
        commitment=commitment,
        signature="0x" + sign_digest(_KEY_OF[(signer or SIGNERS[index]).address], digest).hex(),
        reveal=shown if reveal else None,
    )


def post(
    to: Node,
    *statements: Statement,
    sender: int = 1,
    signer: LocalSigner | None = None,
    recipient: int | None = None,
    committee: Hash = COMMITTEE,
    ahead: int = 0,
    nonce: str | None = None,
    route: str = ROUTE,
    change: Callable[[bytes], bytes] = lambda body: body,
) -> httpx.Response:
    """A request of a peer's own making."""
    body = ExchangeRequest(
        committee=committee,
        sender=sender,
        recipient=to.index if recipient is None else recipient,
        time=to.chain.headers[-1].timestamp + ahead,
        nonce=nonce or "0x" + secrets.token_hex(16),
        statements=statements,
    ).canonical()
    signature = sign_digest(_KEY_OF[(signer or SIGNERS[sender]).address], request_digest(PEERS, route, body))
    headers = {SIGNATURE_HEADER: "0x" + signature.hex()}
    return httpx.Client(transport=AppTransport(to.http)).post(
        "http://testserver" + ROUTE, content=change(body), headers=headers
    )


@contextmanager
def nodes(urls: Sequence[str], chain: Chain, **settings: float) -> Iterator[list[Node]]:
    """Three evaluators that can reach each other, each with its database. Only `tell` makes them speak."""
    section = PeersSection.model_validate({"again_every": 1_000.0, **settings})
    clients = [TestClient(make_app([], limits=Limits())) for _ in SIGNERS]
    made = []
    for index, signer in enumerate(SIGNERS):
        database = Database(urls[index])
        unsynced(database)
        others = {
            ACCOUNTS[other]: PeerClient(
                "http://testserver", seconds=5.0, http=httpx.Client(transport=AppTransport(clients[other]))
            )
            for other in range(len(SIGNERS))
            if other != index
        }
        woken: list[int] = []
        tabs = TabCases()
        peering = Peering(
            section,
            database,
            {signer.address: signer},
            DOMAIN,
            clients=others,
            cases=AllCases(JobCases(), tabs),
        )
        peering.on_news(lambda woken=woken: woken.append(1))  # type: ignore[misc]
        clients[index].app.include_router(peering.router)  # type: ignore[attr-defined]
        made.append(Node(index, database, chain, peering, clients[index], woken, tabs))
    try:
        yield made
    finally:
        for node in made:
            node.database.close()


def delivered(chain: Chain, trio: list[Node], salt: int = 1) -> Hash:
    """A new job that was delivered, as every node has read it."""
    job = chain.job(salt)
    for node in trio:
        node.sync()
    return job


def results(response: httpx.Response) -> tuple[str, ...]:
    """What a node makes of each statement it was sent."""
    assert response.status_code == 200, response.text
    return ExchangeAnswer.parse(response.content).results


def committee() -> Committee:
    """Three evaluators, two of whom are a quorum."""
    return Committee(
        evaluators=ACCOUNTS,
        threshold=2,
        stake=1,
        methodology="0x" + "4d" * 32,
        arbiter="0x" + "aa" * 20,
        arbiter_cost=0,
        fee_flat=0,
        fee_rate=0,
        max_value=10**9,
        min_verdict=1,
        min_ruling=1,
        max_challenge=1_000,
        silence=0,
    )
