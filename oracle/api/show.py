"""What the store holds, in the API's words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy.orm import Session

from oracle.api import models
from oracle.decide.jobs import EvaluatorRecord
from oracle.domain.committee import Committee
from oracle.domain.types import ZERO_ADDRESS, Basis, Hash, State, members_of
from oracle.score import v1
from oracle.score.document import pieces_text
from oracle.score.evidence import Evidence
from oracle.store import jobs as job_store
from oracle.store import listing
from oracle.store import tabs as tab_store
from oracle.store.listing import ListedEvent, ListedJob, Slashing
from oracle.store.registry import Post
from oracle.store.screening import Screening
from oracle.store.standings import Standing

_DAY = 86_400


def agent_line(standing: Standing) -> models.AgentLine:
    """An agent in a list."""
    return models.AgentLine(
        agent=standing.agent,
        jobs=standing.jobs,
        first_block=standing.first_block,
        score=standing.score,
        interval=(standing.lower, standing.upper),
        running=standing.running,
        exposure=str(standing.exposure),
        cap=str(standing.cap),
        last_pass=standing.last_pass,
        price=str(standing.price) if standing.jobs else None,
    )


def screening(one: Screening) -> models.ScreeningLine:
    """A public benchmark's result."""
    return models.ScreeningLine(
        id=one.id,
        agent_id=None if one.agent_id is None else str(one.agent_id),
        benchmark=one.benchmark,
        result=one.result,
        source=one.source,
        measured_on=one.measured_on,
        scope=one.scope,
    )


def feedback(post: Post) -> models.Feedback:
    """A feedback."""
    return models.Feedback(
        agent_id=str(post.agent_id),
        since=post.start,
        until=post.end,
        passes=post.passes,
        failures=post.failures,
        value=post.value,
        state=post.state,
        reason=post.reason,
        document=post.digest,
        summary=post.summary,
    )


def job(listed: ListedJob) -> models.Job:
    """A job."""
    agreement, record = listed.agreement, listed.record
    terms, opening = agreement.terms, agreement.opening
    judged = record.state in (State.JUDGED, State.DISPUTED, State.CLOSED)
    return models.Job(
        job=listed.job,
        block=listed.block,
        buyer=terms.buyer,
        provider=terms.provider,
        agent_id=str(opening.agent_id),
        committee=terms.committee,
        pact=opening.pact,
        offchain=opening.offchain,
        price=str(agreement.price),
        up_front=str(opening.up_front),
        gated=str(terms.gated),
        bond=str(terms.bond),
        fee=str(terms.fee),
        challenge=terms.challenge,
        secured=terms.challenge > 0,
        opened_at=record.opened_at,
        deliver_by=opening.deliver_by,
        judge_by=terms.judge_by,
        state=record.state.word,
        deliverable=record.deliverable,
        delivered_at=record.delivered_at or None,
        outcome=record.outcome.word if record.outcome else None,
        basis=record.basis.word if judged and record.outcome else None,
        signers=tuple(members_of(record.signers)),
        evidence=tuple(record.evidence),
        deadline=record.deadline or None,
        disputant=record.disputant,
        sought=record.sought.word if record.sought else None,
        deposit=str(record.deposit) if record.disputant is not None else None,
        ending=None if record.ending is None else record.ending.word,
        to_buyer=str(record.to_buyer),
        to_provider=str(record.to_provider),
        to_evaluators=str(record.to_evaluators),
        to_arbiter=str(record.to_arbiter),
        closed_at=record.closed_at or None,
    )


def event(listed: ListedEvent) -> models.Event:
    """An event. Numbers of 256 bits do not survive every reader of JSON, so all are strings."""
    return models.Event(
        block=listed.block,
        log_index=listed.log_index,
        tx_hash=listed.tx_hash,
        name=listed.name,
        subject=listed.subject,
        arguments=event_arguments(listed.body),
    )


def event_arguments(body: str) -> Any:
    """An event's arguments as they are kept, whole numbers as decimal strings."""
    return _told(json.loads(body))  # not orjson: integers of any size


