"""Two endpoints' logs of the same blocks, compared; what headers' filters say of the difference. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from oracle.chain import bloom
from oracle.chain.quantities import Block, RawLog
from oracle.domain.types import Address, Hash


@dataclass(frozen=True, slots=True)
class Blame:
    """Who is shown to be wrong. Neither where nothing shows it; both where both are."""

    ours: bool
    theirs: bool


def difference(ours: Sequence[RawLog], theirs: Sequence[RawLog]) -> tuple[set[RawLog], set[RawLog]]:
    """Logs that only one of both returned: ours, theirs."""
    mine, others = set(ours), set(theirs)
    return mine - others, others - mine


def made_up(logs: Sequence[RawLog], headers: Mapping[int, Block]) -> RawLog | None:
    """A log that the header of its block rules out by its filter; None where there is none.

    A log of another hash than the header's is not judged here: a reorg may have come between both answers.
    """
    for log in logs:
        header = headers.get(log.block_number)
        if header is None or header.hash != log.block_hash or header.bloom is None:
            continue
        if not bloom.may_hold_log(header.bloom, log):
            return log
    return None


def suspicious(
    logs: Sequence[RawLog], headers: Mapping[int, Block], escrow: Address, topics: Collection[Hash]
) -> list[int]:
    """Numbers of blocks whose filter suggests logs of the escrow, and of which none was returned."""
    have = {log.block_number for log in logs}
    return [
        number
        for number, header in headers.items()
        if number not in have and header.bloom is not None and bloom.suggests(header.bloom, escrow, topics)
    ]


def blame(ours: Sequence[RawLog], theirs: Sequence[RawLog], headers: Mapping[int, Block]) -> Blame:
    """Judge a difference by headers on which both agree.

    A log that its block's filter rules out is made up: who returned it lies. One left out by a side whose own
    logs do not explain what the filter holds is real: that side lies, or lags. A log with the address and the
    topics of another in its block proves nothing; anyone could have made it up.
    """
    ours_only, theirs_only = difference(ours, theirs)
    wrong = {True: False, False: False}  # by whether it is us
    for held, is_ours, by_other in ((ours_only, True, theirs), (theirs_only, False, ours)):
        for log in held:
            header = headers.get(log.block_number)
            if header is None or header.bloom is None or header.hash != log.block_hash:
                continue
            if not bloom.may_hold_log(header.bloom, log):
                wrong[is_ours] = True
            elif header.bloom.bit_count() <= bloom.TELLING and not _explained(log, by_other):
                wrong[not is_ours] = True
    return Blame(ours=wrong[True], theirs=wrong[False])


def _explained(log: RawLog, others: Sequence[RawLog]) -> bool:
    """Whether other logs of the block put the same items into its filter."""
    items = {item for other in others if other.block_number == log.block_number for item in _items(other)}
    return items.issuperset(_items(log))


def _items(log: RawLog) -> tuple[str, ...]:
    return (log.address, *log.topics)
