"""What every job emits is read the short way exactly as the general way reads it, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.chain import decoder
from oracle.chain.errors import DecodeError
from oracle.chain.everyday import EVERYDAY
from oracle.chain.quantities import RawLog

ESCROW = "0x" + "e5" * 20
WORDS = st.one_of(
    st.integers(0, 2**256 - 1),
    st.integers(0, 2**80 - 1),
    st.integers(0, 400),
    st.sampled_from([2**160 - 1, 2**160, 64, 1 << 250, 3 << 250, 5 << 250, 1 << 255, 1 << 224, 1 << 80]),
)


def word(value: int) -> str:
    return f"{value:064x}"


@st.composite
def logs(draw: st.DrawFn) -> tuple[str, RawLog]:
    """Logs that are right, nearly right, and not at all."""
    name = draw(st.sampled_from(sorted(EVERYDAY)))
    usual = {"JobOpened": (3, 7), "Delivered": (1, 1), "Judged": (1, None), "JobClosed": (1, 1)}[name]
    topics, words = usual
    topics = draw(st.sampled_from([topics, topics, topics, 0, 1, 2, 3]))
    if words is None:
        evidence = draw(st.lists(WORDS, max_size=4))
        listed = draw(st.sampled_from([len(evidence), len(evidence), len(evidence) + 1, 2**255]))
        offset = draw(st.sampled_from([64, 64, 64, 32]))
        data = [draw(WORDS), offset, listed, *evidence]
    else:
        data = draw(st.lists(WORDS, min_size=max(0, words - 1), max_size=words + 1))
    cut = draw(st.sampled_from(["", "", "", "00"]))
    names = [decoder.TOPICS[name], *("0x" + word(draw(WORDS)) for _ in range(topics))]
    text = "0x" + "".join(map(word, data)) + cut
    return name, RawLog(ESCROW, tuple(names), text, 7, "0x" + "b1" * 32, "0x" + "71" * 32, 0, 3)


@given(logs())
def test_the_short_way_is_the_general_way(made: tuple[str, RawLog]) -> None:
    name, log = made
    short = EVERYDAY[name](log)
    try:
        general = decoder._READERS[log.topics[0]].read(log)
    except DecodeError:
        assert short is None
        with pytest.raises(DecodeError):
            decoder.decode_logs([log], ESCROW)
        return
    assert short in (None, general)
    assert decoder.decode_logs([log], ESCROW) == [decoder.decode_log(log, ESCROW)]
    assert decoder.decode_log(log, ESCROW).event == general


@pytest.mark.parametrize(
    ("name", "topics", "data"),
    [
        ("JobOpened", [1, 2, 3], [1, 2, 3, 4, 5, 6, 7]),
        ("Delivered", [1], [2]),
        ("Judged", [1], [1 | 7 << 8 | 99 << 40, 64, 2, 5, 6]),
        ("JobClosed", [1], [1 << 248]),
    ],
)
def test_what_is_usual_is_read_the_short_way(name: str, topics: list[int], data: list[int]) -> None:
    names = (decoder.TOPICS[name], *("0x" + word(value) for value in topics))
    log = RawLog(ESCROW, names, "0x" + "".join(map(word, data)), 7, "0x" + "b1" * 32, "0x" + "71" * 32, 0, 3)
    assert EVERYDAY[name](log) == decoder._READERS[log.topics[0]].read(log)
