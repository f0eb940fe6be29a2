"""Text made safe to judge: normalised, with what was hidden in it taken out and reported.

Nothing here decides anything: facts go into the record and before the jury, and no list of phrases is
looked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Final

from oracle.domain.document import Part

_MOST_WORDS: Final = 20
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ZERO_WIDTH: Final = frozenset(
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u2060\u3164\ufeff\uffa0"
)
_TAGS: Final = range(0xE0000, 0xE0080)
_VARIATIONS: Final = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_KEPT_CONTROLS: Final = frozenset("\n\t")
# scripts whose letters are taken for one another
_CONFUSABLE: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})
_ASCII_HIDDEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # of ASCII, what `_kind` does not keep
_WORD: Final = re.compile(r"\w+")


class HiddenText(Part):
    """What a text held that a reader does not see, counted in characters.

    Args:
        path: the file.
        zero_width: characters without width, soft hyphens and fillers among them.
        bidi: marks that turn the direction of writing.
        tags: the invisible copies of ASCII (U+E0000 to U+E007F).
        variations: variation selectors, which can carry bytes.
        controls: control and unassigned characters, and private use.
        compatibility: whether NFKC changed the text (fullwidth and mathematical letters, ligatures).
        mixed_words: words that mix scripts whose letters look alike, at most 20.
    """

    path: str
    zero_width: int = 0
    bidi: int = 0
    tags: int = 0
    variations: int = 0
    controls: int = 0
    compatibility: bool = False
    mixed_words: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether nothing was hidden and nothing mixed."""
        counts = self.zero_width + self.bidi + self.tags + self.variations + self.controls
        return counts == 0 and not self.mixed_words and not self.compatibility


def _kind(character: str) -> str | None:
    code = ord(character)
    if code < 0x7F and character.isprintable():
        return None
    if code in _TAGS:
        return "tags"
    if any(code in block for block in _VARIATIONS):
        return "variations"
    if character in _BIDI:
        return "bidi"
    if character in _ZERO_WIDTH:
        return "zero_width"
    if character not in _KEPT_CONTROLS and unicodedata.category(character) in {"Cc", "Cf", "Co", "Cn", "Cs"}:
        return "controls"
    return None


def _scripts(word: str) -> frozenset[str]:
    names = (unicodedata.name(character, "").split(" ", 1)[0] for character in word if character.isalpha())
    return frozenset(name for name in names if name in _CONFUSABLE)


def inspect_text(path: str, text: str) -> tuple[str, HiddenText]:
    """The text in NFKC without hidden characters and with line ends as \\n, and what was found.

    Scripts are told apart before NFKC, which already maps some look-alikes to Latin.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and _ASCII_HIDDEN.search(text) is None:
        return text, HiddenText(path=path)
    held = Counter(text)
    hidden = {character: kind for character in held if (kind := _kind(character)) is not None}
    counts: Counter[str] = Counter()
    for character, kind in hidden.items():
        counts[kind] += held[character]
    visible = text.translate(dict.fromkeys(map(ord, hidden)))
    words = {word for word in _WORD.findall(visible) if not word.isascii()}
    mixed = sorted(word for word in words if len(_scripts(word)) > 1)[:_MOST_WORDS]
    normal = unicodedata.normalize("NFKC", visible)
    return normal, HiddenText(
        path=path,
        zero_width=counts["zero_width"],
        bidi=counts["bidi"],
        tags=counts["tags"],
        variations=counts["variations"],
        controls=counts["controls"],
        compatibility=normal != unicodedata.normalize("NFC", visible),
        mixed_words=tuple(word[:80] for word in mixed),
    )
