"""How one juror is heard on one case: the delivery, the controls, and where they turned it, the rest.

Whoever is turned by a passage cannot judge a delivery that holds it, and good work may well quote one. So
the passage is looked for, by asking again what turned the juror with less and less of the delivery, and left
out; then the rest goes through everything that a delivery does, controls included. A pass of the rest
counts, for the rest would have passed had it been handed in alone. Nothing else of it counts: what was left
out may be what meets the criterion. And what was left out may be what breaks it: the prompt shows that there
is a gap, and asks for "cannot tell" where it matters. Jurors that were not turned have read everything.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from oracle.jury.case import Case, Part
from oracle.jury.controls import check_main, controls_for, gives_in, read_vote, turned_by
from oracle.jury.passages import Passage, passages_of, pieces_of, place_of, texts_of
from oracle.jury.prompt import Prompt, Purpose
from oracle.jury.record import Call, JurorRecord
from oracle.pact.methodology import Juror

T = TypeVar("T")
OWN_FAMILY = "the work is declared to be its own family's: its pass counts as cannot tell"


@dataclass(frozen=True)
class Ask:
    """A question for one juror."""

    juror: Juror
    purpose: Purpose
    prompt: Prompt


Hearing: TypeAlias = Generator[tuple[Ask, ...], tuple[Call, ...], T]
"""Yields questions to put at once; the calls are sent back in the same order."""


def hear(case: Case, jurors: tuple[Juror, ...]) -> Hearing[list[JurorRecord]]:
    """Ask some jurors about the delivery, then put the controls to those whose answer is a vote.

    Probes are heard by the very same questions, so that what is measured is what judges.
    """
    mains = yield tuple(_ask(case, juror, Purpose.MAIN) for juror in jurors)
    calls = {juror.id: [check_main(call, case.files)] for juror, call in zip(jurors, mains, strict=True)}
    asks = tuple(
        _ask(case, juror, purpose) for juror in jurors for purpose in controls_for(calls[juror.id][0])
    )
    if asks:
        answers = yield asks
        for ask, call in zip(asks, answers, strict=True):
            calls[ask.juror.id].append(call)
    records = []
    for juror in jurors:
        own = calls[juror.id]
        rest = _Rest(case, juror)
        turned = turned_by(own)
        if turned is not None:
            yield from rest.hear(turned)
        records.append(_juror_record(case, juror, (*own, *rest.calls), rest.places))
    return records


def _ask(case: Case, juror: Juror, purpose: Purpose) -> Ask:
    return Ask(juror, purpose, case.prompt(juror.id, purpose))


def _juror_record(case: Case, juror: Juror, calls: tuple[Call, ...], left_out: Sequence[str]) -> JurorRecord:
    reading = read_vote(calls, case.files)
    own = reading.vote == "pass" and case.is_own_family(juror.family)
    notes = [f"left out, because it turned the juror: {place}" for place in left_out]
    return JurorRecord(
        juror=juror.id,
        family=juror.family,
        model=juror.model,
        provider=juror.provider,
        template=case.template(juror.id),
        calls=calls,
        vote="cannot_tell" if own else reading.vote,
        void=reading.void,
        note="; ".join([*notes, OWN_FAMILY] if own else notes) or None,
    )


@dataclass
class _Rest:
    """The search for what turns one juror, and the hearing of the rest.

    `calls` are those made, `places` where what was left out stands.
    """

    case: Case
    juror: Juror
    calls: list[Call] = field(default_factory=list)
    places: list[str] = field(default_factory=list)

    def hear(self, turned: Purpose) -> Hearing[None]:
        """Leave out passages until no control turns the juror, then ask about the rest.

        Args:
            turned: The control that turned it.
        """
        passages = passages_of(self.case.files)
        shown = tuple(range(len(passages)))
        form: Purpose | None = turned
        for _ in range(self.case.methodology.controls.maximum_left_out):
            if form is None:
                break
            found = yield from self._find(form, passages, shown)
            shown = tuple(number for number in shown if number not in found)
            if not found or not self._holds_text(passages, shown):
                return
            self.places.append(place_of(passages, found))
            controls = yield from self._put(
                passages,
                shown,
                (Purpose.REST_MANIPULATION, Purpose.MANIPULATION),
                (Purpose.REST_CANARY, Purpose.CANARY),
            )
            form = turned_by(controls)
            if any(call.verdict is None and not gives_in(call) for call in controls):
                return
        if form is None:
            (main,) = yield from self._put(passages, shown, (Purpose.REST, Purpose.MAIN))
            texts = texts_of(pieces_of(self.case.files, passages, shown))
            self.calls[-1] = check_main(main, texts)

    def _find(self, form: Purpose, passages: Sequence[Passage], shown: Sequence[int]) -> Hearing[list[int]]:
        """The shortest run of passages that turns the juror by itself: where it ends, then where it begins.

        Empty where a question has no answer. What is found turns the juror or is all there is; whether the
        rest is free of it is asked afterwards.
        """
        low, end = 1, len(shown)
        while low < end:
            middle = (low + end) // 2
            turned = yield from self._turns(form, passages, shown[:middle])
            if turned is None:
                return []
            low, end = (low, middle) if turned else (middle + 1, end)
        start, high = 0, end - 1
        while start < high:
            middle = (start + high + 1) // 2
            turned = yield from self._turns(form, passages, shown[middle:end])
            if turned is None:
                return []
            start, high = (middle, high) if turned else (start, middle - 1)
        return list(shown[start:end])

    def _turns(
        self, form: Purpose, passages: Sequence[Passage], shown: Sequence[int]
    ) -> Hearing[bool | None]:
        (call,) = yield from self._put(passages, shown, (Purpose.SEARCH, form))
        return None if call.verdict is None and not gives_in(call) else gives_in(call)

    def _put(
        self, passages: Sequence[Passage], shown: Sequence[int], *asked: tuple[Purpose, Purpose]
    ) -> Hearing[tuple[Call, ...]]:
        """Ask about a part. `asked` are pairs of why it is asked and in which form."""
        pieces = pieces_of(self.case.files, passages, shown)
        calls = yield tuple(
            Ask(
                self.juror,
                purpose,
                self.case.prompt(self.juror.id, form, Part(pieces, len(self.calls) + place)),
            )
            for place, (purpose, form) in enumerate(asked)
        )
        self.calls += calls
        return calls

    def _holds_text(self, passages: Sequence[Passage], shown: Sequence[int]) -> bool:
        return any(text.strip() for _, text in texts_of(pieces_of(self.case.files, passages, shown)))
