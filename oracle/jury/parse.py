"""A juror's raw answer, read strictly. What cannot be read is malformed; it is never guessed at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pydantic import Field, ValidationError

from oracle.domain.canonical import JsonError, parse_json
from oracle.domain.document import Part, describe_problems
from oracle.domain.errors import EarnestError
from oracle.jury.prompt import Texts

Verdict: TypeAlias = Literal["pass", "fail", "cannot_tell"]

MAX_ANSWER_BYTES: Final = 16_384
MIN_QUOTE: Final = 4  # characters without spaces; a shorter answer must be quoted whole
_FENCED: Final = re.compile(r"\s*```(?:json)?\s*\n(?P<body>.*?)\n\s*```\s*", re.DOTALL)
_QUOTATION_MARKS: Final = "\"'“”„«»‘’`"


class MalformedAnswerError(EarnestError):
    """An answer is not the one JSON object that was asked for."""


class Answer(Part):
    """What a juror said."""

    verdict: Verdict
    quote: str = Field(max_length=4000)
    reason: str = Field(max_length=4000)


@dataclass(frozen=True)
class QuoteCheck:
    """Whether a quote stands in the delivery word for word, and if not why."""

    verbatim: bool
    why: str


def parse_answer(raw: str) -> Answer:
    """The answer in a raw response: one JSON object, alone or in one fenced block.

    Raises:
        MalformedAnswerError: anything else, or too long.
    """
    fenced = _FENCED.fullmatch(raw)
    body = fenced.group("body") if fenced else raw
    try:
        value = parse_json(body.encode("utf-8"), what="the answer", max_bytes=MAX_ANSWER_BYTES, max_depth=2)
        return Answer.model_validate(value)
    except JsonError as error:
        raise MalformedAnswerError(error.message) from error
    except UnicodeEncodeError as error:
        raise MalformedAnswerError("the answer holds a lone surrogate, which is not text") from error
    except ValidationError as error:
        problems = "; ".join(f"{field}: {problem}" for field, problem in describe_problems(error)[:5])
        raise MalformedAnswerError(f"the answer has the wrong form: {problems}") from error


def check_quote(quote: str, files: Texts, mark: str) -> QuoteCheck:
    """Whether `quote` stands in one of the delivered texts, apart from white space.

    The juror read lines that begin with `mark` and may have copied it; outer quotation marks are its own.
    """
    wanted = _squash(quote.replace(f"{mark}|", ""))
    texts = [_squash(text) for _, text in files]
    for candidate in (wanted, wanted.strip(_QUOTATION_MARKS)):
        enough = len(candidate) >= MIN_QUOTE or candidate in texts
        if candidate and enough and any(candidate in text for text in texts):
            return QuoteCheck(True, "the quote stands in the delivery")
    if not wanted:
        return QuoteCheck(False, "no quote was given")
    if len(wanted) < MIN_QUOTE:
        return QuoteCheck(False, f"the quote has fewer than {MIN_QUOTE} characters")
    return QuoteCheck(False, "the quote is not in the delivery")


def _squash(text: str) -> str:
    return "".join(text.split())
