"""The documents of an export: its manifest, and the proof of one receipt. All are named by keccak-256."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from oracle.domain.document import Document, Part
from oracle.domain.fields import AddressField, Amount64, HashField, Number64
from oracle.domain.tab import Receipt, Tally, tabs_domain
from oracle.domain.types import Address, Party
from oracle.tabs.signing import check
from oracle.tabs.tree import is_included

CHUNK_ROWS = 4_096  # receipts in one file
PACK_BYTES = 4_194_304  # of messages, from which on a new file begins
MAX_MESSAGE = 4_194_304  # bytes of one message that an export carries
MAX_PACK = PACK_BYTES + 2 * (MAX_MESSAGE + 4)
MAX_ROW = 400  # bytes of one receipt's line
MAX_FILES = 12_000  # of each kind; such a manifest stays below 1 MiB

SignatureField = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{130}$")]
"""65 bytes (r, s, v) as 0x-hex."""


class Pack(Part):
    """A file of messages: of the interactions from `first` to the next pack's first, or the end."""

    first: Number64
    hash: HashField


class Manifest(Document):
    """What an export consists of. A party makes the same one from the same log, byte for byte.

    Args:
        chain_id: Of the chain the tab is on.
        contract: The tab contract.
        party: Who wrote it.
        first: Index from which on receipts are given in full; before it only their leaves.
        before: Base units of the receipts before `first`.
        tally: What the export amounts to.
        buyer_signature, provider_signature: Under exactly this tally, where the log has them.
        chunks: Files of receipts, `CHUNK_ROWS` each.
        packs: Files of messages from `first` on.
    """

    schema_: Literal["earnest/tab-export/1"] = Field(default="earnest/tab-export/1", alias="schema")
    chain_id: Number64 = Field(alias="chainId")
    contract: AddressField
    party: Annotated[Party, Field(strict=False)]
    first: Number64
    before: Amount64
    tally: Tally
    buyer_signature: SignatureField | None = Field(default=None, alias="buyerSignature")
    provider_signature: SignatureField | None = Field(default=None, alias="providerSignature")
    chunks: Annotated[tuple[HashField, ...], Field(max_length=MAX_FILES, strict=False)]
    packs: Annotated[tuple[Pack, ...], Field(max_length=MAX_FILES, strict=False)] = ()


class ReceiptProof(Document):
    """One receipt under a tally that a party signed: what a buyer shows of an interaction.

    Args:
        receipt: What is shown.
        tally: Counts it.
        path: From its leaf to the tally's root, nearest sibling first.
        party: Whose signature it is.
        signature: Under the tally.
    """

    schema_: Literal["earnest/tab-receipt/1"] = Field(default="earnest/tab-receipt/1", alias="schema")
    chain_id: Number64 = Field(alias="chainId")
    contract: AddressField
    receipt: Receipt
    tally: Tally
    path: Annotated[tuple[HashField, ...], Field(max_length=64, strict=False)]
    party: Annotated[Party, Field(strict=False)]
    signature: SignatureField

    def holds(self) -> bool:
        """Whether the receipt stands under the tally's root, at its index."""
        return self.receipt.tab == self.tally.tab and is_included(
            self.receipt.leaf(),
            self.receipt.index,
            self.tally.count,
            [bytes.fromhex(step[2:]) for step in self.path],
            bytes.fromhex(self.tally.root[2:]),
        )

    def check_signature(self, signer: Address) -> None:
        """Refuse it where the signature is not `signer`'s.

        Raises:
            ForgedSignatureError: it is another's, or malformed.
        """
        domain = tabs_domain(self.chain_id, self.contract)
        check(domain, self.tally, bytes.fromhex(self.signature[2:]), signer, field="signature")