def _told(value: Any) -> Any:
    match value:
        case bool() | None | str():
            return value
        case int():
            return str(value)
        case dict():
            return {key: _told(one) for key, one in value.items()}
        case _:
            return [_told(one) for one in value]


def committee(id_: Hash, block: int, terms: Committee) -> models.Committee:
    """A committee's terms."""
    return models.Committee(
        committee=id_,
        block=block,
        threshold=terms.threshold,
        evaluators=terms.evaluators,
        stake=str(terms.stake),
        methodology=terms.methodology,
        arbiter=terms.arbiter,
        arbiter_cost=str(terms.arbiter_cost),
        fee_flat=str(terms.fee_flat),
        fee_rate=terms.fee_rate,
        max_value=str(terms.max_value),
        min_verdict=terms.min_verdict,
        min_ruling=terms.min_ruling,
        max_challenge=terms.max_challenge,
        silence=str(terms.silence),
    )


def evaluators(
    session: Session, listed: Iterable[tuple[Hash, int, EvaluatorRecord]]
) -> tuple[models.Evaluator, ...]:
    """Evaluators with what they were slashed for."""
    found = list(listed)
    committees = {id_ for id_, _, _ in found}
    terms = {id_: job_store.get_committee(session, id_) for id_ in committees}
    lost = _losses(session, committees)
    shown = []
    for id_, index, record in found:
        known = terms[id_]
        slashed, overturned, silent = lost.get((id_, index), (0, 0, 0))
        shown.append(
            models.Evaluator(
                committee=id_,
                index=index,
                account=ZERO_ADDRESS if known is None else known.evaluators[index],
                key=None if record.key == ZERO_ADDRESS else record.key,
                standing=record.standing.word,
                stake=str(record.stake),
                owed=str(record.owed),
                slashed=str(slashed),
                overturned=overturned,
                silent=silent,
                equivocated=record.expelled,
            )
        )
    return tuple(shown)


def _losses(session: Session, committees: Iterable[Hash]) -> Mapping[tuple[Hash, int], tuple[int, int, int]]:
    """Amount slashed, how often for an overturned verdict, how often for silence: by committee and index."""
    found = [(one, orjson.loads(one.body)) for one in listing.slashings(session, list(committees))]
    silences = _silences(session, [(one, body["subject"]) for one, body in found])
    lost: dict[tuple[Hash, int], tuple[int, int, int]] = {}
    for (one, body), was_silent in zip(found, silences, strict=True):
        for index in members_of(int(body["slashed"])):
            amount, overturned, silent = lost.get((one.committee, index), (0, 0, 0))
            lost[one.committee, index] = (
                amount + int(body["each"]),
                overturned + (not was_silent),
                silent + was_silent,
            )
    return lost


def _silences(session: Session, slashings: Sequence[tuple[Slashing, Hash]]) -> list[bool]:
    """Whether each of these slashings, of a job or of a tab, was for silence."""
    jobs = job_store.get_jobs(session, {subject for _, subject in slashings})
    of_tabs = [(subject, (one.block, one.log_index)) for one, subject in slashings if subject not in jobs]
    said = iter(tab_store.last_said(session, of_tabs))
    return [
        jobs[subject].record.basis is Basis.SILENCE if subject in jobs else next(said) == "PeriodLapsed"
        for _, subject in slashings
    ]


def score_points(
    evidence: Iterable[Evidence], roots: frozenset[Hash], *, time: int, days: int
) -> tuple[models.ScorePoint, ...]:
    """Scores at the last `days` midnights up to a time, the oldest first."""
    standing, rest = v1.Standing(roots), iter(evidence)
    piece = next(rest, None)
    points = []
    last = time - time % _DAY
    for midnight in range(max(0, last - (days - 1) * _DAY), last + 1, _DAY):
        while piece is not None and piece.at <= midnight:
            standing.add(piece)
            piece = next(rest, None)
        found = standing.score(midnight)
        points.append(
            models.ScorePoint(
                time=midnight,
                score=found.value,
                interval=found.interval,
                effective=pieces_text(found.effective),
            )
        )
    return tuple(points)
