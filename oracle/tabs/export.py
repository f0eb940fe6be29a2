"""A party's export of a tab: opened from a content store, and held against its tally and signatures."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import orjson
from pydantic import ValidationError

from oracle.domain.document import describe_problems
from oracle.domain.errors import EarnestError, OutOfReachError
from oracle.domain.tab import Receipt, Tally, tabs_domain
from oracle.domain.types import Address, Hash, Party
from oracle.tabs.errors import ForgedSignatureError
from oracle.tabs.exchange import hash_of
from oracle.tabs.manifest import (
    CHUNK_ROWS,
    MAX_PACK,
    MAX_ROW,
    Manifest,
    ReceiptProof,
)
from oracle.tabs.signing import check
from oracle.tabs.tree import NODE, Tree

MAX_MANIFEST = 2_097_152  # bytes
MAX_FINDINGS = 1_000  # a hostile export can be wrong in a million places
CLOCK_STEP = 60  # seconds by which a provider's clock may be set back between two receipts


class ExportError(EarnestError):
    """An export cannot be written, or is not one."""


class NotOpenedError(ExportError):
    """An interaction cannot be opened from this export: it counts as failed where it is drawn."""


class Store(Protocol):
    """Bytes by their keccak-256, as `oracle.evidence.store.ContentStore` keeps them."""

    def put(self, data: bytes) -> str:
        """Keep bytes; returns their hash."""
        ...

    def get(self, content_hash: str, *, max_bytes: int) -> bytes:
        """The bytes with this hash, checked.

        Raises:
            OutOfReachError: it cannot be said now whether there are.
            EarnestError: there are none.
        """
        ...


_TOLD = 256  # interactions between two words of progress


@dataclass(frozen=True, slots=True)
class Opening:
    """One interaction with all that shows it: `path` leads from its leaf to the export's root."""

    receipt: Receipt
    path: list[bytes]
    request: bytes
    response: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with an export.

    Args:
        kind: `gap`, `repeat`, `foreign`, `order`, `count`, `root`, `amount`, `ceiling`, `buyer-signature`,
            `provider-signature`, `unsigned`, `chunk` or `message`.
        index: Of the interaction, where it is one's.
        message: For people.
    """

    kind: str
    index: int | None
    message: str


class Export:
    """A party's export, read once from end to end and held against its own tally.

    Args:
        store: Where its files are.
        manifest: Hash of its manifest.
        expected: The tally on record, where the reader knows it: another export is not even read.
        up_to: Read only so many interactions, from the tab's beginning: then `root` is what the export makes
            of them, whatever follows, and proofs lead there. All by default.

    Raises:
        ExportError: it is not the manifest of an export, not of that tally, or of fewer interactions.
        OutOfReachError: a file cannot be fetched now: nothing is known of what the export comes to.
        EarnestError: the manifest is not in the store.
    """

    def __init__(
        self, store: Store, manifest: Hash, *, expected: Tally | None = None, up_to: int | None = None
    ) -> None:
        self._store = store
        self.manifest = Manifest.parse_named(
            store.get(manifest, max_bytes=MAX_MANIFEST), manifest, what="the manifest of the export"
        )
        self.tally = self.manifest.tally
        if expected is not None and self.tally != expected:
            raise ExportError(
                f"the export is of {self.tally.count} interactions with root {self.tally.root}; on record are"
                f" {expected.count} with root {expected.root}",
                field="tally",
            )
        self._end = self.tally.count if up_to is None else up_to
        if self._end > self.tally.count:
            raise ExportError(
                f"the export ends after {self.tally.count} interactions; {self._end} are needed",
                field="tally",
            )
        self.domain = tabs_domain(self.manifest.chain_id, self.manifest.contract)
        self.findings: list[Finding] = []
        self._leaves = bytearray()
        self._opened_chunk: tuple[int, list[tuple[int, bytes, Receipt | None]]] = -1, []
        self._opened_pack: tuple[Hash, bytes, list[tuple[int, int]]] = "", b"", []
        self._read()

    @property
    def count(self) -> int:
        """Interactions that are really there."""
        return len(self._leaves) // NODE

    @property
    def root(self) -> Hash:
        """Root of the leaves that are really there, as far as they were read: recomputed."""
        return "0x" + self._tree.root().hex()

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong with it: then it is what the tally's signatures stand for."""
        return not self.findings

    def receipts(self) -> Iterator[tuple[int, bytes, Receipt | None]]:
        """(index, leaf, receipt) of every interaction in order; None where only the leaf is given."""
        for position, (_, leaf, receipt) in enumerate(self._rows([])):
            yield position, leaf, receipt

    def opening(self, index: int) -> Opening:
        """An interaction with its path and both messages, each held against the receipt.

        Raises:
            NotOpenedError: no receipt, no message, or a message the receipt does not name.
            EarnestError: the store does not give a file of the export.
        """
        if not self.manifest.first <= index < self.count:
            raise NotOpenedError(f"the export does not open interaction {index}", field="index")
        number, place = divmod(index, CHUNK_ROWS)
        if self._opened_chunk[0] != number:  # many are opened in order: each file is read once
            self._opened_chunk = number, self._chunk(number, []) or []
        rows = self._opened_chunk[1]
        receipt = rows[place][2] if place < len(rows) else None
        if receipt is None or receipt.index != index:
            raise NotOpenedError(f"the export has no receipt {index}", field="index")
        request, response = self._messages(index)
        for name, message, expected in (
            ("request", request, receipt.request),
            ("response", response, receipt.response),
        ):
            if hash_of(message) != expected:
                raise NotOpenedError(
                    f"the {name} of interaction {index} is not the one its receipt names", field=name
                )
        return Opening(receipt, self._tree.proof(index), request, response)

    def leaves_out(self, proof: ReceiptProof, provider: Address) -> bool:
        """Whether a receipt that the provider signed is not where it belongs: the interaction failed.

        Args:
            proof: What the buyer shows (`oracle.tabs.exporting.prove_receipt`).

        Raises:
            ExportError: the proof is of another tab or contract, or does not hold.
            ForgedSignatureError: the provider did not sign it.
        """
        domain = tabs_domain(proof.chain_id, proof.contract)
        if proof.party is not Party.PROVIDER or domain != self.domain or proof.tally.tab != self.tally.tab:
            raise ExportError("the proof is not the provider's on this tab", field="proof")
        if not proof.holds():
            raise ExportError("the receipt does not stand under the root of its own proof", field="path")
        proof.check_signature(provider)
        index = proof.receipt.index
        return index >= self.count or self._tree.leaf(index) != proof.receipt.leaf()

    def verify(
        self,
        *,
        buyer: Address,
        provider: Address,
        ceiling: int | None = None,
        messages: bool = False,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> list[Finding]:
        """Everything wrong with the export.

        Args:
            ceiling: Base units an interaction may cost.
            messages: Whether every request and response is opened too.
            progress: Told every now and then how many interactions are done.
        """
        findings = [*self.findings, *self._signatures(buyer, provider)]
        for index, _, receipt in self.receipts():
            if receipt is not None and ceiling is not None and receipt.price > ceiling:
                findings.append(Finding("ceiling", index, f"the price {receipt.price} exceeds {ceiling}"))
            if messages and index >= self.manifest.first:
                try:
                    self.opening(index)
                except EarnestError as error:
                    findings.append(Finding("message", index, error.message))
            if index % _TOLD == 0:
                progress(index)
        return findings

    def _signatures(self, buyer: Address, provider: Address) -> Iterator[Finding]:
        pairs = (
            ("buyer-signature", self.manifest.buyer_signature, buyer),
            ("provider-signature", self.manifest.provider_signature, provider),
        )
        if all(signature is None for _, signature, _ in pairs):
            yield Finding("unsigned", None, "nobody signed the tally")
        for kind, signature, party in pairs:
            if signature is None:
                continue
            try:
                check(self.domain, self.tally, bytes.fromhex(signature[2:]), party, field=kind)
            except ForgedSignatureError as error:
                yield Finding(kind, None, error.message)

    def _read(self) -> None:
        amount = self.manifest.before
        latest = expected_index = 0
        for position, (index, leaf, receipt) in enumerate(self._rows(self.findings)):
            self._leaves += leaf
            if index != expected_index:
                kind = "gap" if index > expected_index else "repeat"
                self.findings.append(
                    Finding(kind, position, f"receipt {index} stands where {expected_index} belongs")
                )
            expected_index = index + 1
            if receipt is None:
                if position >= self.manifest.first:
                    self.findings.append(Finding("gap", position, f"receipt {position} is left out"))
                continue
            amount += receipt.price
            if receipt.time + CLOCK_STEP < latest:
                self.findings.append(
                    Finding("order", position, f"receipt {position} is earlier than one before it")
                )
            latest = max(latest, receipt.time)
        del self.findings[MAX_FINDINGS:]
        for kind, found, expected in (
            ("count", self.count, self._end),
            ("root", self.root, self.tally.root),
            ("amount", amount, self.tally.amount),
        ):
            if found != expected and (self._whole or kind == "count"):
                self.findings.append(
                    Finding(kind, None, f"the receipts come to the {kind} {found}; the tally says {expected}")
                )

    @property
    def _whole(self) -> bool:
        """Whether all is read: only then the tally says what it must come to."""
        return self._end == self.tally.count

    @cached_property
    def _tree(self) -> Tree:
        return Tree([bytes(self._leaves)])

    def _rows(self, findings: list[Finding]) -> Iterator[tuple[int, bytes, Receipt | None]]:
        left = self._end
        files = len(self.manifest.chunks) if self._whole else -(-left // CHUNK_ROWS)
        for number in range(min(files, len(self.manifest.chunks))):
            rows = self._chunk(number, findings)
            if rows is None:  # whatever the rest holds, it does not make the root
                return
            for row in rows:
                if left == 0:
                    if self._whole:
                        findings.append(
                            Finding("count", None, "there are more receipts than the tally counts")
                        )
                    return
                left -= 1
                yield row

    def _chunk(self, number: int, findings: list[Finding]) -> list[tuple[int, bytes, Receipt | None]] | None:
        """The rows of a file; None where there is none."""
        try:
            data = self._store.get(self.manifest.chunks[number], max_bytes=CHUNK_ROWS * MAX_ROW)
        except OutOfReachError:
            raise
        except EarnestError as error:
            findings.append(Finding("chunk", number * CHUNK_ROWS, error.message))
            return None
        lines = data.split(b"\n")
        if lines.pop() != b"" or len(lines) > CHUNK_ROWS:
            findings.append(Finding("chunk", number * CHUNK_ROWS, f"file {number} of receipts is malformed"))
            return None
        rows = []
        for place, line in enumerate(lines):
            position = number * CHUNK_ROWS + place
            try:
                index, leaf, receipt = _parse(line, self.tally.tab)
            except (ValueError, TypeError, ValidationError) as error:
                what = describe_problems(error) if isinstance(error, ValidationError) else error
                findings.append(
                    Finding("chunk", position, f"the row of receipt {position} is malformed: {what}")
                )
                index, leaf, receipt = position, bytes(NODE), None
            rows.append((index, leaf, receipt))
        return rows

    def _messages(self, index: int) -> tuple[bytes, bytes]:
        packs = [pack for pack in self.manifest.packs if pack.first <= index]
        if not packs:
            raise NotOpenedError(f"the export has no messages of interaction {index}", field="packs")
        if self._opened_pack[0] != packs[-1].hash:
            data = self._store.get(packs[-1].hash, max_bytes=MAX_PACK)
            self._opened_pack = packs[-1].hash, data, list(_places(data))
        _, data, places = self._opened_pack
        first = 2 * (index - packs[-1].first)
        if first + 2 > len(places):
            raise NotOpenedError(f"the export has no messages of interaction {index}", field="packs")
        (start, end), (next_start, next_end) = places[first : first + 2]
        return data[start:end], data[next_start:next_end]


def exports_in(store: Store) -> Callable[[str, int], Export]:
    """Opens the first so many interactions of an export in this store, by its manifest's hash."""
    return lambda manifest, count: Export(store, manifest, up_to=count)


def _places(pack: bytes) -> Iterator[tuple[int, int]]:
    """Where each message of a pack begins and ends."""
    offset = 0
    while offset + 4 <= len(pack):
        (length,) = struct.unpack_from(">I", pack, offset)
        yield offset + 4, offset + 4 + length
        offset += 4 + length


def _parse(line: bytes, tab: Hash) -> tuple[int, bytes, Receipt | None]:
    """A row of a file of receipts. A party may have written anything: every field's type is checked first.

    Raises:
        ValueError, TypeError, ValidationError: it is none.
    """
    if len(line) > MAX_ROW:
        raise ValueError(f"it has {len(line)} bytes")
    index, *values = orjson.loads(line)
    if type(index) is not int or index < 0:
        raise ValueError("its index is not a number")
    if len(values) == 1:
        if not isinstance(values[0], str):
            raise TypeError("its leaf is not a text")
        leaf = bytes.fromhex(values[0].removeprefix("0x"))
        if len(leaf) != NODE:
            raise ValueError("its leaf has not 32 bytes")
        return index, leaf, None
    request, response, price, time, status = values
    if not isinstance(price, str):
        raise TypeError("its price is not a decimal string")
    receipt = Receipt.model_validate(
        {
            "tab": tab,
            "index": index,
            "request": request,
            "response": response,
            "price": price,
            "time": time,
            "status": status,
        }
    )
    return index, receipt.leaf(), receipt
