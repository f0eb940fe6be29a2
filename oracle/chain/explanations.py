"""What each custom error of the escrow means to a person, and what to do next."""

from __future__ import annotations

from typing import Any

from oracle.domain.amounts import format_usdc
from oracle.domain.fields import show_time
from oracle.domain.types import Standing, State, checksum

_AMOUNTS = {
    "amount",
    "asks",
    "fee",
    "has",
    "held",
    "highest",
    "lowest",
    "missing",
    "needs",
    "owed",
    "reserved",
    "share",
    "stake",
    "toBuyer",
    "value",
}
_TIMES = {"end", "expiry", "limit", "timestamp"}

# Error name: (sentence, what to do next). Arguments stand in braces, written as `_shown` does.
EXPLANATIONS: dict[str, tuple[str, str | None]] = {
    "BadTerms": ("the agreement's {field} breaks a rule", "{hint}"),
    "FeeTooLow": ("the fee is {fee}; this committee asks at least {lowest}", "raise the fee and sign again"),
    "ValueTooHigh": (
        "the value at stake is {value}; this committee accepts at most {highest}",
        "lower price or bond, or use a committee that accepts more",
    ),
    "TooLate": (
        "that was allowed only before {limit}; the chain's time is {timestamp}",
        "oracle job show says what may be done now",
    ),
    "TooEarly": ("that is allowed only from {limit}; the chain's time is {timestamp}", "try again then"),
    "WrongState": ("job {job} is {state}", "{hint}"),
    "AlreadyDelivered": (
        "job {job} has a delivery already; it cannot be replaced",
        "oracle job show says what may be done now",
    ),
    "NotDelivered": ("nothing has been delivered for job {job}", "wait for the delivery"),
    "WrongDeliverable": ("{named} is not what was anchored for job {job}", "oracle job show says what was"),
    "NotAllowed": ("{party} may not do this here", "oracle job show says who may do what now"),
    "NotTheArbiter": ("{caller} is not the arbiter; {arbiter} is", "use the arbiter's key"),
    "SplitTooLarge": ("{toBuyer} to the buyer is more than the {held} there are", "name a smaller part"),
    "BadLength": ("a list has {length} entries; it must have 1 to {most}", "send it in parts"),
    "MixedParties": (
        "milestone {index} has another buyer or provider than the first",
        "open it on its own: oracle agreement submit",
    ),
    "InsufficientCollateral": (
        "{account} has {has} of free collateral and needs {needs}",
        "deposit {missing} more: oracle account deposit",
    ),
    "ZeroAmount": ("the amount must be above zero", "name an amount"),
    "BadRecipient": ("{recipient} cannot be paid, nor hold collateral", "name another account"),
    "WrongChain": (
        "the escrow was deployed on chain {deployedOn} and takes no signatures on {chainId}",
        None,
    ),
    "Expired": ("the permission ended at {expiry}; the chain's time is {timestamp}", "sign a new one"),
    "NotSignedBy": (
        "the signature is not {signer}'s over this",
        "sign again: changed terms, another chain or another contract make a signature void",
    ),
    "MalformedSignature": (
        "the signature has {length} bytes; it must have 65, or 64 (EIP-2098)",
        "sign again",
    ),
    "HighS": ("the signature's s is in the upper half of the curve's order", "sign with low s (EIP-2)"),
    "PledgeUsed": ("the pledge {digest} was used before", "sign another with a different subject or expiry"),
    "BadCommittee": ("the committee's {field} breaks a rule", "correct that field in the committee's file"),
    "CommitteeExists": ("committee {committee} exists already", "use it, or change the salt"),
    "UnknownCommittee": (
        "there is no committee {committee}",
        "check the id, the chain and the escrow's address",
    ),
    "NotTheEvaluator": ("{caller} is not the account of evaluator {index}", "use the account that joined"),
    "WrongStanding": (
        "evaluator {index} is {standing}, which does not allow this",
        "see oracle committee show",
    ),
    "StakeFull": ("the stake of evaluator {index} is full already", "nothing is to be done"),
    "KeyTaken": ("{key} is no key, or is or was an evaluator's in this committee", "use a fresh key"),
    "TooFewMembers": (
        "the committee has {members} members at full stake and needs {threshold}",
        "evaluators must join or top up before a job can open",
    ),
    "CoverageExhausted": (
        "the committee cannot cover {share} more of each member: {reserved} of {stake} is reserved",
        "wait until running jobs close, or use another committee",
    ),
    "StillLiable": (
        "evaluator {index} still answers for {reserved} of open jobs",
        "withdraw after they have closed",
    ),
    "NothingToDraw": (
        "the evaluators of set {set} have no fees to draw",
        "name those who signed together, or all members of a job nobody judged",
    ),
    "NotAQuorum": (
        "{signers} signers with {attestations} attestations; a verdict takes exactly {threshold}",
        None,
    ),
    "SignerCount": ("{signers} signers are named, but {attestations} attestations given", None),
    "NotAMember": ("evaluator {index} is no member for this job", "leave its attestation out"),
    "IsExpelled": ("evaluator {index} was expelled", "leave its attestation out"),
    "NotTheKey": ("an attestation was signed by {recovered}; evaluator {index}'s key is {key}", None),
    "BadOutcome": ("the outcome must be pass, fail or lapse", "name one of them"),
    "NoContradiction": ("the two statements agree, or two evaluators made them: they prove nothing", None),
    "KeyDoesNotBind": ("{key} bound no evaluator when this subject was opened", None),
    "AlreadyShown": ("this contradiction of evaluator {index} on {subject} was shown before", None),
    "NothingOwed": (
        "evaluator {index} owes nothing over {subject}, or nothing of its stake is left",
        "oracle committee show says what it owes",
    ),
    "InDebt": (
        "evaluator {index} owes {owed}, to be collected first",
        "collect it for each subject: oracle committee collect",
    ),
    "NotStale": (
        "the reservation of {book} for {subject} ends at {end}",
        "until then only its book gives it back",
    ),
    "BeyondReservation": ("{asked} is to be slashed of each, but only {share} is reserved", None),
    "SubjectReserved": ("{book} holds a reservation for {subject} already, or it is a job", None),
    "NotReserved": ("{book} holds no reservation for {subject}", None),
}

