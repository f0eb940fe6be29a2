"""The passages a delivery is made of, so that one which turns a juror can be found and left out. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

from oracle.jury.prompt import Pieces, Texts

MOST_PASSAGES: Final = 64
"""Passages a delivery is cut into at most: finding one takes twice the binary logarithm of that in calls."""

# Ends of lines and sentences. Where exactly a text is cut decides how much is left out, not what is safe.
_END: Final = re.compile(r"\n|[.!?][\"'”»’)\]},]*\s+|[。！？]")


@dataclass(frozen=True)
class Span:
    """A stretch of one file's text: the file's place, and characters from `start` up to `end`."""

    file: int
    start: int
    end: int


Passage: TypeAlias = tuple[Span, ...]
"""Neighbouring sentences that are left out together."""


def passages_of(files: Texts) -> tuple[Passage, ...]:
    """A delivery's passages in order: sentences, or several at once where there are very many."""
    spans = [span for place, (_, text) in enumerate(files) for span in _sentences(place, text)]
    size = -(-len(spans) // MOST_PASSAGES)
    return tuple(tuple(spans[at : at + size]) for at in range(0, len(spans), size)) if spans else ()


def _sentences(place: int, text: str) -> list[Span]:
    cuts = [0]
    for end in (match.end() for match in _END.finditer(text)):
        if text[cuts[-1] : end].strip():  # blank lines belong to what follows them
            cuts.append(end)
    if cuts[-1] < len(text) or not text:
        cuts.append(len(text))
    return [Span(place, start, end) for start, end in pairwise(cuts)]


def pieces_of(files: Texts, passages: Sequence[Passage], shown: Collection[int]) -> Pieces:
    """The delivery with the passages in `shown` alone; None stands for each stretch that is left out.

    A file of which nothing is shown is not named either: its name may be what turns a juror.
    """
    wanted = set(shown)
    pieces: list[tuple[str, str] | None] = []
    last: Span | None = None
    for number, passage in enumerate(passages):
        for span in passage:
            if number not in wanted:
                if not pieces or pieces[-1] is not None:
                    pieces.append(None)
                continue
            name, text = files[span.file]
            piece = text[span.start : span.end]
            before = pieces[-1] if pieces else None
            if before is not None and last is not None and last.file == span.file:
                pieces[-1] = (name, before[1] + piece)
            else:
                pieces.append((name, piece))
            last = span
    return tuple(pieces)


def texts_of(pieces: Pieces) -> Texts:
    """What is shown of a delivery, without the gaps."""
    return tuple(piece for piece in pieces if piece is not None)


def place_of(passages: Sequence[Passage], numbers: Sequence[int]) -> str:
    """Where a run of passages stands, in words without any foreign text."""
    first, last = passages[numbers[0]][0], passages[numbers[-1]][-1]
    if first.file == last.file:
        return f"characters {first.start + 1} to {last.end} of file {first.file + 1}"
    return f"character {first.start + 1} of file {first.file + 1} to {last.end} of file {last.file + 1}"
