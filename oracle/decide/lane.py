"""What a sending key does next: one lane a key, nonces in order, transactions stored before they are sent.

    queued --sign--> stored --broadcast--> pending --mined--> final
                       ^          |            |
                       |          +-- stuck: same nonce, higher fees
                       |          +-- purpose gone: same nonce, no-op
                       +-- nonce used by someone else, for good: back to queued

A reorg takes the receipt away, and with it the entry is pending again; nothing else has to happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from oracle.decide.waiting import LONGEST_DELAY, has_been, is_over

GWEI = 10**9  # wei
_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Fees:
    """EIP-1559 fees in wei per gas."""

    max_fee: int
    priority_fee: int


@dataclass(frozen=True, slots=True)
class LanePolicy:
    """How patient and how generous a lane is.

    Args:
        stuck_after: Seconds the next nonce in line may stay pending before its fees are raised.
        rebroadcast_every: Seconds after which the same bytes are sent again.
        bump_percent: How much fees rise at a replacement; nodes want at least 10.
        max_fee: Highest `max_fee`, in wei per gas, ever signed.
        max_in_flight: Most nonces signed and not mined at a time: what a node keeps for one account.
        retry_every: Seconds before a failed attempt to sign or send is made again.
    """

    stuck_after: float = 30.0
    rebroadcast_every: float = 15.0
    bump_percent: int = 25
    max_fee: int = 200 * GWEI
    max_in_flight: int = 16
    retry_every: float = 5.0


@dataclass(frozen=True, slots=True)
class Mined:
    """Where a transaction was mined, in a block that is stored."""

    block_number: int
    ok: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed transaction of an entry. Times are Unix seconds; `sent_at` is the last time it was sent."""

    tx_hash: str
    fees: Fees
    noop: bool
    signed_at: float
    sent_at: float | None = None
    underpriced: bool = False
    mined: Mined | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to be done on chain. Attempts are in the order they were signed.

    `wanted`: its purpose still stands. `retry_at`: not touched before, because its last try failed.
    """

    id: int
    wanted: bool
    nonce: int | None = None
    attempts: tuple[Attempt, ...] = ()
    retry_at: float = 0.0


@dataclass(frozen=True, slots=True)
class LaneView:
    """What is known of a lane. `nonce_latest` and `nonce_final` count transactions mined and finalized.

    `started_at` is when this process started: what was sent before is sent again once.
    """

    entries: Sequence[Entry]
    next_nonce: int
    nonce_latest: int
    nonce_final: int
    finalized: int
    suggested: Fees
    now: float
    started_at: float


@dataclass(frozen=True, slots=True)
class Sign:
    """Give the entry the next nonce and store its first transaction; where that fails no nonce is used."""

    entry: int
    fees: Fees


@dataclass(frozen=True, slots=True)
class Replace:
    """Sign and store another transaction at the entry's nonce; as a no-op where its purpose is gone."""

    entry: int
    nonce: int
    fees: Fees
    noop: bool


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Send these stored bytes."""

    entry: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class FindReceipt:
    """The nonce is used: look which of the entry's transactions was mined."""

    entry: int


@dataclass(frozen=True, slots=True)
class Finish:
    """The entry's transaction is in a finalized block."""

    entry: int
    tx_hash: str
    block_number: int
    ok: bool


@dataclass(frozen=True, slots=True)
class Requeue:
    """A transaction that is not ours used the nonce for good: take the nonce back, start anew."""

    entry: int


@dataclass(frozen=True, slots=True)
class Drop:
    """Nothing was signed and the purpose is gone: forget it."""

    entry: int


@dataclass(frozen=True, slots=True)
class Fill:
    """No entry holds a nonce that later ones wait for: send a no-op there."""

    nonce: int


@dataclass(frozen=True, slots=True)
class SkipTo:
    """The chain is ahead of the store (the key was used elsewhere, or the store is new): go on from there."""

    nonce: int


