"""One interaction of a tab as a delivery: request, response and receipt as files, under a manifest.

    request/head.txt   the line `POST /path?query` and the headers that say how to read the body
    request/body
    response/head.txt  the status and such headers
    response/body
    receipt.json       index, price, time and status, as both signed them

Only files that the pact asks for are named in the manifest. So where it does not ask for the receipt, equal
exchanges are one delivery, and are judged once.
"""

from __future__ import annotations

from dataclasses import dataclass

from oracle.domain.canonical import canonical_bytes, keccak_hex
from oracle.domain.errors import EarnestError
from oracle.domain.tab import Receipt
from oracle.evaluation.record import Anchor, Subject
from oracle.pact.delivery import DeliveredFile, DeliveryManifest
from oracle.pact.document import Pact
from oracle.pact.paths import covers

_HEAD_ENDS = b"\n\n"  # as `oracle.tabs.exchange` writes messages


class BadInteractionError(EarnestError):
    """Messages are not what the receipt names, or not written as they must be."""


@dataclass(frozen=True, slots=True)
class Parties:
    """What the evaluation of an interaction says of its tab; `timestamp` is when the draw counts from."""

    tab: str
    committee: str
    buyer: str
    provider: str
    chain_id: int
    contract: str
    block_number: int
    block_hash: str
    timestamp: int

    def subject(self, deliverable: str) -> Subject:
        """The subject of an interaction's own record: the tab stands where a job's id does."""
        return Subject(
            job=self.tab,
            committee=self.committee,
            buyer=self.buyer,
            provider=self.provider,
            deliverable=deliverable,
            anchor=Anchor(
                chain_id=self.chain_id,
                escrow=self.contract,
                block_number=self.block_number,
                block_hash=self.block_hash,
                timestamp=self.timestamp,
            ),
        )


@dataclass(frozen=True, slots=True)
class InteractionDelivery:
    """The manifest, and the contents it names."""

    manifest: DeliveryManifest
    contents: tuple[bytes, ...]


def delivery_of(receipt: Receipt, request: bytes, response: bytes, pact: Pact) -> InteractionDelivery:
    """The files of an interaction that the pact asks for.

    Raises:
        BadInteractionError: the messages are not those of the receipt, its status is another than the
            response's, or the pact asks for nothing that an interaction has.
    """
    for name, data, wanted in (
        ("request", request, receipt.request),
        ("response", response, receipt.response),
    ):
        if keccak_hex(data) != wanted:
            raise BadInteractionError(f"the {name} is not the one the receipt names", field=name)
    request_head, request_body = _parted("request", request)
    response_head, response_body = _parted("response", response)
    if response_head.split(b"\n", 1)[0] != str(receipt.status).encode("ascii"):
        raise BadInteractionError("the receipt states another status than the response", field="status")
    files = {
        "receipt.json": (canonical_bytes(receipt.as_json()), "application/json"),
        "request/body": (request_body, "application/octet-stream"),
        "request/head.txt": (request_head, "text/plain"),
        "response/body": (response_body, "application/octet-stream"),
        "response/head.txt": (response_head, "text/plain"),
    }
    asked = {
        path: each for path, each in files.items() if any(covers(entry.path, path) for entry in pact.evidence)
    }
    if not asked:
        raise BadInteractionError(
            f"the pact asks for no file of an interaction; it has {', '.join(sorted(files))}",
            field="pact.evidence",
        )
    manifest = DeliveryManifest(
        pact=pact.hash(),
        files=tuple(
            DeliveredFile(path=path, bytes=len(data), keccak256=keccak_hex(data), media_type=media_type)
            for path, (data, media_type) in asked.items()
        ),
    )
    return InteractionDelivery(manifest, tuple(data for data, _ in asked.values()))


def _parted(name: str, message: bytes) -> tuple[bytes, bytes]:
    """Head and body."""
    head, found, body = message.partition(_HEAD_ENDS)
    if not found:
        raise BadInteractionError(f"the {name} has no head", field=name)
    return head, body
