"""A score as a document: what the command line prints and the API answers, in the same words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from oracle.domain.types import Address, Hash
from oracle.score import v1
from oracle.score.coverage import Coverage
from oracle.score.evidence import Contest, Evidence, Finding, Kind

Thousandths = Annotated[int, Field(ge=0, le=1000)]
Pieces = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]{3}$")]
"""Pieces of evidence with three decimals, rounded down."""
Amount = Annotated[str, Field(pattern=r"^[0-9]+$")]
"""USDC base units as a decimal string."""


class Document(BaseModel):
    """Nothing unknown, nothing changed later."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class At(Document):
    """The block that everything was read at. `time` is the block's, Unix seconds.

    `tabs`: the tab contract whose periods are evidence too; null where jobs alone are read.
    """

    chain_id: int
    escrow: Address
    tabs: Address | None = None
    block: int
    block_hash: Hash
    time: int


class Disputes(Document):
    """Decided disputes as they count now. `lost_share`: limits of the share that was lost, thousandths."""

    won: Pieces
    lost: Pieces
    lost_share: tuple[Thousandths, Thousandths]


class CoverageDocument(Document):
    """What the agent has to lose now. It caps trust and never enters the score."""

    running: int
    bonded: Amount
    exposure: Amount
    unbacked: Amount
    cap: Amount


class ScoreDocument(Document):
    """A score and what stands beside it. `score`: thousandths; null where the agent is unknown."""

    at: At
    agent: Address
    agent_id: str | None
    version: int
    roots: tuple[Hash, ...]
    score: Thousandths | None
    interval: tuple[Thousandths, Thousandths]
    mean: Thousandths | None
    effective: Pieces
    passes: Pieces
    failures: Pieces
    pieces: int
    counterparties: int
    disputes: Disputes
    settled: Amount
    last_pass: int | None
    coverage: CoverageDocument


class EvidenceDocument(Document):
    """One piece of evidence, what it added when it came, and what is left of that."""

    kind: Kind
    subject: Hash
    period: int
    block: int
    log_index: int
    time: int
    counterparty: Address
    committee: Hash
    finding: Finding
    dispute: Contest
    value: Amount
    bond: Amount
    secured: bool
    added_passes: Pieces
    added_failures: Pieces
    left_passes: Pieces
    left_failures: Pieces
    reason: str


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is scored, and by which roots."""

    agent: Address
    agent_id: int | None
    roots: frozenset[Hash]


def pieces_text(amount: int) -> str:
    """Parts of `v1.UNIT` as pieces with three decimals, rounded down."""
    thousandths = amount * 1_000 // v1.UNIT
    return f"{thousandths // 1_000}.{thousandths % 1_000:03d}"


def score_document(at: At, subject: Subject, score: v1.Score, covered: Coverage) -> ScoreDocument:
    """The document of a score."""
    return ScoreDocument(
        at=at,
        agent=subject.agent,
        agent_id=None if subject.agent_id is None else str(subject.agent_id),
        version=score.version,
        roots=tuple(sorted(subject.roots)),
        score=score.value,
        interval=score.interval,
        mean=score.mean,
        effective=pieces_text(score.effective),
        passes=pieces_text(score.passes),
        failures=pieces_text(score.failures),
        pieces=score.pieces,
        counterparties=score.counterparties,
        disputes=Disputes(
            won=pieces_text(score.disputes_won),
            lost=pieces_text(score.disputes_lost),
            lost_share=score.lost_interval,
        ),
        settled=str(score.settled),
        last_pass=score.last_pass,
        coverage=CoverageDocument(
            running=covered.running,
            bonded=str(covered.bonded),
            exposure=str(covered.exposure),
            unbacked=str(covered.unbacked),
            cap=str(covered.cap),
        ),
    )


def explained(
    evidence: Iterable[Evidence], roots: frozenset[Hash], *, time: int
) -> Sequence[EvidenceDocument]:
    """What each piece added, in the order of the chain, and what is left of it at a time (Unix seconds)."""
    standing = v1.Standing(roots)
    told: list[EvidenceDocument] = []
    for piece in evidence:
        added = standing.add(piece)
        left = v1.left_of(added, since=piece.at, at=time)
        told.append(
            EvidenceDocument(
                kind=piece.kind,
                subject=piece.subject,
                period=piece.period,
                block=piece.block,
                log_index=piece.log_index,
                time=piece.at,
                counterparty=piece.counterparty,
                committee=piece.committee,
                finding=piece.finding,
                dispute=piece.contest,
                value=str(piece.value),
                bond=str(piece.bond),
                secured=piece.secured,
                added_passes=pieces_text(added.passes),
                added_failures=pieces_text(added.failures),
                left_passes=pieces_text(left.passes),
                left_failures=pieces_text(left.failures),
                reason=added.reason,
            )
        )
    return told
