"""JSON text of what every job has: its agreement and its four usual events, written without a serializer.

A serializer asks each value for its fields, one by one; this runs for every event there ever was. What stands
in quotes is hex, which was looked at where it was read from the chain: nothing of it needs escaping. A test
compares each text with the serializer's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from oracle.domain.events import Delivered, JobClosed, JobOpened, Judged
from oracle.domain.terms import Agreement

AGREEMENT: Final = '"agreement":'
"""What stands before an opening's agreement."""

NO_AGREEMENT: Final = f"{AGREEMENT}null"
"""What stands in a stored opening instead: the agreement is with the job."""


def agreement_text(agreement: Agreement) -> str:
    """An agreement."""
    terms, opening = agreement.terms, agreement.opening
    return (
        f'{{"terms":{{"buyer":"{terms.buyer}","provider":"{terms.provider}","committee":"{terms.committee}",'
        f'"gated":{terms.gated},"bond":{terms.bond},"fee":{terms.fee},"judge_by":{terms.judge_by},'
        f'"challenge":{terms.challenge},"ruling":{terms.ruling}}},'
        f'"opening":{{"pact":"{opening.pact}","offchain":"{opening.offchain}","agent_id":{opening.agent_id},'
        f'"up_front":{opening.up_front},"open_by":{opening.open_by},"deliver_by":{opening.deliver_by},'
        f'"salt":{opening.salt}}}}}'
    )


def opened_text(event: JobOpened) -> str:
    """An opening as it is stored: without its agreement, which stands in its job's row (`store.bodies`)."""
    return (
        f'{{"job":"{event.job}","buyer":"{event.buyer}","provider":"{event.provider}",'
        f'{NO_AGREEMENT},"members":{event.members},"epoch":{event.epoch}}}'
    )


def _delivered(event: Delivered) -> str:
    return f'{{"job":"{event.job}","deliverable":"{event.deliverable}"}}'


def _judged(event: Judged) -> str:
    evidence = '"' + '","'.join(event.evidence) + '"' if event.evidence else ""
    return (
        f'{{"job":"{event.job}","outcome":{int(event.outcome)},"signers":{event.signers},'
        f'"challenge_ends":{event.challenge_ends},"evidence":[{evidence}]}}'
    )


def _closed(event: JobClosed) -> str:
    return (
        f'{{"job":"{event.job}","outcome":{int(event.outcome)},"how":{int(event.how)},"to_buyer":{event.to_buyer},'
        f'"to_provider":{event.to_provider},"to_evaluators":{event.to_evaluators},'
        f'"evaluator_set":{event.evaluator_set},"paid":{event.paid}}}'
    )


EVENT_TEXTS: dict[type, Callable[[Any], str]] = {
    Delivered: _delivered,
    Judged: _judged,
    JobClosed: _closed,
}
"""By the event's kind. An opening is not among them: the store never writes one in full."""
