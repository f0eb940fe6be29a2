"""What a change is, and the message that tells it. Values only: nothing here reads or sends."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import orjson

from oracle.domain.types import Address, Hash


class ChangeKind(StrEnum):
    """What may be subscribed to. `WEBHOOK`: deliveries that were given up."""

    SCORE = "score"
    COVERAGE = "coverage"
    JOB = "job"
    TAB = "tab"
    DISPUTE = "dispute"
    WEBHOOK = "webhook"


EVENTS: Final[Mapping[str, tuple[ChangeKind, str]]] = {
    "JobOpened": (ChangeKind.JOB, "opened"),
    "Delivered": (ChangeKind.JOB, "delivered"),
    "Judged": (ChangeKind.JOB, "judged"),
    "Lapsed": (ChangeKind.JOB, "lapsed"),
    "JobClosed": (ChangeKind.JOB, "closed"),
    "Disputed": (ChangeKind.DISPUTE, "opened"),
}
"""Events of the escrow that are told, with the kind and the word for what happened."""

TAB_EVENTS: Final[Mapping[str, tuple[ChangeKind, str]]] = {
    "TabOpened": (ChangeKind.TAB, "opened"),
    "Presented": (ChangeKind.TAB, "presented"),
    "PeriodJudged": (ChangeKind.TAB, "judged"),
    "PeriodLapsed": (ChangeKind.TAB, "lapsed"),
    "PeriodSettled": (ChangeKind.TAB, "settled"),
    "Defaulted": (ChangeKind.TAB, "defaulted"),
    "TabClosed": (ChangeKind.TAB, "closed"),
    "PeriodDisputed": (ChangeKind.DISPUTE, "opened"),
}
"""The same of the tab contract."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that changed.

    Args:
        name: Its id: the same however often it is derived from the same block; see `told_again`.
        agent: Whom it is about; None for what is about no agent.
        subject: The job or tab.
        height: The block it follows from.
        body: The message, as JSON text: what every subscriber gets, at every try.
    """

    name: str
    kind: ChangeKind
    agent: Address | None
    subject: Hash | None
    height: int
    height_hash: Hash
    body: str


def make_change(
    kind: ChangeKind,
    word: str,
    *,
    data: Mapping[str, Any],
    time: float,
    height: int,
    height_hash: Hash,
    of: str,
    agent: Address | None = None,
    subject: Hash | None = None,
    corrects: str | None = None,
) -> Change:
    """A change with its message.

    Args:
        word: What happened, such as "closed".
        time: Unix seconds, of the chain where it follows from a block.
        of: What tells it from other changes of this kind and word in this block.
        corrects: The id of a change that was told and no longer holds.
    """
    told = f"{kind}\n{word}\n{height_hash}\n{of}\n{corrects or ''}"
    name = _name(told)
    body = {
        "type": f"{kind}.{word}",
        "timestamp": _iso(time),
        "id": name,
        "corrects": corrects,
        "data": dict(data),
    }
    return Change(name, kind, agent, subject, height, height_hash, orjson.dumps(body).decode())


def told_again(change: Change) -> Change:
    """The same change under the next id: its block was orphaned, and is back after that was corrected.

    Whoever drops ids that were seen would drop it under the first one.
    """
    name = _name(change.name)
    body = orjson.loads(change.body) | {"id": name}
    return replace(change, name=name, body=orjson.dumps(body).decode())


def message_id(webhook: str, change: str) -> str:
    """The one id of a delivery: the same at every try, and if it is queued again after a crash."""
    return "msg_" + hashlib.sha256(f"{webhook}\n{change}".encode()).hexdigest()[:32]


def _name(of: str) -> str:
    return "chg_" + hashlib.sha256(of.encode()).hexdigest()[:32]


def _iso(time: float) -> str:
    try:
        return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):  # a chain's clock may say anything
        return "1970-01-01T00:00:00Z"
