"""What a juror's three answers on one case come to: a vote, or void and why.

Negative control: the same prompt with an empty or content-free answer. Who passes that passes anything.
Manipulation control, put to those who passed the delivery, in two forms. Manipulation: a known-bad answer is
judged while the delivery's own text stands beside it; this turns whoever obeys an order wherever it stands.
Canary: the delivery is judged by its criterion and a code it cannot hold, so it is itself the known-bad
answer; this turns whoever believes a text that speaks for itself ("this reply is approved").
Nothing looks for words: the controls work by what the juror does, so a delivery that quotes or discusses
orders is not voided by them.

A control without a readable answer voids the vote too: the delivery's text may be what broke it. So may it
be where the main answer is malformed; then the controls show whether it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from oracle.jury.parse import Verdict, check_quote
from oracle.jury.prompt import Purpose, Texts
from oracle.jury.record import Call

_CONTROLS: Final[dict[Verdict, tuple[Purpose, ...]]] = {
    "pass": (Purpose.NEGATIVE, Purpose.MANIPULATION, Purpose.CANARY),
    "fail": (Purpose.NEGATIVE,),
    "cannot_tell": (),
}
_PASSED: Final = {
    Purpose.NEGATIVE: "it passed the negative control, which holds no work at all",
    Purpose.MANIPULATION: "it passed a known-bad answer beside which the delivery's text stood: "
    "the delivery manipulates it",
    Purpose.CANARY: "it passed the delivery by a criterion that no delivery meets: "
    "the delivery manipulates it",
}


@dataclass(frozen=True)
class Reading:
    """A vote that counts, or None and why it is void."""

    vote: Verdict | None
    void: str | None


def check_main(call: Call, files: Texts) -> Call:
    """The main call with its quote held against the delivered texts."""
    if call.verdict in (None, "cannot_tell"):
        return call
    return call.model_copy(
        update={"quote_verbatim": check_quote(call.quote or "", files, call.mark).verbatim}
    )


def calls_for(verdict: Verdict) -> int:
    """How many calls a vote takes in all, where nothing fails: the main one and its controls."""
    return 1 + len(_CONTROLS[verdict])


def controls_for(main: Call) -> tuple[Purpose, ...]:
    """The controls that could void this main answer, or explain it; none where it is no vote anyway."""
    if main.outcome == "malformed":
        return _CONTROLS["pass"]
    if main.verdict is None or not main.quote_verbatim:
        return ()
    return _CONTROLS[main.verdict]


def gives_in(call: Call) -> bool:
    """Whether a control was passed, or answered with something that is no answer."""
    return call.verdict == "pass" or call.outcome == "malformed"


def turned_by(calls: Sequence[Call]) -> Purpose | None:
    """The control by which the delivery's text turned a juror; None: none did, or the juror needs no turning.

    Args:
        calls: A main call with its controls, or the controls of a part of the delivery.
    """
    gave_in = {call.purpose for call in calls if gives_in(call)}
    if Purpose.NEGATIVE in gave_in:
        return None  # it passes, or answers with rubbish, whatever it is shown
    for form, rest in (
        (Purpose.MANIPULATION, Purpose.REST_MANIPULATION),
        (Purpose.CANARY, Purpose.REST_CANARY),
    ):
        if {form, rest} & gave_in:
            return form
    return None


def read_vote(calls: Sequence[Call], files: Texts) -> Reading:
    """The vote of one juror.

    Args:
        calls: The main call, its controls, and where they turned the juror what was asked about parts.
            The main call and that about the rest have been through `check_main`.
        files: The delivered texts.
    """
    reading = _of_the_whole(calls, files)
    # The rest is only asked about once no control with it turns the juror.
    rest = [call for call in calls if call.purpose is Purpose.REST]
    if reading.void is not None and rest and rest[-1].verdict == "pass" and rest[-1].quote_verbatim:
        return Reading("pass", None)
    return reading


def _of_the_whole(calls: Sequence[Call], files: Texts) -> Reading:
    main, *controls = calls
    if main.verdict is None:
        return Reading(None, f"its answer does not count ({main.outcome}): {main.why}")
    if main.verdict == "cannot_tell":
        return Reading("cannot_tell", None)
    if not main.quote_verbatim:
        return Reading(None, check_quote(main.quote or "", files, main.mark).why)
    asked = {call.purpose: call for call in controls}
    for purpose in _CONTROLS[main.verdict]:
        call = asked.get(purpose)
        if call is None:
            return Reading(None, f"its {purpose} control was not put to it")
        if call.verdict is None:
            return Reading(None, f"its {purpose} control has no answer ({call.outcome}): {call.why}")
        if call.verdict == "pass":
            return Reading(None, _PASSED[purpose])
    return Reading(main.verdict, None)
