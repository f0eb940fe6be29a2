"""Latency and counts from receipts that both sides signed.

The delivered file is a JSON array of receipts. Each is signed by buyer and provider over the EIP-191 hash
(`personal_sign` of 32 bytes) of keccak-256 of its canonical form without the signatures. Receipts are
numbered from 0 without a gap, so that slow ones cannot be left out of the middle.
"""

from __future__ import annotations

import math
import operator
from typing import Annotated, Final

from pydantic import Field, StringConstraints, ValidationError

from oracle.domain.canonical import HashHex, canonical_bytes
from oracle.domain.document import Part
from oracle.domain.keccak import keccak
from oracle.domain.signatures import SignatureError, recover
from oracle.evaluation.checks.base import CheckInputs, Finding, UnusableDeliveryError
from oracle.pact.measures import Operator, ReceiptsMeasure

VERSION: Final = "1"

_MOMENT = 2**53 - 1
_COMPARE: Final = {
    Operator.AT_MOST: operator.le,
    Operator.BELOW: operator.lt,
    Operator.AT_LEAST: operator.ge,
    Operator.ABOVE: operator.gt,
    Operator.EQUAL: operator.eq,
}


class Receipt(Part):
    """One interaction. Moments are Unix milliseconds."""

    job: HashHex
    number: Annotated[int, Field(ge=0, le=10_000_000)]
    request: HashHex
    response: HashHex
    asked_at: Annotated[int, Field(ge=0, le=_MOMENT)]
    answered_at: Annotated[int, Field(ge=0, le=_MOMENT)]
    buyer_signature: Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{130}$")]
    provider_signature: Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{130}$")]

    def digest(self) -> str:
        """What both sides sign, as 0x-hex."""
        body = self.model_dump(mode="json", exclude={"buyer_signature", "provider_signature"})
        return "0x" + keccak(b"\x19Ethereum Signed Message:\n32" + keccak(canonical_bytes(body))).hex()


def _is_signed(receipt: Receipt, inputs: CheckInputs) -> bool:
    digest = receipt.digest()
    try:
        signers = [
            recover(digest, bytes.fromhex(signature[2:]))
            for signature in (receipt.buyer_signature, receipt.provider_signature)
        ]
    except SignatureError:
        return False
    return signers == [inputs.buyer.lower(), inputs.provider.lower()]


def percentile(values: list[int], percent: int) -> int:
    """Nearest rank: the smallest value that at least `percent` of all do not exceed."""
    return sorted(values)[max(1, math.ceil(len(values) * percent / 100)) - 1]


def receipts(measure: ReceiptsMeasure, inputs: CheckInputs) -> Finding:
    """The figure over all valid receipts of this job holds against the threshold."""
    entries = inputs.delivered_json(measure.file)
    if not isinstance(entries, list):
        raise UnusableDeliveryError(f"{measure.file} is not an array of receipts", field=measure.file)
    valid: dict[int, Receipt] = {}
    refused = 0
    for entry in entries:
        try:
            receipt = Receipt.model_validate(entry)
        except ValidationError:
            refused += 1
            continue
        if (
            receipt.job != inputs.job
            or receipt.answered_at < receipt.asked_at
            or receipt.number in valid
            or not _is_signed(receipt, inputs)
        ):
            refused += 1
            continue
        valid[receipt.number] = receipt
    output = {"receipts": len(entries), "valid": len(valid), "refused": refused, "figure": None}
    if not valid or max(valid) != len(valid) - 1:
        reason = "no receipt is valid" if not valid else "the numbers of the receipts have a gap"
        return Finding("failed", reason, output)
    if measure.metric == "count":
        figure = len(valid)
    else:
        waits = [receipt.answered_at - receipt.asked_at for receipt in valid.values()]
        figure = percentile(waits, measure.percentile or 100)
    holds = _COMPARE[measure.operator](figure, measure.threshold)
    words = f"{figure} {measure.unit}, asked for {measure.operator.value} {measure.threshold}"
    return Finding("passed" if holds else "failed", words, output | {"figure": figure})
