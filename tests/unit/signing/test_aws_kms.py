"""Keys in AWS KMS, with moto in its place: low s, right parity, and clear refusals."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from coincurve.ecdsa import cdata_to_der, deserialize_compact
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from moto import mock_aws
from moto.kms.utils import ECDSAPrivateKey

from oracle.domain.canonical import keccak_hex
from oracle.domain.signatures import CURVE_ORDER, HALF_ORDER, recover, sign_digest
from oracle.signing import aws_kms
from oracle.signing.aws_kms import AwsKmsSigner
from oracle.signing.signer import SigningError

REGION = "eu-central-1"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)

    def honour_digest(key: ECDSAPrivateKey, message: bytes, signing_algorithm: str) -> bytes:
        # moto hashes whatever MessageType says; KMS signs a DIGEST as it is.
        assert (len(message), signing_algorithm) == (32, "ECDSA_SHA_256")
        return bytes(key.private_key.sign(message, ec.ECDSA(Prehashed(SHA256()))))

    monkeypatch.setattr(ECDSAPrivateKey, "sign", honour_digest)
    with mock_aws():
        yield


def _make(spec: str = "ECC_SECG_P256K1", usage: str = "SIGN_VERIFY") -> str:
    made = boto3.client("kms", region_name=REGION).create_key(KeySpec=spec, KeyUsage=usage)
    return str(made["KeyMetadata"]["KeyId"])


def test_sign__many_messages__each_recovers_to_the_address_with_low_s() -> None:
    signer = AwsKmsSigner(_make(), region=REGION)
    for number in range(16):  # parity and the half s falls in are coins: sixteen see both of each
        message = b"\x19\x01" + bytes([number]) * 64
        signature = signer.sign(message)
        assert len(signature) == 65
        assert int.from_bytes(signature[32:64], "big") <= HALF_ORDER
        assert recover(keccak_hex(message), signature) == signer.address


def test_sign__high_s_from_kms__is_brought_into_the_lower_half(monkeypatch: pytest.MonkeyPatch) -> None:
    signer = AwsKmsSigner(_make(), region=REGION)
    key, message = b"\x31" * 32, b"\x02" + b"\x07" * 40
    good = sign_digest(key, keccak_hex(message))
    high = good[:32] + (CURVE_ORDER - int.from_bytes(good[32:64], "big")).to_bytes(32, "big")
    der = cdata_to_der(deserialize_compact(high))
    monkeypatch.setattr(signer, "address", recover(keccak_hex(message), good))
    monkeypatch.setattr(signer, "_call", lambda *_, **__: {"Signature": der})
    assert signer.sign(message) == good


def test_sign__request__is_for_a_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    signer = AwsKmsSigner(_make(), region=REGION)
    asked: list[dict[str, Any]] = []
    signer._client.meta.events.register(
        "provide-client-params.kms.Sign", lambda params, **_: asked.append(params)
    )
    signer.sign(b"message")
    assert asked[0]["MessageType"] == "DIGEST"
    assert asked[0]["Message"].hex() == keccak_hex(b"message")[2:]


def test_sign__through_an_alias__works() -> None:
    key = _make()
    boto3.client("kms", region_name=REGION).create_alias(AliasName="alias/evaluator", TargetKeyId=key)
    assert AwsKmsSigner("alias/evaluator", region=REGION).address == AwsKmsSigner(key, region=REGION).address


def test_open__unknown_key__says_what_kms_said() -> None:
    with pytest.raises(SigningError, match="refused get_public_key: NotFoundException") as caught:
        AwsKmsSigner("00000000-0000-0000-0000-000000000000", region=REGION)
    assert "kms:Sign" in str(caught.value.next_step)


def test_open__key_on_another_curve__is_refused() -> None:
    with pytest.raises(SigningError, match="no uncompressed point of secp256k1"):
        AwsKmsSigner(_make("ECC_NIST_P256"), region=REGION)


def test_open__no_region__says_so() -> None:
    with pytest.raises(SigningError, match="cannot be set up: NoRegionError") as caught:
        AwsKmsSigner(_make())
    assert "region" in str(caught.value.next_step)


def test_open__without_boto3__names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    key, real = _make(), builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name.startswith("boto"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(SigningError, match="boto3, which is not installed") as caught:
        AwsKmsSigner(key, region=REGION)
    assert "earnest-oracle[aws]" in str(caught.value.next_step)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param({"Signature": b""}, "not a DER signature", id="empty"),
        pytest.param({"Signature": b"\x30\x06hello!"}, "not a DER signature", id="not DER"),
        pytest.param(
            {
                "Signature": cdata_to_der(
                    deserialize_compact(sign_digest(b"\x41" * 32, "0x" + "01" * 32)[:64])
                )
            },
            "not by 0x",
            id="another key's",
        ),
    ],
)
def test_sign__bad_answer__is_refused(
    answer: dict[str, bytes], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = AwsKmsSigner(_make(), region=REGION)
    monkeypatch.setattr(signer, "_call", lambda *_, **__: answer)
    with pytest.raises(SigningError, match=said):
        signer.sign(b"message")


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        pytest.param(
            ClientError({"Error": {"Code": "AccessDeniedException", "Message": "arn:hunter2"}}, "Sign"),
            "refused sign: AccessDeniedException",
            id="refused",
        ),
        pytest.param(
            EndpointConnectionError(endpoint_url="https://hunter2"),
            "cannot be reached: EndpointConnectionError",
            id="down",
        ),
    ],
)
def test_sign__kms_fails__is_told_without_what_it_said(raised: Exception, said: str) -> None:
    signer = AwsKmsSigner(_make(), region=REGION)

    class Failing:
        def sign(self, **_: object) -> None:
            raise raised

    signer._client = Failing()
    with pytest.raises(SigningError, match=said) as caught:
        signer.sign(b"message")
    assert "hunter2" not in caught.value.message
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "public_key",
    [
        pytest.param(b"", id="empty"),
        pytest.param(aws_kms._SPKI_PREFIX + b"\x02" + b"\x01" * 64, id="no uncompressed point"),
        pytest.param(b"\x30" * 88, id="another structure"),
    ],
)
def test_address__malformed_public_key__is_refused(public_key: bytes) -> None:
    with pytest.raises(SigningError, match="no uncompressed point of secp256k1"):
        aws_kms._address_of(public_key, "the key")