LaneStep: TypeAlias = Sign | Replace | Broadcast | FindReceipt | Finish | Requeue | Drop | Fill | SkipTo


def raised(previous: Fees, suggested: Fees, policy: LanePolicy) -> Fees | None:
    """Fees for a replacement: at least `bump_percent` above the last, at least what is suggested now.

    None where the cap leaves no room for a rise that nodes accept; then the same bytes are sent on.
    """

    def up(wei: int) -> int:
        return -(-wei * (_PERCENT + policy.bump_percent) // _PERCENT)

    max_fee = max(up(previous.max_fee), suggested.max_fee)
    priority_fee = max(up(previous.priority_fee), suggested.priority_fee)
    if max_fee > policy.max_fee:
        return None
    return Fees(max_fee=max_fee, priority_fee=min(priority_fee, max_fee))


def capped(suggested: Fees, policy: LanePolicy) -> Fees:
    """The suggested fees, no higher than the policy allows."""
    max_fee = min(suggested.max_fee, policy.max_fee)
    return Fees(max_fee=max_fee, priority_fee=min(suggested.priority_fee, max_fee))


def lane_steps(view: LaneView, policy: LanePolicy) -> list[LaneStep]:
    """What to do now, in the order it is to be done."""
    next_nonce = max(view.next_nonce, view.nonce_latest)
    steps: list[LaneStep] = [] if next_nonce == view.next_nonce else [SkipTo(next_nonce)]
    holding = sorted((e for e in view.entries if e.nonce is not None), key=lambda e: e.nonce or 0)
    held = {entry.nonce for entry in holding}
    steps += [Fill(nonce) for nonce in range(view.nonce_latest, next_nonce) if nonce not in held]
    for entry in holding:
        step = _signed_step(entry, view, policy)
        if step is not None:
            steps.append(step)
    in_flight = sum(not any(attempt.mined for attempt in entry.attempts) for entry in holding)
    for entry in sorted((e for e in view.entries if e.nonce is None), key=lambda e: e.id):
        if not entry.wanted:
            steps.append(Drop(entry.id))
        elif in_flight < policy.max_in_flight and is_over(view.now, entry.retry_at, LONGEST_DELAY):
            steps.append(Sign(entry.id, capped(view.suggested, policy)))
            in_flight += 1
    return steps


def _signed_step(entry: Entry, view: LaneView, policy: LanePolicy) -> LaneStep | None:
    """The step of an entry that holds a nonce."""
    nonce = entry.nonce
    if nonce is None:
        return None
    for attempt in entry.attempts:
        if attempt.mined is not None:
            if attempt.mined.block_number > view.finalized:
                return None
            return Finish(entry.id, attempt.tx_hash, attempt.mined.block_number, attempt.mined.ok)
    if nonce < view.nonce_final:
        # The receipt may only not be stored yet: the executor looks first, and requeues where there is none.
        return Requeue(entry.id)
    if nonce < view.nonce_latest:
        return FindReceipt(entry.id)
    if not entry.attempts or not is_over(view.now, entry.retry_at, LONGEST_DELAY):
        return None
    current = entry.attempts[-1]
    if not entry.wanted and not current.noop:
        last_fees = raised(current.fees, view.suggested, policy) or current.fees
        return Replace(entry.id, nonce, last_fees, noop=True)
    if current.sent_at is None or current.sent_at < view.started_at:
        return Broadcast(entry.id, current.tx_hash)
    in_line = nonce == view.nonce_latest
    if current.underpriced or (in_line and has_been(view.now, current.signed_at, policy.stuck_after)):
        fees = raised(current.fees, view.suggested, policy)
        if fees is not None:
            return Replace(entry.id, nonce, fees, noop=current.noop)
    if has_been(view.now, current.sent_at, policy.rebroadcast_every):
        return Broadcast(entry.id, current.tx_hash)
    return None
