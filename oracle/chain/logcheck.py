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


def blame(only_ours: set[RawLog], only_theirs: set[RawLog], headers: Mapping[int, Block]) -> Blame:
    """Judge a difference by headers on which both agree.

    A log that its block's filter rules out is made up: who returned it lies. One that a telling filter holds
    is real: who left it out lies, or lags.
    """
    ours = theirs = False
    for logs, holder_is_ours in ((only_ours, True), (only_theirs, False)):
        for log in logs:
            header = headers.get(log.block_number)
            if header is None or header.bloom is None:
                continue
            if not bloom.may_hold_log(header.bloom, log):
                ours, theirs = ours or holder_is_ours, theirs or not holder_is_ours
            elif header.bloom.bit_count() <= bloom.TELLING:
                ours, theirs = ours or not holder_is_ours, theirs or holder_is_ours
    return Blame(ours, theirs)
