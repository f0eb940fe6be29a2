"""The scheme `tab` of x402 version 2: what an offer, a payment and an answer hold. See docs/tabs.md.

The headers and outer types are those of the package `x402`; what stands inside is ours, and strict.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TypeVar

import orjson
from pydantic import BaseModel, Field, ValidationError
from x402.http.constants import (
    PAYMENT_REQUIRED_HEADER,
    PAYMENT_RESPONSE_HEADER,
    PAYMENT_SIGNATURE_HEADER,
)
from x402.schemas import PaymentPayload, PaymentRequired, PaymentRequirements, ResourceInfo, SettleResponse

from oracle.domain.document import Part, describe_problems
from oracle.domain.fields import AddressField, Amount64
from oracle.domain.tab import TABS_NAME, TABS_VERSION, Call, Receipt, Tally
from oracle.domain.typed import Domain
from oracle.domain.types import Address
from oracle.tabs.errors import RefusedError
from oracle.tabs.manifest import SignatureField
from oracle.tabs.rules import Rules

SCHEME = "tab"
X402_VERSION = 2
MAX_HEADER = 8_192  # characters of one of our headers
WELL_KNOWN = "/.well-known/earnest-tab"

REQUIRED = PAYMENT_REQUIRED_HEADER.lower()
SIGNATURE = PAYMENT_SIGNATURE_HEADER.lower()
RESPONSE = PAYMENT_RESPONSE_HEADER.lower()

M = TypeVar("M", bound=BaseModel)


class BadPaymentError(RefusedError):
    """A payment, offer or answer is not of x402 version 2 and the scheme `tab`, or is malformed."""


class Terms(Part):
    """The `extra` of an offer: what a buyer must know beside the price.

    Args:
        name, version: Of the EIP-712 domain.
        contract: The tab contract.
        maximum, in_flight, skew: See `Rules`.
    """

    name: str = TABS_NAME
    version: str = TABS_VERSION
    contract: AddressField
    maximum: Amount64
    in_flight: int = Field(alias="inFlight", ge=1)
    skew: int = Field(ge=0, le=86_400)


class Payment(Part):
    """The `payload` of a payment: the signed call, and the newest tally the buyer signed."""

    call: Call
    call_signature: SignatureField = Field(alias="callSignature")
    tally: Tally | None = None
    tally_signature: SignatureField | None = Field(default=None, alias="tallySignature")


class Given(Part):
    """The `extra` of an answer: its receipt, and the tally that the provider signed with it."""

    receipt: Receipt
    tally: Tally
    signature: SignatureField


class Signing(Part):
    """The body of a request to `WELL_KNOWN`: a tally to take, or a call to answer again or call off."""

    tally: Tally | None = None
    tally_signature: SignatureField | None = Field(default=None, alias="tallySignature")
    call: Call | None = None
    call_signature: SignatureField | None = Field(default=None, alias="callSignature")


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer of the scheme `tab`: base units for one request, and the provider's rules."""

    price: int
    rules: Rules
    requirements: PaymentRequirements


def requirements_of(
    domain: Domain, asset: Address, provider: Address, rules: Rules, price: int
) -> PaymentRequirements:
    """What a provider offers for one request."""
    terms = Terms(contract=domain.contract, maximum=rules.maximum, in_flight=rules.in_flight, skew=rules.skew)
    return PaymentRequirements(
        scheme=SCHEME,
        network=f"eip155:{domain.chain_id}",
        asset=asset,
        amount=str(price),
        pay_to=provider,
        max_timeout_seconds=rules.timeout,
        extra=terms.model_dump(mode="json"),
    )


def offer_header(requirements: PaymentRequirements, url: str, error: str) -> str:
    """The value of PAYMENT-REQUIRED."""
    required = PaymentRequired(error=error, resource=ResourceInfo(url=url), accepts=[requirements])
    return _encode(required)


