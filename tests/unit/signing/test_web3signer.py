"""Keys in web3signer: signatures are what a key here would make, and whatever else it answers is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from oracle.domain.canonical import keccak_hex
from oracle.domain.signatures import CURVE_ORDER, address_of, recover, sign_digest
from oracle.domain.terms import Attestation
from oracle.domain.typed import Domain, attestation_digest, attestation_message
from oracle.domain.types import Outcome
from oracle.signing.signer import LocalSigner, SigningError
from oracle.signing.web3signer import Tls, Web3Signer
from tests.unit.signing.fake_web3signer import FakeWeb3Signer

KEY, OTHER = b"\x21" * 32, b"\x22" * 32
ADDRESS = address_of(KEY)
MESSAGE = b"\x19\x01" + b"\x05" * 64
URL = "http://127.0.0.1:9000"
SIGN = "/api/v1/eth1/sign/"


def _signer(handler: object, url: str = URL, **named: object) -> Web3Signer:
    return Web3Signer(url, ADDRESS, transport=httpx.MockTransport(handler), **named)  # type: ignore[arg-type]


def _answering(sign: httpx.Response | bytes | Exception) -> object:
    """A web3signer that lists its keys as it should, and answers the request to sign with this."""
    honest = FakeWeb3Signer([KEY])

    def handle(request: httpx.Request) -> httpx.Response:
        if not request.url.path.startswith(SIGN):
            return honest(request)
        if isinstance(sign, Exception):
            raise sign
        return httpx.Response(200, content=sign) if isinstance(sign, bytes) else sign

    return handle


def test_sign__attestation__is_the_signature_of_its_eip712_digest() -> None:
    domain = Domain(8453, "0x" + "ab" * 20)
    attestation = Attestation("0x" + "01" * 32, "0x" + "02" * 32, Outcome.PASS, "0x" + "03" * 32)
    signature = _signer(FakeWeb3Signer([OTHER, KEY])).sign(attestation_message(domain, attestation))
    assert recover(attestation_digest(domain, attestation), signature) == ADDRESS
    assert signature == LocalSigner(KEY).sign(attestation_message(domain, attestation))


def test_sign__twice__looks_the_key_up_once() -> None:
    fake = FakeWeb3Signer([KEY])
    signer = _signer(fake)
    signer.sign(MESSAGE)
    signer.sign(MESSAGE + b"\x01")
    assert [path.startswith(SIGN) for path in fake.asked] == [False, True, True]


def test_sign__key_not_there__names_the_address_and_what_to_do() -> None:
    with pytest.raises(SigningError, match=f"does not hold the key of {ADDRESS}; it lists 1") as caught:
        _signer(FakeWeb3Signer([OTHER])).sign(MESSAGE)
    assert caught.value.next_step is not None


def test_sign__key_unloaded_and_loaded_again__is_found_again() -> None:
    fake = FakeWeb3Signer([KEY])
    signer = _signer(fake)
    signer.sign(MESSAGE)
    fake.keys = []
    with pytest.raises(SigningError, match="does not know the key"):
        signer.sign(MESSAGE)
    fake.keys = [KEY]
    assert recover(keccak_hex(MESSAGE), signer.sign(MESSAGE)) == ADDRESS


def test_sign__v_as_0_or_1__is_understood() -> None:
    good = sign_digest(KEY, keccak_hex(MESSAGE))
    raw = good[:64] + bytes([good[64] - 27])
    assert _signer(_answering(b"0x" + raw.hex().encode())).sign(MESSAGE) == good


def _high_s() -> bytes:
    good = sign_digest(KEY, keccak_hex(MESSAGE))
    s = CURVE_ORDER - int.from_bytes(good[32:64], "big")
    return good[:32] + s.to_bytes(32, "big") + bytes([55 - good[64]])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(
            b"0x" + sign_digest(OTHER, keccak_hex(MESSAGE)).hex().encode(), "not by 0x", id="another key's"
        ),
        pytest.param(
            b"0x" + sign_digest(KEY, keccak_hex(b"else")).hex().encode(), "not by 0x", id="another message's"
        ),
        pytest.param(
            b"0x" + sign_digest(KEY, keccak_hex(bytes.fromhex(keccak_hex(MESSAGE)[2:]))).hex().encode(),
            "not by 0x",
            id="hashed twice",
        ),
        pytest.param(b"0x" + _high_s().hex().encode(), "upper half", id="high s"),
        pytest.param(b"0x" + b"11" * 64, "not by 0x|recovers to no key", id="64 bytes that are no signature"),
        pytest.param(b"0x1234", "has 2 bytes", id="short"),
        pytest.param(b"<html>", "is not hex", id="not hex"),
        pytest.param(b"\xff\xfe", "is not hex", id="not text"),
        pytest.param(b"", "has 0 bytes", id="empty"),
        pytest.param(b"0x" + b"00" * 600_000, "more than 1048576 bytes", id="endless"),
        pytest.param(httpx.Response(500, text="hunter2"), "HTTP 500", id="its own failure"),
        pytest.param(
            httpx.Response(302, headers={"location": "http://elsewhere/"}), "HTTP 302", id="a redirect"
        ),
        pytest.param(httpx.ReadTimeout("slow"), "cannot be reached: ReadTimeout", id="a timeout"),
        pytest.param(httpx.ConnectError("hunter2"), "cannot be reached: ConnectError", id="down"),
    ],
)
def test_sign__bad_answer__is_refused(answer: httpx.Response | bytes | Exception, said: str) -> None:
    with pytest.raises(SigningError, match=said) as caught:
        _signer(_answering(answer)).sign(MESSAGE)
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        pytest.param(b"not json", "is not JSON", id="not JSON"),
        pytest.param(b'{"keys": []}', "is not a list of keys", id="not a list"),
        pytest.param(b'[7, "0x12", "../../reload", null]', "it lists 4", id="no keys in it"),
    ],
)
def test_sign__bad_list_of_keys__is_refused(listed: bytes, said: str) -> None:
    with pytest.raises(SigningError, match=said):
        _signer(lambda _request: httpx.Response(200, content=listed)).sign(MESSAGE)


def test_sign__answer_that_drips__ends_in_time() -> None:
    def drip() -> Iterator[bytes]:
        while True:
            time.sleep(0.05)
            yield b"0"

    began = time.monotonic()
    with pytest.raises(SigningError, match="took too long"):
        _signer(_answering(httpx.Response(200, content=drip())), timeout=0.1).sign(MESSAGE)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("url", ["ftp://host/", "not a url", "http://", ""])
def test_url__not_http__is_refused(url: str) -> None:
    with pytest.raises(SigningError, match="not an http or https URL"):
        Web3Signer(url, ADDRESS)


@pytest.mark.parametrize("host", ["signer.example", "10.0.0.7", "[2001:db8::1]"])
def test_url__plain_http_to_another_machine__needs_to_be_allowed(host: str) -> None:
    with pytest.raises(SigningError, match="plain http"):
        Web3Signer(f"http://{host}:9000", ADDRESS)
    assert Web3Signer(f"http://{host}:9000", ADDRESS, allow_http=True).address == ADDRESS


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_url__plain_http_to_this_machine__is_allowed(host: str) -> None:
    assert Web3Signer(f"http://{host}:9000", ADDRESS).address == ADDRESS


def test_tls__missing_certificate__is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(SigningError, match="cannot be used: No such file"):
        Web3Signer("https://signer.example", ADDRESS, tls=Tls(authority=tmp_path / "none.pem"))


def test_password_in_the_url__is_shown_nowhere() -> None:
    signer = _signer(_answering(httpx.ConnectError("x")), "http://user:hunter2@127.0.0.1:9000")
    with pytest.raises(SigningError) as caught:
        signer.sign(MESSAGE)
    assert "hunter2" not in repr(signer) + caught.value.message