_TERMS_HINTS = {
    "buyer": "buyer and provider must be two accounts, neither of them zero or the escrow",
    "provider": "buyer and provider must be two accounts, neither of them zero or the escrow",
    "gated": "the gated amount must be above zero",
    "openBy": "openBy must lie in the future and before deliverBy",
    "deliverBy": "deliverBy must lie after openBy, and within the longest job",
    "judgeBy": "judgeBy must follow deliverBy by at least the committee's minVerdict, within the longest job",
    "challenge": "zero, or at least the deployment's least challenge; at most the committee's maxChallenge",
    "ruling": "at least the committee's minRuling; at most the deployment's longest ruling",
}


def explain(name: str, values: dict[str, Any]) -> tuple[str, str | None]:
    """(sentence, next step) for a custom error and its arguments as the ABI decodes them."""
    shown = {field: _shown(field, value) for field, value in values.items()}
    if name not in EXPLANATIONS:
        listed = ", ".join(f"{field} {value}" for field, value in shown.items())
        return f"the contract refused{': ' if listed else ''}{listed}", None
    sentence, next_step = EXPLANATIONS[name]
    shown["hint"] = _hint(name, values)
    if "needs" in values and "has" in values:
        shown["missing"] = format_usdc(max(0, values["needs"] - values["has"]))
    return sentence.format(**shown), (next_step.format(**shown) or None) if next_step else None


def _hint(name: str, values: dict[str, Any]) -> str:
    if name == "BadTerms":
        return _TERMS_HINTS.get(
            values["field"], "compare it with the rules in docs and the committee's terms"
        )
    if name == "WrongState" and values["state"] == State.NONE:
        return "there is no job with exactly these terms on this escrow; check the agreement file"
    return "oracle job show says what may be done now"


def _shown(field: str, value: Any) -> str:
    if isinstance(value, bytes):
        return f"0x{value[:5].hex()}…"
    if field == "state":
        return State(value).word if value in list(State) else str(value)
    if field == "standing":
        return Standing(value).word if value in list(Standing) else str(value)
    if isinstance(value, str):
        return checksum(value.lower()) if value.startswith("0x") and len(value) == 42 else value[:80]
    if field in _AMOUNTS:
        return format_usdc(value)
    if field in _TIMES:
        return show_time(value)
    return f"0b{value:b}" if field == "set" else str(value)
