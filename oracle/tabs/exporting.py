"""Writing a tab's export for evaluators from a log, and the proof of a single receipt."""

from __future__ import annotations

import struct
from collections.abc import Callable

import orjson

from oracle.domain.tab import Receipt
from oracle.domain.typed import Domain
from oracle.domain.types import Hash, Party
from oracle.tabs.export import ExportError, Store
from oracle.tabs.manifest import CHUNK_ROWS, MAX_MESSAGE, PACK_BYTES, Manifest, Pack, ReceiptProof
from oracle.tabs.reading import LogReader
from oracle.tabs.tree import Tree


def write_export(
    log: LogReader,
    domain: Domain,
    tab: Hash,
    party: Party,
    store: Store,
    *,
    first: int = 0,
    count: int | None = None,
    progress: Callable[[int], None] = lambda _done: None,
) -> Hash:
    """Write what a log has of a tab into a content store.

    Args:
        log: Of `party`.
        first: Index from which on receipts and messages are given in full: what was settled before is not
            needed again, but for its leaves.
        count: Interactions, from the tab's beginning; all by default.
        progress: Told the interactions done, every `CHUNK_ROWS`.

    Returns:
        The manifest's hash.

    Raises:
        ExportError: the log has not so many interactions.
    """
    head = log.head(tab)
    end = head.count if count is None else count
    if not 0 <= first <= end <= head.count or end == 0:
        raise ExportError(
            f"the log has {head.count} interactions of tab {tab}; {first} to {end} were asked for",
            field="count",
        )
    tally = log.given(tab, end).tally
    signed = log.signed(tab, up_to=end)
    chunks: list[str] = []
    packs: list[Pack] = []
    rows: list[bytes] = []
    pack = bytearray()
    pack_first, before = first, 0
    for answer in log.answers(tab, 0, end):
        receipt = answer.receipt
        if receipt.index < first:
            before = answer.tally.amount
            rows.append(orjson.dumps([receipt.index, "0x" + receipt.leaf().hex()]))
        else:
            rows.append(_row(receipt))
            asked = log.asked(tab, answer.call.number)
            messages = _packed(asked.message if asked else b"") + _packed(answer.message)
            if pack and len(pack) + len(messages) > PACK_BYTES:
                packs.append(Pack(first=pack_first, hash=store.put(bytes(pack))))
                pack, pack_first = bytearray(), receipt.index
            pack += messages
        if len(rows) == CHUNK_ROWS or receipt.index == end - 1:
            chunks.append(store.put(b"\n".join(rows) + b"\n"))
            rows = []
            progress(receipt.index + 1)
    if pack:
        packs.append(Pack(first=pack_first, hash=store.put(bytes(pack))))
    manifest = Manifest(
        chain_id=domain.chain_id,
        contract=domain.contract,
        party=party,
        first=first,
        before=before,
        tally=tally,
        buyer_signature="0x" + signed.signature.hex() if signed and signed.tally == tally else None,
        provider_signature="0x" + log.given(tab, end).signature.hex(),
        chunks=tuple(chunks),
        packs=tuple(packs),
    )
    return store.put(manifest.canonical())


def prove_receipt(log: LogReader, domain: Domain, tab: Hash, index: int) -> ReceiptProof:
    """One receipt under the tally that the provider signed with it: what a buyer holds against a provider.

    Raises:
        LogError: the log has no such receipt.
    """
    given = log.given(tab, index + 1)
    receipts = [answer.receipt for answer in log.answers(tab, 0, index + 1)]  # their messages may be large
    tree = Tree(receipt.leaf() for receipt in receipts)
    return ReceiptProof(
        chain_id=domain.chain_id,
        contract=domain.contract,
        receipt=receipts[-1],
        tally=given.tally,
        path=tuple("0x" + step.hex() for step in tree.proof(index)),
        party=Party.PROVIDER,
        signature="0x" + given.signature.hex(),
    )


def _row(receipt: Receipt) -> bytes:
    return orjson.dumps(
        [
            receipt.index,
            receipt.request,
            receipt.response,
            str(receipt.price),
            receipt.time,
            receipt.status,
        ]
    )


def _packed(message: bytes) -> bytes:
    if len(message) > MAX_MESSAGE:
        raise ExportError(
            f"a message has {len(message)} bytes; an export carries {MAX_MESSAGE}",
            field="message",
        )
    return struct.pack(">I", len(message)) + message
