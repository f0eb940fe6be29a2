"""Attestations about tabs between evaluators: each serves what it has, and fetches what the others have.

An attestation proves itself by its signature, so nobody has to say who they are. There is no commitment
before the vote as for jobs (docs/tabs.md says what follows from that).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final, Literal

import httpx
import structlog
from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import Field

from oracle.decide.jobs import EvaluatorRecord
from oracle.domain.amounts import AmountText
from oracle.domain.canonical import HashHex
from oracle.domain.document import Document, Part
from oracle.domain.errors import EarnestError
from oracle.domain.signatures import SignatureError, recover
from oracle.domain.terms import Attestation, Attested
from oracle.domain.typed import Domain, attestation_digest
from oracle.domain.types import Hash, Outcome
from oracle.evaluation.record import Word
from oracle.store import chain, work
from oracle.store.database import Database
from oracle.store.work import StoredAttestation

log = structlog.get_logger(__name__)

ROUTE: Final = "/tabs/1/attestations"
MAX_ANSWER_BYTES: Final = 262_144
_HASH = r"^0x[0-9a-f]{64}$"
_OUTCOMES = {"pass": Outcome.PASS, "fail": Outcome.FAIL, "lapse": Outcome.LAPSE}


class TabStatement(Part):
    """One evaluator's attestation on a period."""

    evaluator: Annotated[int, Field(ge=0, lt=32)]
    outcome: Word
    payable: AmountText
    evidence: HashHex
    r: HashHex
    vs: HashHex


class TabStatements(Document):
    """What an evaluator has heard about one period."""

    schema_: Literal["earnest/tab-statements/1"] = Field(alias="schema", default="earnest/tab-statements/1")
    committee: HashHex
    tab: HashHex
    deliverable: HashHex
    statements: Annotated[tuple[TabStatement, ...], Field(max_length=64)]


def statements_router(database: Database) -> APIRouter:
    """`GET /tabs/1/attestations/{committee}/{tab}/{deliverable}`: everything stored about a period."""
    router = APIRouter()

    @router.get(ROUTE + "/{committee}/{tab}/{deliverable}")
    def get(
        committee: Annotated[str, Path(pattern=_HASH)],
        tab: Annotated[str, Path(pattern=_HASH)],
        deliverable: Annotated[str, Path(pattern=_HASH)],
    ) -> Response:
        with database.read() as session:
            found = [
                item
                for item in work.attestations_of(session, [tab])
                if item.committee == committee and item.attestation.deliverable == deliverable
            ]
        said = TabStatements(
            committee=committee,
            tab=tab,
            deliverable=deliverable,
            statements=tuple(_statement(item) for item in found[:64]),
        )
        return Response(said.canonical(), media_type="application/json")

    return router


class TabPeers:
    """Asks the other evaluators.

    Args:
        urls: Where they serve.
        domain: The escrow's.
        seconds: For one answer.
        http: For tests.
    """

    def __init__(
        self,
        urls: Sequence[str],
        domain: Domain,
        *,
        seconds: float,
        http: httpx.Client | None = None,
    ) -> None:
        self._urls = tuple(url.rstrip("/") for url in urls)
        self._domain = domain
        self._http = http or httpx.Client(follow_redirects=False, trust_env=False, timeout=seconds)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def fetch(
        self,
        database: Database,
        committee: Hash,
        tab: Hash,
        deliverable: Hash,
        records: Mapping[int, EvaluatorRecord],
    ) -> int:
        """Store what the others have about a period, each signature checked. Returns how many are new."""
        new = 0
        for url in self._urls:
            try:
                said = self._ask(f"{url}{ROUTE}/{committee}/{tab}/{deliverable}")
            except (httpx.HTTPError, EarnestError) as error:
                log.info("tab_peer_silent", peer=url, reason=type(error).__name__)
                continue
            if (said.committee, said.tab, said.deliverable) != (committee, tab, deliverable):
                continue
            checked = [self._checked(said, each, records) for each in said.statements]
            with database.write() as session:
                seen_at = chain.now(session)
                new += work.save_attestations(
                    session, [replace(item, seen_at=seen_at) for item in checked if item is not None]
                )
        return new

    def _ask(self, url: str) -> TabStatements:
        with self._http.stream("GET", url, headers={"accept-encoding": "identity"}) as response:
            data = bytearray()
            for chunk in response.iter_raw(65_536):
                data += chunk
                if len(data) > MAX_ANSWER_BYTES:
                    raise EarnestError("its answer is too large", field="peer")
        if response.status_code != 200:
            raise EarnestError(f"it answers {response.status_code}", field="peer")
        return TabStatements.parse(bytes(data), what="the answer", max_bytes=MAX_ANSWER_BYTES)

    def _checked(
        self, said: TabStatements, one: TabStatement, records: Mapping[int, EvaluatorRecord]
    ) -> StoredAttestation | None:
        record = records.get(one.evaluator)
        attestation = Attestation(
            said.tab, said.deliverable, _OUTCOMES[one.outcome], one.evidence, int(one.payable)
        )
        attested = Attested(one.r, one.vs, one.evidence)
        digest = attestation_digest(self._domain, attestation)
        try:
            signer = recover(digest, attested.signature)
        except SignatureError:
            return None
        if record is None or record.expelled or signer != record.key:
            return None
        return StoredAttestation(said.committee, one.evaluator, signer, attestation, attested, digest)


def _statement(item: StoredAttestation) -> TabStatement:
    words: dict[str, Word] = {"pass": "pass", "fail": "fail", "lapse": "lapse"}
    return TabStatement(
        evaluator=item.evaluator,
        outcome=words[item.attestation.outcome.word],
        payable=str(item.attestation.payable),
        evidence=item.attestation.evidence,
        r=item.attested.r,
        vs=item.attested.vs,
    )