def read_offer(header: str, domain: Domain, provider: Address) -> tuple[Offer, str]:
    """The offer for this tab in a PAYMENT-REQUIRED header, and the error it names.

    Raises:
        BadPaymentError: malformed, another version, or no offer of this scheme, chain, contract and provider.
    """
    required = _decode(PaymentRequired, header, PAYMENT_REQUIRED_HEADER)
    if required.x402_version != X402_VERSION:
        raise BadPaymentError(
            f"the offer is of x402 version {required.x402_version}, not 2", field="x402Version"
        )
    for requirements in required.accepts:
        if requirements.scheme != SCHEME or requirements.network != f"eip155:{domain.chain_id}":
            continue
        terms = _strict(Terms, requirements.extra, "extra")
        if terms.contract != domain.contract or requirements.pay_to.lower() != provider:
            continue
        amount = requirements.amount
        if not (amount.isascii() and amount.isdigit()) or len(amount) > 20:
            raise BadPaymentError("the offer's amount is not a decimal number", field="amount")
        rules = Rules(terms.maximum, terms.in_flight, requirements.max_timeout_seconds, terms.skew)
        return Offer(int(amount), rules, requirements), required.error or ""
    raise BadPaymentError(
        "the server offers no payment by this tab", field="accepts", next_step="check the tab and the address"
    )


def payment_header(requirements: PaymentRequirements, payment: Payment) -> str:
    """The value of PAYMENT-SIGNATURE."""
    return _encode(PaymentPayload(accepted=requirements, payload=payment.model_dump(mode="json")))


def read_payment(header: str) -> Payment:
    """The payment in a PAYMENT-SIGNATURE header.

    Raises:
        BadPaymentError: too long, malformed, another version or scheme.
    """
    payload = _decode(PaymentPayload, header, PAYMENT_SIGNATURE_HEADER)
    if payload.x402_version != X402_VERSION or payload.accepted.scheme != SCHEME:
        raise BadPaymentError(
            f"the payment is of x402 version {payload.x402_version} and scheme"
            f" {payload.accepted.scheme[:40]!r}; this takes version 2 and 'tab'",
            field="scheme",
        )
    payment = _strict(Payment, payload.payload, "payload")
    if (payment.tally is None) != (payment.tally_signature is None):
        raise BadPaymentError("a tally and its signature come together", field="tally")
    return payment


def answer_header(domain: Domain, buyer: Address, given: Given) -> str:
    """The value of PAYMENT-RESPONSE. There is no transaction: one interaction does not touch the chain."""
    return _encode(
        SettleResponse(
            success=True,
            payer=buyer,
            transaction="",
            network=f"eip155:{domain.chain_id}",
            amount=str(given.receipt.price),
            extra=given.model_dump(mode="json"),
        )
    )


def read_answer(header: str) -> Given:
    """What the provider signed, from a PAYMENT-RESPONSE header.

    Raises:
        BadPaymentError: malformed.
    """
    response = _decode(SettleResponse, header, PAYMENT_RESPONSE_HEADER)
    return _strict(Given, response.extra or {}, "extra")


def read_signing(body: bytes) -> Signing:
    """The body of a request to `WELL_KNOWN`.

    Raises:
        BadPaymentError: malformed, or not one thing together with its signature.
    """
    try:
        signing = Signing.model_validate_json(body)
    except ValidationError as error:
        raise BadPaymentError(f"the body is malformed: {describe_problems(error)}", field="body") from error
    given = [signing.tally, signing.tally_signature, signing.call, signing.call_signature]
    if [item is not None for item in given] not in ([True, True, False, False], [False, False, True, True]):
        raise BadPaymentError("the body holds a tally or a call, with its signature", field="body")
    return signing


def _encode(model: BaseModel) -> str:
    return base64.b64encode(model.model_dump_json(by_alias=True, exclude_none=True).encode()).decode("ascii")


def _decode(kind: type[M], header: str, name: str) -> M:
    if len(header) > MAX_HEADER:
        raise BadPaymentError(f"{name} has {len(header)} characters; the limit is {MAX_HEADER}", field=name)
    try:
        return kind.model_validate_json(base64.b64decode(header, validate=True))
    except (binascii.Error, ValueError) as error:  # ValidationError is a ValueError
        what = describe_problems(error) if isinstance(error, ValidationError) else "not base64"
        raise BadPaymentError(f"{name} is malformed: {what}", field=name) from error


def _strict(kind: type[M], value: dict[str, object], name: str) -> M:
    try:
        return kind.model_validate_json(orjson.dumps(value))
    except (ValidationError, TypeError) as error:
        what = describe_problems(error) if isinstance(error, ValidationError) else error
        raise BadPaymentError(f"{name} is malformed: {what}", field=name) from error
