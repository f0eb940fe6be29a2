"""The hand-made decoder against eth_abi for every event, and against hostile logs."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import IntEnum
from typing import Any

import pytest
from eth_abi.abi import encode
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.chain.abi import Event, Parameter, load_abi
from oracle.chain.decoder import TOPICS, decode_log, decode_logs
from oracle.chain.errors import DecodeError
from oracle.chain.quantities import RawLog
from oracle.domain import events as domain_events

ESCROW = "0x" + "e5" * 20
EVENTS = load_abi("Escrow").events
ENUM_SIZES = {"outcome": 4, "sought": 4, "basis": 3, "how": 5}


def values_of(field: Parameter) -> st.SearchStrategy[Any]:
    kind = field.type
    if field.components and "[]" not in field.type.split(")")[-1]:
        return st.tuples(*[values_of(part) for part in field.components])
    if kind == "uint8" and field.name in ENUM_SIZES:
        return st.integers(0, ENUM_SIZES[field.name] - 1)
    if kind.startswith("uint"):
        return st.integers(0, 2 ** int(kind[4:]) - 1)
    return {
        "bytes32": st.binary(min_size=32, max_size=32),
        "address": st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex()),
        "bool": st.booleans(),
        "bytes": st.binary(max_size=100),
        "bytes32[]": st.lists(st.binary(min_size=32, max_size=32), max_size=6).map(tuple),
        "address[]": st.lists(st.binary(min_size=20, max_size=20), max_size=6).map(
            lambda items: tuple("0x" + item.hex() for item in items)
        ),
    }[kind]


def log_for(event: Event, values: tuple[Any, ...]) -> RawLog:
    """The log Solidity would emit, encoded by eth_abi."""
    indexed = [(f, v) for f, v in zip(event.fields, values, strict=True) if f.indexed]
    rest = [(f, v) for f, v in zip(event.fields, values, strict=True) if not f.indexed]
    topics = [event.topic, *["0x" + encode([f.type], [v]).hex() for f, v in indexed]]
    data = encode([f.type for f, _ in rest], [v for _, v in rest])
    return RawLog(ESCROW, tuple(topics), "0x" + data.hex(), 7, "0x" + "b1" * 32, "0x" + "71" * 32, 0, 3)


def plain(value: Any) -> Any:
    """A domain value as the plain tuple that was encoded."""
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(plain(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, bool | IntEnum):
        return int(value)
    if isinstance(value, str) and len(value) == 66:
        return bytes.fromhex(value[2:])
    return value


def plainly(values: Any) -> Any:
    if isinstance(values, tuple):
        return tuple(plainly(item) for item in values)
    return int(values) if isinstance(values, bool) else values


@pytest.mark.parametrize("name", sorted(EVENTS))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_event_is_read_as_eth_abi_wrote_it(name: str, data: st.DataObject) -> None:
    event = EVENTS[name]
    if name in PACKED_WORDS:
        drawn, values = data.draw(packed_event(name))
    else:
        values = drawn = data.draw(st.tuples(*[values_of(field) for field in event.fields]))
    occurrence = decode_log(log_for(event, values), ESCROW)
    assert type(occurrence.event) is getattr(domain_events, name)
    assert plain(occurrence.event) == plainly(drawn)
    assert (occurrence.block_number, occurrence.log_index) == (7, 3)


# Fields that share words, as IDocket.sol lists them from the lowest bit up: name and width.
PACKED_WORDS: dict[str, dict[str, dict[str, int]]] = {
    "JobOpened": {
        "amounts": {"gated": 64, "bond": 64, "fee": 64, "upFront": 64},
        "times": {
            "judgeBy": 40, "openBy": 40, "deliverBy": 40,
            "challenge": 32, "ruling": 32, "members": 32, "epoch": 8,
        },
    },
    "Judged": {"verdict": {"outcome": 8, "signers": 32, "challengeEnds": 40}},
    "JobClosed": {
        "ending": {
            "toBuyer": 72, "toProvider": 72, "toEvaluators": 72, "set": 32, "outcome": 2, "how": 3, "paid": 2
        },
    },
}  # fmt: skip


@st.composite
def packed_event(draw: st.DrawFn, name: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """(fields of the domain's event in its order, fields of the log with small ones packed)."""
    event = EVENTS[name]
    v: dict[str, Any] = {}
    logged: list[Any] = []
    for field in event.fields:
        parts = PACKED_WORDS[name].get(field.name)
        if parts is None:
            v[field.name] = draw(values_of(field))
            logged.append(v[field.name])
            continue
        word = shift = 0
        for part, bits in parts.items():
            v[part] = draw(st.integers(0, ENUM_SIZES.get(part, 2**bits) - 1))
            word |= v[part] << shift
            shift += bits
        logged.append(word)
    return _in_the_domain_s_order(name, v), tuple(logged)


def _in_the_domain_s_order(name: str, v: dict[str, Any]) -> tuple[Any, ...]:
    def pick(*names: str) -> tuple[Any, ...]:
        return tuple(v[name] for name in names)

    if name == "JobOpened":
        terms = pick(
            "buyer", "provider", "committee", "gated", "bond", "fee", "judgeBy", "challenge", "ruling"
        )
        opening = pick("pact", "offchain", "agentId", "upFront", "openBy", "deliverBy", "salt")
        return (*pick("job", "buyer", "provider"), (terms, opening), *pick("members", "epoch"))
    if name == "Judged":
        return pick("job", "outcome", "signers", "challengeEnds", "evidence")
    return pick("job", "outcome", "how", "toBuyer", "toProvider", "toEvaluators", "set", "paid")


def sample(name: str) -> RawLog:
    """A log of small values, each its own."""
    event = EVENTS[name]

    def value(field: Parameter) -> Any:
        if field.components:
            return tuple(value(part) for part in field.components)
        known = {
            "bytes32": b"\x11" * 32,
            "bytes32[]": [b"\x11" * 32] * 2,
            "address": "0x" + "22" * 20,
            "bool": True,
            "bytes": b"\x33" * 40,
        }
        return known.get(field.type, 1)

    return log_for(event, tuple(value(field) for field in event.fields))


def test_the_contract_s_events_are_all_known() -> None:
    assert set(EVENTS) == set(TOPICS)
    for event in EVENTS.values():
        if event.name in PACKED_WORDS:
            continue
        assert len(fields(getattr(domain_events, event.name))) == len(event.fields)


@pytest.mark.parametrize("name", ["Judged", "JobOpened", "Disputed", "CallFailed", "JobClosed"])
def test_data_that_is_too_short_or_too_long_is_refused(name: str) -> None:
    log = sample(name)
    for data in (log.data[:-64], log.data + "0" * 64, "0x", log.data[:-2]):
        with pytest.raises(DecodeError, match=name):
            decode_log(log._replace(data=data), ESCROW)


def test_a_list_that_claims_more_than_it_holds_is_refused() -> None:
    log = sample("Judged")
    words = [log.data[2:][i : i + 64] for i in range(0, len(log.data) - 2, 64)]
    words[2] = f"{2**255:064x}"
    with pytest.raises(DecodeError, match="too long"):
        decode_log(log._replace(data="0x" + "".join(words)), ESCROW)
    words[2] = f"{3:064x}"
    with pytest.raises(DecodeError):
        decode_log(log._replace(data="0x" + "".join(words)), ESCROW)


def test_a_moved_offset_is_refused() -> None:
    log = sample("Judged")
    words = [log.data[2:][i : i + 64] for i in range(0, len(log.data) - 2, 64)]
    words[1] = f"{96:064x}"
    with pytest.raises(DecodeError, match="does not stand where it must"):
        decode_log(log._replace(data="0x" + "".join(words)), ESCROW)


@pytest.mark.parametrize(
    ("name", "word", "value", "message"),
    [
        ("Disputed", 0, 4, "sought is 4"),
        ("Lapsed", 2, 2**32, "beyond uint32"),
        ("Judged", 0, 4, "not a valid Outcome"),
        ("Judged", 0, 1 << 80, "verdict has bits above 80"),
        ("JobClosed", 0, 5 << 250, "not a valid Ending"),
        ("JobClosed", 0, 1 << 255, "ending has bits above 255"),
        ("JobOpened", 6, 1 << 224, "times has bits above 224"),
        ("UpFrontPaid", 1, 2, "truth value"),
        ("Deposited", 1, 2**160, "not an address"),
    ],
)
def test_a_value_beyond_its_type_is_refused(name: str, word: int, value: int, message: str) -> None:
    log = sample(name)
    start = 2 + word * 64
    data = log.data[:start] + f"{value:064x}" + log.data[start + 64 :]
    with pytest.raises(DecodeError, match=message):
        decode_log(log._replace(data=data), ESCROW)


def test_a_stranger_s_log_and_an_unknown_event_are_refused() -> None:
    log = sample("Delivered")
    with pytest.raises(DecodeError, match="was taken for one of the escrow"):
        decode_logs([log._replace(address="0x" + "99" * 20)], ESCROW)
    with pytest.raises(DecodeError, match="does not know"):
        decode_log(log._replace(topics=("0x" + "ab" * 32,)), ESCROW)
    with pytest.raises(DecodeError, match="does not know"):
        decode_log(log._replace(topics=()), ESCROW)
    with pytest.raises(DecodeError, match="has 3 topics, not 2"):
        decode_log(log._replace(topics=(*log.topics, log.topics[1])), ESCROW)
