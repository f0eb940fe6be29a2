"""What is sealed opens for its readers alone, whole or not at all, and never grows."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracle.domain.canonical import canonical_bytes, keccak_hex
from oracle.evidence.errors import MissingContentError, StoreUnreachableError, WrongContentError
from oracle.evidence.private import (
    ENVELOPE_SCHEMA,
    MAX_ENVELOPE_BYTES,
    MAX_INDEX_BYTES,
    Envelope,
    Index,
    SealedBlob,
    open_delivery,
    read_envelope,
    seal_delivery,
)
from oracle.evidence.sealing import (
    MAX_RECIPIENTS,
    Identities,
    IdentityError,
    NotForUsError,
    SealError,
    read_identities,
    seal,
    sealed_size,
    write_identity,
)
from oracle.evidence.store import ContentStore

MANIFEST, FILE = b'{"files": []}', b"the work itself, which nobody else may read"


def made(path: Path) -> Identities:
    write_identity(path)
    return read_identities(path)


@pytest.fixture
def buyer(tmp_path: Path) -> Identities:
    return made(tmp_path / "buyer.txt")


@pytest.fixture
def arbiter(tmp_path: Path) -> Identities:
    return made(tmp_path / "arbiter.txt")


@pytest.fixture
def stranger(tmp_path: Path) -> Identities:
    return made(tmp_path / "stranger.txt")


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    return ContentStore(tmp_path / "store")


def sealed(store: ContentStore, *readers: Identities) -> Envelope:
    recipients = tuple(reader.recipients[0] for reader in readers)
    digest, data = seal_delivery(MANIFEST, {keccak_hex(FILE): FILE}, recipients, store)
    assert keccak_hex(data) == digest
    envelope = read_envelope(store.get(digest, max_bytes=MAX_ENVELOPE_BYTES))
    assert envelope is not None
    return envelope


def blobs(store: ContentStore) -> list[Path]:
    return [path for path in store.directory.root.rglob("0x*") if path.is_file()]


def test_each_reader_opens_it_and_a_stranger_does_not(
    store: ContentStore, buyer: Identities, arbiter: Identities, stranger: Identities
) -> None:
    envelope = sealed(store, buyer, arbiter)
    for reader in (buyer, arbiter):
        opened = open_delivery(envelope, store, reader, seconds=5)
        assert opened.get(opened.manifest, max_bytes=100) == MANIFEST
        assert opened.get(keccak_hex(FILE), max_bytes=100) == FILE
    with pytest.raises(NotForUsError, match="keys that are not held here"):
        open_delivery(envelope, store, stranger, seconds=5)
    with pytest.raises(NotForUsError):
        open_delivery(envelope, store, Identities(), seconds=5)


def test_a_wrong_key_is_an_obstacle_and_a_broken_seal_is_not(buyer: Identities) -> None:
    # Intake counts the one as "cannot be had now" and the other as the delivery's own fault.
    assert issubclass(NotForUsError, StoreUnreachableError)
    assert not issubclass(SealError, StoreUnreachableError)


def test_the_store_sees_neither_content_nor_its_hash(store: ContentStore, buyer: Identities) -> None:
    sealed(store, buyer)
    everything = b"".join(path.read_bytes() for path in blobs(store))
    names = {path.name for path in blobs(store)}
    for content in (MANIFEST, FILE):
        assert content not in everything
        assert keccak_hex(content).encode() not in everything
        assert keccak_hex(content) not in names


def test_a_sealed_envelope_of_somebody_else_claims_our_key__the_senders_fault(
    store: ContentStore, buyer: Identities, stranger: Identities
) -> None:
    envelope = sealed(store, stranger).model_copy(update={"recipients": buyer.recipients})
    with pytest.raises(SealError, match="cannot be opened"):
        open_delivery(envelope, store, buyer, seconds=5)


@pytest.mark.parametrize("where", [0, 40, 150, -20, -1])
def test_one_changed_byte_of_the_sealed_content__refused(buyer: Identities, where: int) -> None:
    data = bytearray(seal(FILE, buyer.recipients))
    data[where] ^= 1
    with pytest.raises(SealError, match="cannot be opened"):
        buyer.open(bytes(data), max_bytes=1000)


@pytest.mark.parametrize("cut", [1, 16, 60, 200])
def test_cut_short__refused(buyer: Identities, cut: int) -> None:
    with pytest.raises(SealError):
        buyer.open(seal(FILE, buyer.recipients)[:-cut], max_bytes=1000)


def test_changed_in_the_store__refused_before_it_is_opened(store: ContentStore, buyer: Identities) -> None:
    envelope = sealed(store, buyer)
    path = store.directory.path(envelope.index)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(WrongContentError):
        open_delivery(envelope, store, buyer, seconds=5)


def test_another_content_under_a_sealed_name__refused(store: ContentStore, buyer: Identities) -> None:
    wrong = SealedBlob(content=keccak_hex(FILE), sealed=store.put(seal(b"other work", buyer.recipients)))
    index = Index(manifest=keccak_hex(FILE), blobs=(wrong,)).canonical()
    envelope = Envelope(
        schema_=ENVELOPE_SCHEMA, recipients=buyer.recipients, index=store.put(seal(index, buyer.recipients))
    )
    opened = open_delivery(envelope, store, buyer, seconds=5)
    with pytest.raises(WrongContentError, match="hold something else"):
        opened.get(opened.manifest, max_bytes=1000)


@pytest.mark.parametrize("inside", [b"", b"no index", b'{"schema":"earnest/sealed-index/1"}', b"[" * 5000])
def test_an_envelope_that_holds_no_index__the_senders_fault(
    store: ContentStore, buyer: Identities, inside: bytes
) -> None:
    index = store.put(seal(inside, buyer.recipients))
    envelope = Envelope(schema_=ENVELOPE_SCHEMA, recipients=buyer.recipients, index=index)
    with pytest.raises(SealError, match="holds no index"):
        open_delivery(envelope, store, buyer, seconds=5)


def test_an_index_that_names_a_content_twice__refused(store: ContentStore, buyer: Identities) -> None:
    blob = SealedBlob(content=keccak_hex(FILE), sealed=store.put(seal(FILE, buyer.recipients)))
    index = Index(manifest=keccak_hex(FILE), blobs=(blob, blob)).canonical()
    envelope = Envelope(
        schema_=ENVELOPE_SCHEMA, recipients=buyer.recipients, index=store.put(seal(index, buyer.recipients))
    )
    with pytest.raises(SealError, match="twice"):
        open_delivery(envelope, store, buyer, seconds=5)


def test_more_than_is_allowed__refused_sealed_or_opened(store: ContentStore, buyer: Identities) -> None:
    with pytest.raises(SealError, match="holds 1001 bytes; at most 1000"):
        buyer.open(seal(b"x" * 1001, buyer.recipients), max_bytes=1000)
    with pytest.raises(SealError, match="too many to hold 1000"):
        buyer.open(seal(b"x" * 100_000, buyer.recipients), max_bytes=1000)
    with pytest.raises(SealError, match="too many to hold"):
        buyer.open(seal(b"x" * (MAX_INDEX_BYTES + 50_000), buyer.recipients), max_bytes=MAX_INDEX_BYTES)


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 200_000])
def test_what_is_sealed_is_larger_than_what_is_opened_and_within_its_bound(
    buyer: Identities, size: int
) -> None:
    # No compression anywhere: a small sealed content never opens to a large one.
    for _ in range(5):  # age pads the header by chance
        data = seal(bytes(size), buyer.recipients)
        assert size < len(data) <= sealed_size(size, 1)
        assert buyer.open(data, max_bytes=size) == bytes(size)


def test_most_recipients(tmp_path: Path) -> None:
    readers = [made(tmp_path / f"{n}.txt") for n in range(MAX_RECIPIENTS)]
    recipients = [reader.recipients[0] for reader in readers]
    data = seal(FILE, recipients)
    assert len(data) <= sealed_size(len(FILE), MAX_RECIPIENTS)
    assert readers[-1].open(data, max_bytes=100) == FILE
    for wrong in ([], [*recipients, recipients[0]]):
        with pytest.raises(SealError, match="recipients"):
            seal(FILE, wrong)


@pytest.mark.parametrize("key", ["", "age1", "age1" + "q" * 58, "AGE-SECRET-KEY-1" + "Q" * 58])
def test_a_recipient_that_is_no_key__refused(key: str) -> None:
    with pytest.raises(SealError, match="no age key"):
        seal(FILE, [key])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"\xff\xfe",
        b'{"index":"0x00","recipients":[],"schema":"earnest/sealed/1"}',
        canonical_bytes({"schema": "earnest/sealed/1", "recipients": ["x"], "index": "0x" + "00" * 32}),
        b" " * (MAX_ENVELOPE_BYTES + 1),
    ],
)
def test_what_is_no_envelope_is_none(data: bytes) -> None:
    assert read_envelope(data) is None


def test_an_envelope_in_another_form_is_none(store: ContentStore, buyer: Identities) -> None:
    canonical = sealed(store, buyer).canonical()
    assert read_envelope(canonical) is not None
    assert read_envelope(canonical + b"\n") is None


def test_a_content_the_envelope_does_not_name_comes_from_the_store(
    store: ContentStore, buyer: Identities
) -> None:
    opened = open_delivery(sealed(store, buyer), store, buyer, seconds=5)
    assert opened.get(store.put(b"a material"), max_bytes=100) == b"a material"
    with pytest.raises(MissingContentError):
        opened.get("0x" + "00" * 32, max_bytes=100)


def test_identity_file__only_its_owner_reads_it_and_it_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "key.txt"
    public = write_identity(path)
    assert path.stat().st_mode & 0o077 == 0
    assert read_identities(path).recipients == (public,)
    with pytest.raises(IdentityError, match="cannot write"):
        write_identity(path)
    path.chmod(0o640)
    with pytest.raises(IdentityError, match="read by others"):
        read_identities(path)


@pytest.mark.parametrize("text", ["", "# nothing\n", "x" * 20_000])
def test_identity_file_without_a_key__refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key.txt"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(IdentityError, match="no age identity"):
        read_identities(path)


def test_a_secret_is_in_no_message(tmp_path: Path) -> None:
    path = tmp_path / "key.txt"
    write_identity(path)
    secret = path.read_text().splitlines()[1]
    assert secret not in repr(read_identities(path))
    path.write_text(secret[:-1] + "?")
    with pytest.raises(IdentityError) as refused:
        read_identities(path)
    assert secret[:-1] not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_identity_file_that_is_not_there__says_so(tmp_path: Path) -> None:
    with pytest.raises(IdentityError, match="cannot read"):
        read_identities(tmp_path / "none.txt")
