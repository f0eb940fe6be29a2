"""Carries out what the lane decides: every transaction is stored, signed, before it is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import TypeAlias, TypeVar

import structlog
from sqlalchemy.orm import Session

from oracle.chain.errors import (
    AlreadyKnownError,
    ChainError,
    FeeTooLowError,
    NonceTooLowError,
    ReplacementUnderpricedError,
    RpcError,
    RpcUnavailableError,
    SendError,
)
from oracle.daemon.ports import ChainPort
from oracle.daemon.signed import NOOP_GAS, sign_call, sign_noop
from oracle.decide import lane
from oracle.decide.reorg import Heights
from oracle.decide.waiting import LONGEST_DELAY
from oracle.domain.types import Hash
from oracle.signing.signer import Signer, SigningError
from oracle.store import outbox as store
from oracle.store.chain import block_hashes
from oracle.store.database import Database

log = structlog.get_logger(__name__)

_MOST_DOUBLINGS = 6  # waits between tries grow to 64 times `retry_every`

Wanted = Callable[[Session, Sequence[store.LiveEntry]], Collection[int]]
"""Those of the entries, by id, whose purpose still stands by what is stored."""

_ToSend: TypeAlias = tuple[int, Hash]
"""An entry and the transaction of it that is to be sent."""

_Step = TypeVar("_Step")


class Outbox:
    """One lane: one sending key, its nonces in order.

    Args:
        wanted: Which entries' purpose still stands.
        clock: Unix seconds; for tests.
    """

    def __init__(
        self,
        database: Database,
        chain: ChainPort,
        signer: Signer,
        *,
        chain_id: int,
        policy: lane.LanePolicy,
        wanted: Wanted,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._chain = chain
        self._signer = signer
        self._chain_id = chain_id
        self._policy = policy
        self._wanted = wanted
        self._clock = clock
        self._started_at = clock()

    @property
    def sender(self) -> str:
        """The account that pays the gas."""
        return self._signer.address

    def step(self, heights: Heights) -> None:
        """Do what is to be done now: each kind of step for all entries at once, in one transaction.

        Raises:
            RpcError: no usable answer; what is stored is sent by a later step.
            SigningError: the key cannot be used; what was signed before it failed is stored and sent.
        """
        view, entries = self._view(heights)
        steps = lane.lane_steps(view, self._policy)
        for skip in _of(steps, lane.SkipTo):
            self._skip_to(skip.nonce, view.next_nonce)
        self._look_for([step.entry for step in _of(steps, lane.FindReceipt)], heights)
        self._requeue([step.entry for step in _of(steps, lane.Requeue)], heights)
        self._finish([(entries[step.entry], step) for step in _of(steps, lane.Finish)])
        self._drop([step.entry for step in _of(steps, lane.Drop)])
        again = [(step.entry, step.tx_hash) for step in _of(steps, lane.Broadcast)]
        fills = self._fill([step.nonce for step in _of(steps, lane.Fill)], view)
        replaced = self._replace([(entries[step.entry], step) for step in _of(steps, lane.Replace)])
        self._broadcast([*again, *fills, *replaced])
        self._sign(
            [(entries[step.entry], step.fees) for step in _of(steps, lane.Sign)],
            max(view.next_nonce, view.nonce_latest),
        )

    def _view(self, heights: Heights) -> tuple[lane.LaneView, dict[int, store.LiveEntry]]:
        nonce_latest, nonce_final, suggested = self._chain.standing(self.sender)
        now = self._clock()
        # Only a look: whoever gives out a nonce locks the lane and looks again.
        with self._database.read() as session:
            next_nonce = store.seen_nonce(session, self.sender)
            live = store.live_entries(
                session,
                self.sender,
                nonce_latest=nonce_latest,
                finalized=heights.finalized,
                queued=self._policy.max_in_flight,
            )
            entries = store.lane_entries(session, live, self._wanted(session, live))
        view = lane.LaneView(
            entries=entries,
            next_nonce=next_nonce,
            nonce_latest=nonce_latest,
            nonce_final=nonce_final,
            finalized=heights.finalized,
            suggested=suggested,
            now=now,
            started_at=self._started_at,
        )
        return view, {entry.id: entry for entry in live}

    def _skip_to(self, nonce: int, was: int) -> None:
        if was:
            log.warning("nonces_used_elsewhere", sender=self.sender, stored=was, chain=nonce)
        with self._database.write() as session:
            store.next_nonce(session, self.sender)  # a lane that is new
            store.set_next_nonce(session, self.sender, nonce)

    def _fill(self, nonces: Sequence[int], view: lane.LaneView) -> list[_ToSend]:
        fees = lane.capped(view.suggested, self._policy)
        signed = [self._noop(nonce, fees) for nonce in nonces]
        if not signed:
            return []
        with self._database.write() as session:
            made = [
                store.Stored(store.add_fill(session, self.sender, item.nonce), item, NOOP_GAS)
                for item in signed
            ]
            store.save_signed(session, made, self._clock())
        return [(item.entry, item.signed.tx_hash) for item in made]

    def _sign(self, wanted: Sequence[tuple[store.LiveEntry, lane.Fees]], first_nonce: int) -> None:
        """Estimate, sign, store, send. Nonces are given out in the order of the entries, without a gap."""
        if not wanted:
            return
        calls = [(entry.call.target, entry.call.data) for entry, _fees in wanted]
        estimates = self._chain.estimates(self.sender, calls)
        self._postpone(
            [
                (entry.id, entry.tries, estimate.message)
                for (entry, _fees), estimate in zip(wanted, estimates, strict=True)
                if isinstance(estimate, ChainError) and not isinstance(estimate, RpcUnavailableError)
            ]
        )
        ready = [
            (entry, fees, estimate)
            for (entry, fees), estimate in zip(wanted, estimates, strict=True)
            if isinstance(estimate, int)
        ]
        made: list[store.Stored] = []
        failure: SigningError | None = None
        for nonce, (entry, fees, gas) in enumerate(ready, first_nonce):
            try:
                # Outside any transaction: a key may lie elsewhere, and take its time.
                made.append(store.Stored(entry.id, self._call(entry.call, nonce, gas, fees), gas))
            except SigningError as error:
                failure = error
                break
        if made and self._store(made, first_nonce):
            for item, (entry, _fees, _gas) in zip(made, ready, strict=False):
                log.info(
                    "transaction_stored",
                    purpose=entry.call.purpose.value,
                    job=entry.call.subject,
                    nonce=item.signed.nonce,
                    tx=item.signed.tx_hash,
                )
            self._broadcast([(item.entry, item.signed.tx_hash) for item in made])
        if failure is not None:
            raise failure

    def _store(self, made: Sequence[store.Stored], first_nonce: int) -> bool:
        """Store first transactions with their nonces; not where another worker took the nonces meanwhile."""
        with self._database.write() as session:
            if store.next_nonce(session, self.sender) != first_nonce:
                log.warning("nonces_taken_meanwhile", sender=self.sender, first=first_nonce)
                return False
            store.save_signed(session, made, self._clock())
            store.set_next_nonce(session, self.sender, first_nonce + len(made))
        return True

    def _replace(self, wanted: Sequence[tuple[store.LiveEntry, lane.Replace]]) -> list[_ToSend]:
        made = []
        for entry, step in wanted:
            gas = NOOP_GAS if step.noop or entry.gas is None else entry.gas
            signed = (
                self._noop(step.nonce, step.fees)
                if step.noop
                else self._call(entry.call, step.nonce, gas, step.fees)
            )
            made.append(store.Stored(entry.id, signed, gas))
            log.info(
                "transaction_replaced", entry=entry.id, nonce=step.nonce, noop=step.noop, tx=signed.tx_hash
            )
        if made:
            with self._database.write() as session:
                store.save_signed(session, made, self._clock())
        return [(item.entry, item.signed.tx_hash) for item in made]

    def _broadcast(self, wanted: Sequence[_ToSend]) -> None:
        """Hand over stored bytes, and store what became of each."""
        if not wanted:
            return
        with self._database.read() as session:
            stored = store.raw_transactions(session, [tx_hash for _entry, tx_hash in wanted])
        ready = [(entry, tx_hash, stored[tx_hash]) for entry, tx_hash in wanted if tx_hash in stored]
        fates = self._chain.send_all([raw for _entry, _hash, raw in ready])
        sent: dict[Hash, bool] = {}
        refused: list[tuple[int, int, str]] = []
        unanswered: RpcError | None = None
        for (entry, tx_hash, _raw), fate in zip(ready, fates, strict=True):
            if fate is None or isinstance(fate, AlreadyKnownError | NonceTooLowError):
                # Taken now or before, or mined already: what the chain says next decides.
                sent[tx_hash] = False
            elif isinstance(fate, ReplacementUnderpricedError | FeeTooLowError):
                sent[tx_hash] = True
            elif isinstance(fate, SendError):
                refused.append((entry, 0, fate.message))
            else:
                unanswered = fate
        with self._database.write() as session:
            store.mark_sent(session, sent, self._clock())
        self._postpone(refused)
        if unanswered is not None:
            raise unanswered

    def _look_for(self, entries: Sequence[int], heights: Heights) -> set[int]:
        """Store where entries were mined, once the watcher has that block. Those that were mined at all."""
        if not entries:
            return set()
        with self._database.read() as session:
            attempts = store.attempts_of_all(session, entries)
        owner = {tx_hash: entry for entry, hashes in attempts.items() for tx_hash in hashes}
        found = self._chain.receipts(list(owner))
        with self._database.write() as session:
            # Only a block that is stored can be rolled back with its receipt.
            hashes = block_hashes(session, {mined.block_number for mined in found})
            store.save_receipts(
                session,
                [
                    mined
                    for mined in found
                    if hashes.get(mined.block_number) == mined.block_hash
                    or mined.block_number <= heights.finalized
                ],
            )
        return {owner[mined.tx_hash] for mined in found}

    def _finish(self, wanted: Sequence[tuple[store.LiveEntry, lane.Finish]]) -> None:
        if not wanted:
            return
        errors: dict[int, str] = {}
        for entry, step in wanted:
            if not step.ok:
                call = entry.call
                why = self._chain.why_reverted(self.sender, call.target, call.data, step.block_number)
                log.warning("transaction_reverted", job=call.subject, tx=step.tx_hash, reason=why)
                errors[entry.id] = why
        with self._database.write() as session:
            store.finish(
                session, [(entry.id, step.block_number, errors.get(entry.id)) for entry, step in wanted]
            )
        for entry, step in wanted:
            log.info(
                "transaction_final",
                purpose=entry.call.purpose.value,
                job=entry.call.subject,
                block=step.block_number,
            )

    def _requeue(self, entries: Sequence[int], heights: Heights) -> None:
        lost = set(entries) - self._look_for(entries, heights)
        if not lost:
            return
        with self._database.write() as session:
            for entry in sorted(lost):
                log.warning("nonce_lost", sender=self.sender, entry=entry)
                store.requeue(session, entry)

    def _drop(self, entries: Sequence[int]) -> None:
        if entries:
            with self._database.write() as session:
                store.drop(session, entries, "no longer wanted")

    def _postpone(self, failed: Sequence[tuple[int, int, str]]) -> None:
        """Entries, each with how often it was tried and why it failed now."""
        if not failed:
            return
        postponed = []
        for entry, tries, error in failed:
            wait = min(self._policy.retry_every * 2 ** min(tries, _MOST_DOUBLINGS), LONGEST_DELAY)
            log.warning("transaction_not_sent", entry=entry, reason=error, retry_in=wait)
            postponed.append((entry, self._clock() + wait, error))
        with self._database.write() as session:
            store.postpone(session, postponed)

    def _call(self, call: store.Call, nonce: int, gas: int, fees: lane.Fees) -> store.Signed:
        return sign_call(
            self._signer,
            chain_id=self._chain_id,
            nonce=nonce,
            target=call.target,
            data=call.data,
            gas=gas,
            fees=fees,
        )

    def _noop(self, nonce: int, fees: lane.Fees) -> store.Signed:
        return sign_noop(self._signer, chain_id=self._chain_id, nonce=nonce, fees=fees)


def _of(steps: Sequence[lane.LaneStep], kind: type[_Step]) -> list[_Step]:
    return [step for step in steps if isinstance(step, kind)]
