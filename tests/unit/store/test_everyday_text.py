"""What every job has is written as the serializer of its kind writes it, and read back as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from oracle.domain.events import Delivered, EscrowEvent, JobClosed, JobOpened, Judged
from oracle.domain.terms import Agreement, Opening, Terms
from oracle.domain.types import Ending, Outcome
from oracle.store import codec
from oracle.store.everyday import AGREEMENT, EVENT_TEXTS, NO_AGREEMENT, agreement_text, opened_text


def hexes(size: int) -> st.SearchStrategy[str]:
    return st.binary(min_size=size, max_size=size).map(lambda value: "0x" + value.hex())


def uints(bits: int) -> st.SearchStrategy[int]:
    return st.one_of(st.integers(0, 3), st.integers(0, 2**bits - 1))


HASHES, ADDRESSES = hexes(32), hexes(20)
TERMS = st.builds(
    Terms,
    *(ADDRESSES, ADDRESSES, HASHES),
    *(uints(64), uints(64), uints(64), uints(40), uints(32), uints(32)),
)
OPENINGS = st.builds(Opening, HASHES, HASHES, uints(256), uints(64), uints(40), uints(40), uints(256))
AGREEMENTS = st.builds(Agreement, TERMS, OPENINGS)
OPENED = st.builds(JobOpened, HASHES, ADDRESSES, ADDRESSES, AGREEMENTS, uints(32), uints(40))
EVENTS: st.SearchStrategy[EscrowEvent] = st.one_of(
    st.builds(Delivered, HASHES, HASHES),
    st.builds(
        Judged,
        *(HASHES, st.sampled_from(Outcome), uints(32), uints(40), st.lists(HASHES, max_size=4).map(tuple)),
    ),
    st.builds(
        JobClosed,
        *(HASHES, st.sampled_from(Outcome), st.sampled_from(Ending)),
        *(uints(72), uints(72), uints(72), uints(32), uints(3)),
    ),
)


@given(EVENTS)
def test_an_everyday_event_is_written_as_the_serializer_writes_it(event: EscrowEvent) -> None:
    text = codec.event_text(event)
    assert text == TypeAdapter(type(event)).dump_json(event).decode()
    assert codec.event_of(type(event).__name__, text) == event
    assert type(event) in EVENT_TEXTS


@given(OPENED)
def test_an_opening_and_its_agreement__stored_apart__are_what_the_serializer_writes(event: JobOpened) -> None:
    agreement = agreement_text(event.agreement)
    assert agreement == codec.AGREEMENTS.text(event.agreement)
    in_full = opened_text(event).replace(NO_AGREEMENT, AGREEMENT + agreement)
    assert in_full == codec.event_text(event)
    assert codec.event_of("JobOpened", in_full) == event
