"""The four events that every job has, read without the general reader's loops.

Whatever is not as it nearly always is, is None: the general reader then reads it, or says what is wrong with
it. A test compares both.
"""

from __future__ import annotations

from collections.abc import Callable

from oracle.chain.packed import job_closed, job_opened, judged
from oracle.chain.quantities import RawLog
from oracle.domain.events import Delivered, EscrowEvent
from oracle.domain.quick import maker
from oracle.domain.types import Ending, Outcome

_WORD = 64  # hex digits
_LAST_OUTCOME, _LAST_ENDING = int(Outcome.LAPSE), int(Ending.AGREED)
_PADDED = "0x" + 24 * "0"  # before an address
_SECOND = f"{64:064x}"  # where the evidence stands in Judged
_made_delivered = maker(Delivered)
_OPENED = 2 + 7 * _WORD  # the data's length


def _job_opened(log: RawLog) -> EscrowEvent | None:
    data = log.data
    if len(log.topics) != 4 or len(data) != _OPENED:
        return None
    _, job, buyer, provider = log.topics
    if buyer[:26] != _PADDED or provider[:26] != _PADDED:
        return None
    times = int(data[386:], 16)
    if times >> 224:
        return None
    return job_opened(
        job,
        "0x" + buyer[26:],
        "0x" + provider[26:],
        data[:66],
        "0x" + data[66:130],
        "0x" + data[130:194],
        int(data[194:258], 16),
        int(data[258:322], 16),
        int(data[322:386], 16),
        times,
    )


def _delivered(log: RawLog) -> EscrowEvent | None:
    if len(log.topics) != 2 or len(log.data) != 2 + _WORD:
        return None
    return _made_delivered(log.topics[1], log.data)


def _judged(log: RawLog) -> EscrowEvent | None:
    data = log.data
    if len(log.topics) != 2 or data[66:130] != _SECOND:
        return None
    evidence = tuple(["0x" + data[at : at + _WORD] for at in range(194, len(data), _WORD)])
    if len(data) != 194 + len(evidence) * _WORD or data[130:194] != f"{len(evidence):064x}":
        return None
    verdict = int(data[:66], 16)
    return (
        None if verdict >> 80 or verdict & 0xFF > _LAST_OUTCOME else judged(log.topics[1], verdict, evidence)
    )


def _job_closed(log: RawLog) -> EscrowEvent | None:
    if len(log.topics) != 2 or len(log.data) != 2 + _WORD:
        return None
    ending = int(log.data, 16)
    return None if ending >> 255 or ending >> 250 & 7 > _LAST_ENDING else job_closed(log.topics[1], ending)


EVERYDAY: dict[str, Callable[[RawLog], EscrowEvent | None]] = {
    "JobOpened": _job_opened,
    "Delivered": _delivered,
    "Judged": _judged,
    "JobClosed": _job_closed,
}
"""By the event's name. They raise nothing."""
