"""What jurors said: votes, the ballot of one case, and probes, whose right answer is known.

A vote is one reading by one juror: an opinion (pass, fail, cannot tell) or a score. A void vote (a quote that
is not there, a negative control passed, a timeout) is kept as evidence but counts for nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from oracle.domain.errors import EarnestError


class BallotError(EarnestError):
    """A vote, ballot or probe that contradicts itself."""


Opinion: TypeAlias = Literal["pass", "fail", "cannot_tell"]
"""What a juror may answer when it is asked for no score."""

VALUES: dict[Opinion, float] = {"pass": 1.0, "fail": -1.0, "cannot_tell": 0.0}


@dataclass(frozen=True, slots=True)
class Vote:
    """One reading of one case by one juror.

    Attributes:
        juror: The model asked.
        family: Its family; errors inside a family are correlated.
        opinion: Its answer, or None where it gave a score or nothing.
        score: Its score, higher is better, on the juror's own scale; None where it gave none.
        template: What the draw varied and the juror may react to (rubric template or prompt).
        void: True where the answer may not count.

    Raises:
        BallotError: both an opinion and a score, a score that is no finite number, or an empty name.
    """

    juror: str
    family: str
    opinion: Opinion | None = None
    score: float | None = None
    template: str = ""
    void: bool = False

    def __post_init__(self) -> None:
        if not self.juror or not self.family:
            raise BallotError("A vote must name its juror and the juror's family.", field="juror")
        if self.opinion is not None and self.score is not None:
            raise BallotError(f"The vote of {self.juror} holds both an opinion and a score.", field="score")
        if self.score is not None and not math.isfinite(self.score):
            raise BallotError(f"The score of {self.juror} is not a finite number.", field="score")

    @property
    def counts(self) -> bool:
        """Whether there is an answer that may be weighed."""
        return not self.void and (self.opinion is not None or self.score is not None)

    @property
    def scored(self) -> bool:
        """Whether the answer is a score."""
        return self.score is not None

    @property
    def value(self) -> float:
        """The answer as a number: +1 pass, -1 fail, 0 cannot tell, or the score itself.

        Raises:
            BallotError: the vote does not count.
        """
        if self.score is not None and not self.void:
            return self.score
        if self.opinion is None or self.void:
            raise BallotError(f"The vote of {self.juror} holds no answer to weigh.", field="opinion")
        return VALUES[self.opinion]


@dataclass(frozen=True, slots=True)
class Ballot:
    """All votes on one criterion of one delivery.

    Attributes:
        case: Its name.
        kind: The kind of criterion; jurors differ by it.
        votes: In any order.
        item: What the case is about. Cases of one item are not independent. Empty: the case itself.
    """

    case: str
    kind: str
    votes: tuple[Vote, ...]
    item: str = ""

    def __post_init__(self) -> None:
        families: dict[str, str] = {}
        for vote in self.votes:
            if families.setdefault(vote.juror, vote.family) != vote.family:
                raise BallotError(
                    f"Case {self.case} puts juror {vote.juror} in two families.",
                    field="family",
                    next_step="Name one family for each juror.",
                )

    @property
    def group(self) -> str:
        """The item, or the case where no item is named."""
        return self.item or self.case


@dataclass(frozen=True, slots=True)
class Probe:
    """A case with a known answer, put to the jurors blind.

    Attributes:
        ballot: What they answered.
        good: The right answer: True where the criterion is met.
        adversarial: Made to mislead.
    """

    ballot: Ballot
    good: bool
    adversarial: bool = False
