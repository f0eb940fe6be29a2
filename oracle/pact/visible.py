"""Text from the other side, made safe to show: nothing in it may hide, or move the reader's cursor."""

from __future__ import annotations

import unicodedata

_PLAIN = frozenset("\n\t")
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})


def hidden_characters(text: str) -> tuple[str, ...]:
    """The distinct control, format, private and unassigned characters in `text`, as U+XXXX, sorted."""
    return tuple(_name(character) for character in sorted(set(filter(_is_hidden, text))))


def visible(text: str) -> str:
    """`text` with every hidden character written out as [U+XXXX]."""
    return "".join(f"[{_name(character)}]" if _is_hidden(character) else character for character in text)


def one_line(text: str) -> str:
    """`text` visible and on one line, so that it cannot forge headings or rows around it."""
    return visible(" ".join(text.split()))


def _is_hidden(character: str) -> bool:
    return character not in _PLAIN and unicodedata.category(character) in _HIDDEN_CATEGORIES


def _name(character: str) -> str:
    return f"U+{ord(character):04X}"
