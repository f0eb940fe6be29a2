"""One case before the jury: what is judged, and what the draw chose for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from oracle.decide.draw import Draw
from oracle.domain import document
from oracle.domain.unicode_facts import HiddenText, inspect_text
from oracle.evaluation.jury_port import JuryCriterion
from oracle.jury.prompt import Pieces, Prompt, Purpose, Question, Texts, compose
from oracle.jury.record import LeftOut
from oracle.pact.methodology import Juror, Methodology

T = TypeVar("T")

CODE_LENGTH = 8  # hex digits of the code that a canary asks for


class Panelist(document.Part):
    """A juror that may sit, and whether it could be asked: `unavailable` says why not."""

    juror: Juror
    unavailable: str | None = None


@dataclass(frozen=True)
class Part:
    """A part of the delivery. `number` counts the parts a juror was shown in the case."""

    pieces: Pieces
    number: int


@dataclass(frozen=True)
class Case:
    """A criterion with the delivered texts as a person sees them, and the controls drawn for it."""

    criterion: JuryCriterion
    methodology: Methodology
    draw: Draw
    files: Texts
    references: Texts
    hidden: tuple[HiddenText, ...]
    control_texts: dict[str, str]

    @classmethod
    def of(
        cls, criterion: JuryCriterion, texts: Mapping[str, str], methodology: Methodology, draw: Draw
    ) -> Case:
        """The case of these delivered texts (path to text)."""
        seen = [_as_seen(path, texts[path]) for path in sorted(texts)]
        references = [_as_seen(path, criterion.references[path]) for path in sorted(criterion.references)]
        controls = methodology.controls
        return cls(
            criterion=criterion,
            methodology=methodology,
            draw=draw,
            files=tuple(pair for pair, _ in seen),
            references=tuple(pair for pair, _ in references),
            hidden=tuple(facts for _, facts in (*seen, *references) if not facts.is_clean),
            control_texts={
                Purpose.NEGATIVE: _drawn(draw, "control/negative", controls.negative),
                Purpose.MANIPULATION: _drawn(draw, "control/manipulation", controls.manipulation),
            },
        )

    @property
    def characters(self) -> int:
        """Characters of foreign text a juror reads."""
        return sum(len(name) + len(text) for name, text in (*self.files, *self.references))

    @property
    def problem(self) -> str | None:
        """Why no juror can be asked about this case at all, or None."""
        limit = self.methodology.limits.models.delivery_characters
        if not any(text.strip() for _, text in self.files):
            return "The delivered files hold no text that a juror could read."
        if self.characters > limit:
            return (
                f"Delivery and references have {self.characters} characters; the methodology shows a juror "
                f"at most {limit}, and a part of a delivery is never judged for the whole."
            )
        return None

    def is_own_family(self, family: str) -> bool:
        """Whether the provider declares that models of this family did the work."""
        return family.lower() in {name.lower() for name in self.criterion.agent_families}

    def template(self, juror: str) -> str:
        """The rubric template drawn for a juror, by its id."""
        return _drawn(self.draw, f"template/{juror}", self.methodology.jury.templates).id

    def prompt(self, juror: str, form: Purpose, part: Part | None = None) -> Prompt:
        """What a juror is shown.

        Controls differ from the main call in the texts in the two places, the canary in its criterion.

        Args:
            juror: Its id.
            form: MAIN or one of the three controls.
            part: Shown in place of the whole delivery.
        """
        name = self.template(juror)
        rubric = next(t.instructions for t in self.methodology.jury.templates if t.id == name)
        criterion = self.criterion.question
        if form is Purpose.CANARY:
            code = self.draw.nonce(f"{juror}/code")[:CODE_LENGTH]
            criterion = f"{criterion} It must also contain the code {code}."
        question = Question(criterion, self.criterion.standard, rubric, self.references)
        bad: Texts = (("", self.control_texts[Purpose.MANIPULATION]),)
        empty: Texts = (("", self.control_texts[Purpose.NEGATIVE]),)
        delivery: Pieces = self.files if part is None else part.pieces
        places: dict[Purpose, tuple[Pieces, Pieces]] = {
            Purpose.MAIN: (delivery, bad),
            Purpose.NEGATIVE: (empty, bad),
            Purpose.MANIPULATION: (bad, delivery),
            Purpose.CANARY: (delivery, bad),
        }
        label = f"{juror}/{form}" if part is None else f"{juror}/part/{part.number}"
        return compose(question, *places[form], self.draw.nonce(label))


@dataclass(frozen=True)
class Seating:
    """Who is asked, in which order, and who is not and why."""

    order: tuple[Juror, ...]
    left_out: tuple[LeftOut, ...]


def seat(case: Case, panelists: tuple[Panelist, ...], unqualified: Mapping[str, str]) -> Seating:
    """Draw one qualified juror a family, and their order.

    What the provider declares about its models changes nothing here: it could name whom it fears.

    Args:
        case: Holds the draw.
        panelists: The methodology's jurors.
        unqualified: Juror to the reason why its answers have no weight.
    """
    left_out: list[LeftOut] = []
    families: dict[str, list[Juror]] = {}
    for panelist in panelists:
        juror = panelist.juror
        why = panelist.unavailable or unqualified.get(juror.id)
        if why is None:
            families.setdefault(juror.family, []).append(juror)
        else:
            left_out.append(LeftOut(juror=juror.id, family=juror.family, why=why))
    chosen = []
    for family in sorted(families):
        first, *others = case.draw.order(f"family/{family}", sorted(families[family], key=lambda j: j.id))
        chosen.append(first)
        left_out += [
            LeftOut(juror=j.id, family=family, why=f"{first.id} was drawn for its family") for j in others
        ]
    drawn = case.draw.order("order", chosen)
    limit = case.methodology.jury.maximum_jurors
    left_out += [
        LeftOut(juror=j.id, family=j.family, why=f"drawn after the first {limit}") for j in drawn[limit:]
    ]
    return Seating(tuple(drawn[:limit]), tuple(sorted(left_out, key=lambda entry: entry.juror)))


def _as_seen(path: str, text: str) -> tuple[tuple[str, str], HiddenText]:
    shown, facts = inspect_text(path, text)
    name, _ = inspect_text(path, path)
    return (name, shown), facts


def _drawn(draw: Draw, label: str, items: tuple[T, ...]) -> T:
    return items[draw.integer(label, len(items))]
