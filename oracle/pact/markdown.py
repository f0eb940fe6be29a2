"""Foreign text inside Markdown: it reads as what it is, and marks nothing up."""

from __future__ import annotations

import re
from typing import Final

from oracle.pact.visible import one_line, visible

_MARKS: Final = re.compile(r"[\\`*_\[\]<>&~#|]")
_BLOCK_START: Final = re.compile(r"^(\d*)([-+=.)])")
_TICKS: Final = re.compile(r"`+")


def prose(text: str) -> str:
    """`text` on one line, with a backslash before whatever Markdown would take for a mark.

    Without it a comment, a link or an emphasis would show a reader another text than the document holds.
    """
    return _BLOCK_START.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", one_line(text)))


def code(text: str) -> str:
    """`text` as a code span, to the letter: line breaks and tabs are written out as [U+000A] and [U+0009]."""
    shown = visible(text.replace("\n", "[U+000A]").replace("\t", "[U+0009]"))
    ticks = "`" * (1 + max((len(run) for run in _TICKS.findall(shown)), default=0))
    needs_room = shown[:1] in {"`", " "} or shown[-1:] in {"`", " "}
    room = " " if needs_room and shown.strip() else ""
    return f"{ticks}{room}{shown}{room}{ticks}"
