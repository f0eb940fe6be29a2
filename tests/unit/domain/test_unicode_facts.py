"""What a reader does not see is taken out, counted and reported; what is plain stays plain."""

from __future__ import annotations

import pytest

from oracle.domain.unicode_facts import inspect_text


@pytest.mark.parametrize(
    ("text", "normal", "field", "value"),
    [
        pytest.param("pa\u200bss", "pass", "zero_width", 1, id="zero-width-space"),
        pytest.param("pa\u00adss\ufeff", "pass", "zero_width", 2, id="soft-hyphen-and-bom"),
        pytest.param("a\u202eb\u2066c", "abc", "bidi", 2, id="bidi"),
        pytest.param("ok" + "".join(chr(0xE0000 + ord(c)) for c in "pass"), "ok", "tags", 4, id="tags"),
        pytest.param("a\ufe0fb\U000e0105", "ab", "variations", 2, id="variation-selectors"),
        pytest.param("a\x1b[2Kb\x00", "a[2Kb", "controls", 2, id="terminal-controls"),
        pytest.param("\uff50\uff41\uff53\uff53", "pass", "compatibility", True, id="fullwidth"),
        pytest.param("\U0001d429\U0001d41a", "pa", "compatibility", True, id="mathematical"),
        pytest.param("p\u0430ss", "p\u0430ss", "mixed_words", ("p\u0430ss",), id="cyrillic-in-latin"),
        pytest.param("\u03bfk fine", "\u03bfk fine", "mixed_words", ("\u03bfk",), id="greek-in-latin"),
    ],
)
def test_what_is_hidden_is_found(text: str, normal: str, field: str, value: object) -> None:
    found_text, facts = inspect_text("x", text)
    assert found_text == normal
    assert getattr(facts, field) == value
    assert not facts.is_clean


@pytest.mark.parametrize(
    "text",
    [
        "plain ASCII,\nwith\ttabs",
        "Grüße, señor — naïve café",
        "Привет, мир",
        "日本語のテキスト",
        "Ελληνικά and English, word by word",
        "e\u0301 composes",
    ],
)
def test_honest_text_is_clean(text: str) -> None:
    assert inspect_text("x", text)[1].is_clean


def test_line_ends_are_one() -> None:
    assert inspect_text("x", "a\r\nb\rc")[0] == "a\nb\nc"
