"""S3 by its real protocol (moto answers), IPFS by a gateway of ours, and what becomes of trouble there."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import boto3
import ipfsspec.async_ipfs
import pytest
import s3fs
import structlog
from click.testing import CliRunner
from moto.server import ThreadedMotoServer
from structlog.testing import capture_logs

from oracle.cli.main import cli
from oracle.domain.canonical import keccak_hex
from oracle.evidence.errors import (
    EvidenceError,
    ForbiddenLocationError,
    MissingContentError,
    OversizedContentError,
    StoreUnreachableError,
    WrongContentError,
)
from oracle.evidence.store import ContentStore, open_copy, open_location

DATA = b"what was agreed " * 100
HASH = keccak_hex(DATA)
MISSING = keccak_hex(b"never kept")
BUCKET = "evidence-of-us"
CID = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    answering = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    answering.start()
    host, port = answering.get_host_and_port()
    yield f"http://{host}:{port}"
    answering.stop()


@pytest.fixture
def s3(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty bucket, reached as an operator reaches one: by the environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    bucket = boto3.resource("s3").Bucket(BUCKET)
    bucket.create()
    yield f"s3://{BUCKET}/store"
    bucket.objects.all().delete()
    bucket.delete()
    s3fs.S3FileSystem.clear_instance_cache()


def keys() -> list[str]:
    return [each.key for each in boto3.resource("s3").Bucket(BUCKET).objects.all()]


def test_s3__what_is_put_is_copied_and_read_by_another_store(s3: str, tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "ours", copies=[open_copy(s3)])
    assert store.put(DATA) == HASH
    assert keys() == [f"store/{HASH[2:4]}/{HASH}"]
    other = ContentStore(tmp_path / "theirs", [open_location(s3)])
    assert other.get(HASH, max_bytes=len(DATA)) == DATA
    with pytest.raises(MissingContentError):
        other.get(MISSING, max_bytes=100)


def test_s3__too_much_or_something_else_is_refused(s3: str, tmp_path: Path) -> None:
    open_copy(s3).write(HASH, b"a lie", seconds=20)
    store = ContentStore(tmp_path, [open_location(s3)])
    with pytest.raises(WrongContentError):
        store.get(HASH, max_bytes=100)
    open_copy(s3).write(HASH, DATA, seconds=20)
    with pytest.raises(OversizedContentError):
        store.get(HASH, max_bytes=10)


def test_s3__a_bucket_that_is_not_there_does_not_stop_us(s3: str, tmp_path: Path) -> None:
    store = ContentStore(tmp_path, copies=[open_copy(s3.replace(BUCKET, "nobodys"))])
    structlog.reset_defaults()  # another test may have asked for errors only
    with capture_logs() as said:
        assert store.put(DATA) == HASH
    assert store.get(HASH, max_bytes=len(DATA)) == DATA
    assert "evidence_not_copied" in {entry["event"] for entry in said}


def test_s3__nobody_there_is_unreachable_in_time(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    s3fs.S3FileSystem.clear_instance_cache()
    store = ContentStore(tmp_path, [open_location(s3)])
    with pytest.raises(StoreUnreachableError) as caught:
        store.get(HASH, max_bytes=100, seconds=1.0)
    assert "test" not in str(caught.value)  # the account


def test_copy_command__brings_everything_and_names_what_is_damaged(s3: str, tmp_path: Path) -> None:
    store = ContentStore(tmp_path)
    store.put(DATA)
    damaged = store.put(b"whole")
    store.directory.path(damaged).write_bytes(b"broken")
    result = CliRunner().invoke(cli, ["evidence", "copy", s3, "--store", str(tmp_path), "--json"])
    assert result.exit_code == 1
    assert f'"damaged": ["{damaged}"]' in " ".join(result.output.split()).replace("[ ", "[").replace(
        " ]", "]"
    )
    assert keys() == [f"store/{HASH[2:4]}/{HASH}"]


class Gateway(BaseHTTPRequestHandler):
    """Answers `/ipfs/<cid>/…` as a gateway does, from a directory's files."""

    files: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        data = self.files.get(self.path)
        self.send_response(404 if data is None else 200)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def ipfs(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A gateway that has the directory CID, reached by the environment."""
    answering = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=answering.serve_forever, daemon=True).start()
    monkeypatch.setenv("IPFS_GATEWAY", f"http://127.0.0.1:{answering.server_port}")
    ipfsspec.async_ipfs.get_gateway.cache_clear()
    Gateway.files = {f"/ipfs/{CID}/{HASH[2:4]}/{HASH}": DATA}
    yield f"ipfs://{CID}"
    ipfsspec.async_ipfs.get_gateway.cache_clear()
    answering.shutdown()
    answering.server_close()


def test_ipfs__a_directory_added_there_is_read_by_hash(ipfs: str, tmp_path: Path) -> None:
    store = ContentStore(tmp_path, [open_location(ipfs)])
    assert store.get(HASH, max_bytes=len(DATA)) == DATA
    with pytest.raises(MissingContentError):
        store.get(MISSING, max_bytes=100)


def test_ipfs__a_gateway_that_lies_or_floods_is_refused(ipfs: str, tmp_path: Path) -> None:
    store = ContentStore(tmp_path, [open_location(ipfs)])
    with pytest.raises(OversizedContentError):
        store.get(HASH, max_bytes=len(DATA) - 1)
    Gateway.files = dict.fromkeys(Gateway.files, b"a lie")
    with pytest.raises(WrongContentError):
        store.get(HASH, max_bytes=100)


def test_ipfs__without_a_gateway_is_unreachable(
    ipfs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPFS_GATEWAY", "http://127.0.0.1:9")
    ipfsspec.async_ipfs.get_gateway.cache_clear()
    with pytest.raises(StoreUnreachableError):
        ContentStore(tmp_path, [open_location(ipfs)]).get(HASH, max_bytes=100, seconds=1.0)


@pytest.mark.parametrize("scheme", ["s3", "ipfs"])
def test_support_that_is_not_installed__says_what_to_install(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ForbiddenLocationError, match="not installed") as caught:
        open_location(f"{scheme}://somewhere")
    assert caught.value.next_step == f"install earnest-oracle[{scheme}]"


@pytest.mark.parametrize("where", ["ipfs://somewhere", "https://somewhere", "ftp://somewhere"])
def test_a_place_nobody_can_write_to__is_no_place_for_copies(where: str) -> None:
    with pytest.raises(ForbiddenLocationError, match="cannot be written"):
        open_copy(where)


def test_an_account_in_the_address__is_refused_and_not_repeated() -> None:
    with pytest.raises(EvidenceError) as caught:
        open_location("s3://key:secret@bucket/prefix")
    assert "secret" not in str(caught.value)
