"""Whatever a party hands over as an export: it is read, or refused by name. Nothing else comes out."""

from __future__ import annotations

import contextlib
from typing import Any

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oracle.domain.canonical import keccak_hex
from oracle.domain.errors import EarnestError
from oracle.domain.tab import Tally
from oracle.domain.types import Party
from oracle.tabs.export import Export
from oracle.tabs.manifest import Manifest, Pack

TAB, HASH, CONTRACT = "0x" + "ab" * 32, "0x" + "01" * 32, "0x" + "7a" * 20
TALLY = Tally(tab=TAB, count=3, amount=30, root=HASH)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from([HASH, TAB, HASH[2:], "0x", "10", "-1", "9" * 90, "2026-11-21T14:20:00Z"]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
ROWS = st.one_of(
    ANYTHING,
    st.tuples(st.integers(0, 3), ANYTHING),
    st.tuples(st.integers(0, 3), ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING),
    st.tuples(
        st.integers(0, 3),
        st.just(HASH),
        st.just(HASH),
        st.sampled_from(["10", 10]) | SCALARS,
        st.just(1_800_000_000) | SCALARS,
        st.just(200) | SCALARS,
    ),
)


class Memory:
    """Bytes by their hash."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        name = keccak_hex(data)
        self._held[name] = data
        return name

    def get(self, content_hash: str, *, max_bytes: int) -> bytes:
        try:
            return self._held[content_hash][:max_bytes]
        except KeyError:
            raise EarnestError("it is not there") from None


@settings(deadline=None, max_examples=60)
@given(rows=st.lists(ROWS, max_size=4), pack=st.binary(max_size=40))
@example(rows=[[0, 5]], pack=b"")
@example(rows=[[0, None]], pack=b"")
@example(rows=[[0, {}]], pack=b"")
def test_rows_of_any_json__are_findings_and_no_crash(rows: list[Any], pack: bytes) -> None:
    store = Memory()
    manifest = Manifest(
        chain_id=1,
        contract=CONTRACT,
        party=Party.PROVIDER,
        first=0,
        before=0,
        tally=TALLY,
        chunks=(store.put(b"".join(orjson.dumps(row) + b"\n" for row in rows)),),
        packs=(Pack(first=0, hash=store.put(pack)),),
    )
    export = Export(store, store.put(manifest.canonical()))
    assert not export.sound
    assert len(list(export.receipts())) == export.count
    for index in range(4):
        with contextlib.suppress(EarnestError):
            export.opening(index)


@settings(deadline=None, max_examples=60)
@given(
    changed=st.dictionaries(
        st.sampled_from(
            ["schema", "chainId", "contract", "party", "first", "before", "tally", "chunks", "packs", "more"]
        ),
        ANYTHING,
        max_size=3,
    ),
    tally=st.dictionaries(st.sampled_from(["tab", "count", "amount", "root"]), ANYTHING, max_size=2),
)
def test_a_manifest_of_any_json__is_read_or_refused(changed: dict[str, Any], tally: dict[str, Any]) -> None:
    store = Memory()
    plain = Manifest(
        chain_id=1, contract=CONTRACT, party=Party.BUYER, first=0, before=0, tally=TALLY, chunks=(HASH,)
    )
    value = orjson.loads(plain.canonical())
    value["tally"] |= tally
    name = store.put(orjson.dumps(value | changed))
    with contextlib.suppress(EarnestError):
        Export(store, name, up_to=2)
