"""What each custom error of the tab contract means to a person, and what to do next."""

from __future__ import annotations

from typing import Any

from oracle.domain.amounts import format_usdc
from oracle.domain.fields import show_time
from oracle.domain.tab_terms import Phase

_SHOW = "oracle tab show says where the tab stands and what comes next"
_AMOUNTS = frozenset({"owed", "covered", "payable_", "highest", "amount", "room"})
_TIMES = frozenset({"expiry", "timestamp"})

# Error name: (sentence, what to do next). Arguments stand in braces.
TAB_EXPLANATIONS: dict[str, tuple[str, str]] = {
    "BadTerms": ("the tab's {field} breaks a rule", "compare it with the rules and the committee's terms"),
    "BadTally": (
        "the tally's {field} breaks a rule",
        "it must grow, and not exceed the ceiling",
    ),
    "NotCovered": ("{owed} is owed; balance and credit cover {covered}", "top the tab up: oracle tab topup"),
    "WrongPhase": ("the tab is {phase}; that needs another phase", _SHOW),
    "WrongTally": ("another tally than this one is presented", _SHOW),
    "NotHigher": ("{count} interactions do not replace {presented}", "present a higher count"),
    "NotDisputed": ("no period with the subject {subject} awaits a ruling", "take it from PeriodDisputed"),
    "NothingUnpaid": ("no fees of verdicts are kept on this tab", "there is nothing to hand over"),
    "PayableTooHigh": ("{payable_} is more than the {highest} that may be paid", "attest no more than that"),
    "NotAQuorum": ("there are {attestations} attestations; {threshold} are needed", "give exactly as many"),
    "NoOutcome": ("no outcome is named", "name pass, fail or lapse"),
    "TopUpTooLarge": ("the balance can take {room} more, not {amount}", "top up by less"),
    "PermissionExpired": ("the signature was good until {expiry}; it is {timestamp}", "sign again"),
    "NoDebt": ("evaluator {index} owes nothing for this tab", "there is nothing to collect"),
    "ForkedChain": (
        "this is chain {chainId}, and the contract was deployed on {deployedOn}",
        "use the node of the chain it was deployed on",
    ),
}


def explain_tab(name: str, values: dict[str, Any]) -> tuple[str, str]:
    """(sentence, next step) for a custom error and its arguments as the ABI decodes them."""
    sentence, next_step = TAB_EXPLANATIONS[name]
    return sentence.format(**{field: _shown(field, value) for field, value in values.items()}), next_step


def _shown(field: str, value: Any) -> str:
    if isinstance(value, bytes):
        text = value.rstrip(b"\0")
        return text.decode("ascii") if text.isascii() and text.isalnum() else f"0x{value[:5].hex()}…"
    if field == "phase":
        return Phase(value).name.lower() if value in list(Phase) else str(value)
    if field in _AMOUNTS:
        return format_usdc(value)
    return show_time(value) if field in _TIMES else str(value)
