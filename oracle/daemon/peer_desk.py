"""Answers other evaluators' requests: who may ask, and what becomes of what they say."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from oracle.daemon.peer_intake import STORED, Known, PeerIntake
from oracle.daemon.peer_view import deliveries, said_to
from oracle.domain.errors import EarnestError
from oracle.domain.signatures import SignatureError, recover
from oracle.domain.typed import Domain, peers_domain, request_digest
from oracle.domain.types import Address, Hash
from oracle.peers.limits import Rates
from oracle.peers.messages import MAX_STATEMENTS, ROUTE, ExchangeAnswer, ExchangeRequest, Statement, wire
from oracle.peers.router import RequestRefusedError
from oracle.store import chain as chain_store
from oracle.store import jobs as job_store
from oracle.store import peers as peer_store
from oracle.store.database import Database

log = structlog.get_logger(__name__)


class PeerDesk:
    """The receiving side of the exchange.

    Args:
        time_window: Seconds by which the chain's time in a request may differ from the one we have read. No
            machine's clock matters. The nonce is kept until such a time is too old anyway.
        reveal_before: See `decide.exchange`.
        rates: How often one evaluator may ask.
        wake: Called when something new was stored.
    """

    def __init__(
        self,
        database: Database,
        intake: PeerIntake,
        domain: Domain,
        *,
        time_window: int,
        reveal_before: int,
        rates: Rates,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._intake = intake
        self._peers = peers_domain(domain)
        self._window = time_window
        self._reveal_before = reveal_before
        self._rates = rates
        self._wake = wake

    def exchange(self, body: bytes, signature: str) -> bytes:
        """See `peers.router.Desk`.

        Raises:
            RequestRefusedError: not from a peer, not for us, not now, or seen before.
        """
        try:
            request = ExchangeRequest.parse(body, what="the request")
        except EarnestError as error:
            raise RequestRefusedError(400, error.message[:500]) from error
        try:
            signer = self._admit(request, body, signature)
            return self._answer(request, signer)
        except (OperationalError, IntegrityError) as error:
            log.warning("database_unusable", reason=str(error.orig), doing="a peer's request")
            raise RequestRefusedError(503, "not now") from error

    def _admit(self, request: ExchangeRequest, body: bytes, signature: str) -> Address:
        """The key of the evaluator that sent it, by the chain as stored, never by what the request says."""
        with self._database.read() as session:
            records = job_store.evaluators(session, request.committee)
            now = chain_store.now(session)
        mine = self._intake.held(records)
        if request.recipient not in mine:
            raise RequestRefusedError(404, f"evaluator {request.recipient} of this committee is not here")
        record = records.get(request.sender)
        signer = _signer_of(request_digest(self._peers, ROUTE, body), signature)
        if record is None or signer is None or signer != record.key:
            raise RequestRefusedError(
                401, f"not signed by the current key of evaluator {request.sender}, as far as we have read"
            )
        if record.expelled:
            raise RequestRefusedError(403, "this evaluator is expelled")
        if not self._rates.allows((request.committee, request.sender)):
            self._note(request, "too-many-requests", "it asks more often than is allowed")
            raise RequestRefusedError(429, "too many requests")
        if abs(now - request.time) > self._window:
            self._note(request, "time", f"its chain is {request.time - now} s from ours")
            raise RequestRefusedError(
                401, f"the request is of {request.time} by the chain's time, and we have read up to {now}"
            )
        return signer

    def _answer(self, request: ExchangeRequest, signer: Address) -> bytes:
        results: list[str] = []
        statements: list[Statement] = []
        with self._intake.lock, self._database.write() as session:
            fresh = peer_store.use_nonce(
                session,
                signer,
                request.nonce,
                now=chain_store.now(session),
                expires_at=request.time + 2 * self._window,
            )
            if fresh:
                known = self._intake.known(session, request.committee, request.statements)
                results = self._intake.take_all(session, known, request.sender, request.statements)
                statements = self._say(session, request, known)  # with what it just brought
        if not fresh:
            self._note(request, "replay", "a request of it came a second time")
            raise RequestRefusedError(409, "this request was seen before")
        if STORED in results:
            self._wake()
        return wire(ExchangeAnswer(results=tuple(results), statements=tuple(statements)))

    def _say(self, session: Session, request: ExchangeRequest, known: Known) -> list[Statement]:
        """What the sender may hear about the deliveries it named."""
        terms = job_store.get_committee(session, request.committee)
        if terms is None:
            return []
        asked: set[tuple[Hash, Hash]] = {(item.subject, item.deliverable) for item in request.statements}
        mine = self._intake.held(known.records)
        found = []
        for delivery in deliveries(
            request.committee,
            list(dict.fromkeys(item.subject for item in request.statements)),
            cases=known.cases,
            threshold=terms.threshold,
            records=known.records,
            commitments=known.all_commitments,
            attestations=known.all_attestations,
        ):
            if (delivery.case.subject, delivery.deliverable) in asked:
                said = said_to(delivery, request.sender, mine, known.timestamp, self._reveal_before)
                found += [item.statement for item in said]
        return found[: 4 * MAX_STATEMENTS]

    def _note(self, request: ExchangeRequest, kind: str, detail: str) -> None:
        with self._database.write() as session:
            new = peer_store.note_incident(session, request.committee, request.sender, kind, detail)
        if new:
            log.warning(
                "peer_incident", kind=kind, committee=request.committee, evaluator=request.sender,
                detail=detail,
            )  # fmt: skip


def _signer_of(digest: Hash, signature: str) -> Address | None:
    try:
        return recover(digest, bytes.fromhex(signature.removeprefix("0x")))
    except (SignatureError, ValueError):
        return None
