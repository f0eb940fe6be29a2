"""Carries out what the lane decides: every transaction is stored, signed, before it is sent."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from sqlalchemy.orm import Session

from oracle.chain.errors import (
    AlreadyKnownError,
    FeeTooLowError,
    NonceTooLowError,
    ReplacementUnderpricedError,
    RevertedError,
    RpcError,
    RpcUnavailableError,
    SendError,
)
from oracle.daemon.ports import ChainPort
from oracle.daemon.signed import NOOP_GAS, sign_call, sign_noop
from oracle.decide import lane
from oracle.decide.reorg import Heights
from oracle.domain.types import Hash
from oracle.signing.signer import Signer
from oracle.store import outbox as store
from oracle.store.chain import block_hash
from oracle.store.database import Database

log = structlog.get_logger(__name__)

_MOST_DOUBLINGS = 6  # waits between tries grow to 64 times `retry_every`

IsWanted = Callable[[Session, store.LiveEntry], bool]
"""Whether an entry's purpose still stands, by what is stored."""


class Outbox:
    """One lane: one sending key, its nonces in order.

    Args:
        is_wanted: Whether an entry's purpose still stands.
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
        is_wanted: IsWanted,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._chain = chain
        self._signer = signer
        self._chain_id = chain_id
        self._policy = policy
        self._is_wanted = is_wanted
        self._clock = clock
        self._started_at = clock()

    @property
    def sender(self) -> str:
        """The account that pays the gas."""
        return self._signer.address

    def step(self, heights: Heights) -> None:
        """Do what is to be done now.

        Raises:
            RpcError: no usable answer; what is stored is sent by a later step.
        """
        view, entries = self._view(heights)
        for step in lane.lane_steps(view, self._policy):
            match step:
                case lane.SkipTo(nonce):
                    self._skip_to(nonce, view.next_nonce)
                case lane.Fill(nonce):
                    self._fill(nonce, view)
                case lane.Sign(entry, fees):
                    self._sign(entries[entry], fees)
                case lane.Replace(entry, nonce, fees, noop):
                    self._replace(entries[entry], nonce, fees, noop=noop)
                case lane.Broadcast(entry, tx_hash):
                    self._broadcast(entry, tx_hash)
                case lane.FindReceipt(entry):
                    self._find_receipt(entry, heights)
                case lane.Finish(entry, tx_hash, block, ok):
                    self._finish(entries[entry], tx_hash, block, ok=ok)
                case lane.Requeue(entry):
                    self._requeue(entry, heights)
                case lane.Drop(entry):
                    with self._database.write() as session:
                        store.drop(session, entry, "no longer wanted")

    def _view(self, heights: Heights) -> tuple[lane.LaneView, dict[int, store.LiveEntry]]:
        with self._database.write() as session:
            next_nonce = store.next_nonce(session, self.sender)
            live = store.live_entries(session, self.sender)
            entries = store.lane_entries(session, live, lambda entry: self._is_wanted(session, entry))
        view = lane.LaneView(
            entries=entries,
            next_nonce=next_nonce,
            nonce_latest=self._chain.nonce(self.sender, "latest"),
            nonce_final=self._chain.nonce(self.sender, "finalized"),
            finalized=heights.finalized,
            suggested=self._chain.fees(),
            now=self._clock(),
            started_at=self._started_at,
        )
        return view, {entry.id: entry for entry in live}

    def _skip_to(self, nonce: int, was: int) -> None:
        if was:
            log.warning("nonces_used_elsewhere", sender=self.sender, stored=was, chain=nonce)
        with self._database.write() as session:
            store.set_next_nonce(session, self.sender, nonce)

    def _fill(self, nonce: int, view: lane.LaneView) -> None:
        signed = sign_noop(
            self._signer,
            chain_id=self._chain_id,
            nonce=nonce,
            fees=lane.capped(view.suggested, self._policy),
        )
        with self._database.write() as session:
            entry = store.add_fill(session, self.sender, nonce)
            store.save_signed(session, entry, signed, NOOP_GAS, self._clock())
        self._broadcast(entry, signed.tx_hash)

    def _sign(self, entry: store.LiveEntry, fees: lane.Fees) -> None:
        call = entry.call
        try:
            gas = self._chain.estimate_gas(self.sender, call.target, call.data)
        except RpcUnavailableError:
            raise
        except (RevertedError, RpcError) as error:
            self._postpone(entry.id, entry.tries, error.message)
            return
        with self._database.write() as session:
            nonce = store.next_nonce(session, self.sender)
            signed = sign_call(
                self._signer,
                chain_id=self._chain_id,
                nonce=nonce,
                target=call.target,
                data=call.data,
                gas=gas,
                fees=fees,
            )
            store.save_signed(session, entry.id, signed, gas, self._clock())
            store.set_next_nonce(session, self.sender, nonce + 1)
        log.info(
            "transaction_stored",
            purpose=call.purpose.value,
            job=call.subject,
            nonce=nonce,
            tx=signed.tx_hash,
        )
        self._broadcast(entry.id, signed.tx_hash)

    def _replace(self, entry: store.LiveEntry, nonce: int, fees: lane.Fees, *, noop: bool) -> None:
        gas = NOOP_GAS if noop or entry.gas is None else entry.gas
        if noop:
            signed = sign_noop(self._signer, chain_id=self._chain_id, nonce=nonce, fees=fees)
        else:
            signed = sign_call(
                self._signer,
                chain_id=self._chain_id,
                nonce=nonce,
                target=entry.call.target,
                data=entry.call.data,
                gas=gas,
                fees=fees,
            )
        with self._database.write() as session:
            if not store.transaction_known(session, signed.tx_hash):
                store.save_signed(session, entry.id, signed, gas, self._clock())
        log.info("transaction_replaced", entry=entry.id, nonce=nonce, noop=noop, tx=signed.tx_hash)
        self._broadcast(entry.id, signed.tx_hash)

    def _broadcast(self, entry: int, tx_hash: Hash) -> None:
        with self._database.read() as session:
            raw = store.raw_transaction(session, tx_hash)
        if raw is None:
            return
        underpriced = False
        try:
            self._chain.send(raw)
        except (AlreadyKnownError, NonceTooLowError):
            # Sent before, or mined already: what the chain says next decides.
            underpriced = False
        except (ReplacementUnderpricedError, FeeTooLowError):
            underpriced = True
        except SendError as error:
            self._postpone(entry, 0, error.message)
            return
        with self._database.write() as session:
            store.mark_sent(session, tx_hash, self._clock(), underpriced=underpriced)

    def _find_receipt(self, entry: int, heights: Heights) -> bool:
        """Store where the entry was mined, once the watcher has that block. Whether it was mined at all."""
        with self._database.read() as session:
            hashes = store.attempts_of(session, entry)
        found = self._chain.receipts(hashes)
        with self._database.write() as session:
            for mined in found:
                # Only a block that is stored can be rolled back with its receipt.
                known = block_hash(session, mined.block_number) == mined.block_hash
                if known or mined.block_number <= heights.finalized:
                    store.save_receipt(session, mined)
        return bool(found)

    def _finish(self, entry: store.LiveEntry, tx_hash: Hash, block: int, *, ok: bool) -> None:
        error = None
        if not ok:
            error = self._chain.why_reverted(self.sender, entry.call.target, entry.call.data, block)
            log.warning("transaction_reverted", job=entry.call.subject, tx=tx_hash, reason=error)
        with self._database.write() as session:
            store.finish(session, entry.id, block, error)
        log.info("transaction_final", purpose=entry.call.purpose.value, job=entry.call.subject, block=block)

    def _requeue(self, entry: int, heights: Heights) -> None:
        if self._find_receipt(entry, heights):
            return
        log.warning("nonce_lost", sender=self.sender, entry=entry)
        with self._database.write() as session:
            store.requeue(session, entry)

    def _postpone(self, entry: int, tries: int, error: str) -> None:
        wait = self._policy.retry_every * 2 ** min(tries, _MOST_DOUBLINGS)
        log.warning("transaction_not_sent", entry=entry, reason=error, retry_in=wait)
        with self._database.write() as session:
            store.postpone(session, entry, self._clock() + wait, error)
