"""Who wants to be told, and what is to be told to whom: stored before it is sent."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from oracle.domain.types import Address
from oracle.store.rows import insert_rows
from oracle.store.tables import ChangeRow, DeliveryRow, WebhookRow

_KEPT = 1_000  # changes


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription. `agents`: empty for all; `stopped`: why nothing is sent to it any more."""

    id: str
    url: str
    kinds: frozenset[str]
    agents: frozenset[Address]
    created_at: float
    stopped: str | None

    def wants(self, kind: str, agent: Address | None) -> bool:
        """Whether a change is for it. One about no agent is for all who want its kind."""
        return kind in self.kinds and (not self.agents or agent is None or agent in self.agents)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A change to be told to a subscriber. `tries`: how often it was sent so far."""

    id: int
    webhook: str
    change: int
    message: str
    tries: int
    body: str


@dataclass(frozen=True, slots=True)
class Tally:
    """A subscription's deliveries by where they stand, and the last error of one that is due or dead."""

    due: int
    done: int
    dead: int
    error: str | None


def add(session: Session, webhook: Webhook) -> None:
    """Keep a subscription."""
    session.add(
        WebhookRow(
            id=webhook.id,
            url=webhook.url,
            kinds=" ".join(sorted(webhook.kinds)),
            agents=" ".join(sorted(webhook.agents)),
            created_at=webhook.created_at,
            stopped=webhook.stopped,
        )
    )
    session.flush()


def get(session: Session, id_: str) -> Webhook | None:
    """One subscription."""
    row = session.get(WebhookRow, id_)
    return None if row is None else _webhook(row)


def every(session: Session) -> list[Webhook]:
    """All subscriptions, the oldest first."""
    return [_webhook(row) for row in session.scalars(select(WebhookRow).order_by(WebhookRow.created_at))]


def remove(session: Session, id_: str) -> bool:
    """Forget a subscription and what was to be sent to it. Whether there was one."""
    row = session.get(WebhookRow, id_)
    if row is None:
        return False
    session.execute(delete(DeliveryRow).where(DeliveryRow.webhook == id_))
    session.delete(row)
    return True


def stop(session: Session, id_: str, reason: str) -> None:
    """Send nothing more to a subscriber; what is due is dead."""
    session.execute(update(WebhookRow).where(WebhookRow.id == id_).values(stopped=reason))
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.webhook == id_, DeliveryRow.state == "due")
        .values(state="dead", error=reason, ended_at=time.time())
    )


def queue(session: Session, wanted: Sequence[tuple[str, int, str]], *, now: float) -> None:
    """Store deliveries: subscription, change, and the id of the message."""
    insert_rows(
        session,
        DeliveryRow,
        [
            {"webhook": webhook, "change": change, "message": message, "state": "due", "tries": 0,
             "retry_at": now, "error": None, "ended_at": None}
            for webhook, change, message in wanted
        ],
    )  # fmt: skip


def due(
    session: Session, webhook: str, *, now: float, limit: int, without: Collection[int] = ()
) -> list[Delivery]:
    """What is to be sent to a subscriber now, what was noticed first first."""
    query = (
        select(DeliveryRow, ChangeRow.body)
        .join(ChangeRow, ChangeRow.id == DeliveryRow.change)
        .where(DeliveryRow.webhook == webhook, DeliveryRow.state == "due", DeliveryRow.retry_at <= now)
        .order_by(DeliveryRow.id)
        .limit(limit)
    )
    if without:
        query = query.where(DeliveryRow.id.not_in(without))
    return [
        Delivery(row.id, row.webhook, row.change, row.message, row.tries, body)
        for row, body in session.execute(query)
    ]


def done(session: Session, id_: int) -> None:
    """A delivery was taken."""
    _ended(session, id_, "done", None)


def failed(session: Session, id_: int, error: str, *, retry_at: float | None) -> None:
    """A delivery was not taken; it is tried again, or dead (`retry_at` None)."""
    if retry_at is None:
        _ended(session, id_, "dead", error)
        return
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == id_, DeliveryRow.state == "due")
        .values(tries=DeliveryRow.tries + 1, retry_at=retry_at, error=error)
    )


def _ended(session: Session, id_: int, state: str, error: str | None) -> None:
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == id_, DeliveryRow.state == "due")
        .values(state=state, tries=DeliveryRow.tries + 1, error=error, ended_at=time.time())
    )


def tally(session: Session, webhook: str) -> Tally:
    """How a subscription's deliveries stand."""
    counts = dict(
        session.execute(
            select(DeliveryRow.state, func.count())
            .where(DeliveryRow.webhook == webhook)
            .group_by(DeliveryRow.state)
        ).all()
    )
    error = session.scalar(
        select(DeliveryRow.error)
        .where(DeliveryRow.webhook == webhook, DeliveryRow.error.is_not(None))
        .order_by(DeliveryRow.id.desc())
        .limit(1)
    )
    return Tally(counts.get("due", 0), counts.get("done", 0), counts.get("dead", 0), error)


def forget(session: Session, *, before: float) -> None:
    """Take away deliveries that ended, and changes noticed, before this, unless they are still to be sent.

    The newest changes stay however old: after a reorg they say where the branches part.
    """
    newest = session.scalar(select(func.max(ChangeRow.id))) or 0
    session.execute(delete(DeliveryRow).where(DeliveryRow.ended_at < before))
    session.execute(
        delete(ChangeRow).where(
            ChangeRow.noticed_at < before,
            ChangeRow.id <= newest - _KEPT,
            ~exists().where(DeliveryRow.change == ChangeRow.id),
        )
    )


def _webhook(row: WebhookRow) -> Webhook:
    return Webhook(
        row.id,
        row.url,
        frozenset(row.kinds.split()),
        frozenset(row.agents.split()),
        row.created_at,
        row.stopped,
    )
