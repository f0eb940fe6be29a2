"""A key held by AWS KMS (`ECC_SECG_P256K1`), which never leaves it.

KMS signs digests and answers in DER, with s anywhere and without the parity of R: s is brought into the lower
half of the order (EIP-2), and the parity found by trying both. Needs `boto3`, which the extra `aws` installs;
credentials come from where boto3 finds them: a role of the machine, or the environment.
"""

from __future__ import annotations

from typing import Any

from coincurve.ecdsa import der_to_cdata, serialize_compact, signature_normalize

from oracle.domain.canonical import keccak_hex
from oracle.domain.keccak import keccak
from oracle.domain.signatures import SignatureError, recover
from oracle.domain.types import Address
from oracle.signing.signer import SigningError

# SubjectPublicKeyInfo of an uncompressed secp256k1 point up to the point's first byte (RFC 5480, SEC 2).
_SPKI_PREFIX = bytes.fromhex("3056301006072a8648ce3d020106052b8104000a034200")
_POINT_BYTES = 65


class AwsKmsSigner:
    """One key of AWS KMS.

    Args:
        key_id: Key id, ARN or alias.
        region: As in eu-central-1; None takes what the environment says.
        endpoint: Another address of KMS, as a VPC endpoint.
        timeout: Seconds to connect, and for an answer.

    Raises:
        SigningError: boto3 is not installed, KMS is out of reach or refuses, or the key is of another kind.
    """

    def __init__(
        self, key_id: str, *, region: str | None = None, endpoint: str | None = None, timeout: float = 5.0
    ) -> None:
        self._key_id = key_id
        self._shown = f"the AWS KMS key {key_id}"
        self._client = _client(region, endpoint, timeout)
        answer = self._call("get_public_key", KeyId=key_id)
        self.address = _address_of(answer["PublicKey"], self._shown)

    def __repr__(self) -> str:
        return f"AwsKmsSigner({self.address})"

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def sign(self, message: bytes) -> bytes:
        """See `Signer`.

        Raises:
            SigningError: KMS is out of reach or refuses, or answers with a signature that is not ours.
        """
        answer = self._call(
            "sign",
            KeyId=self._key_id,
            Message=keccak(message),
            MessageType="DIGEST",
            SigningAlgorithm="ECDSA_SHA_256",
        )
        compact = _low_s(answer["Signature"], self._shown)
        for v in (27, 28):
            signature = compact + bytes([v])
            try:
                if recover(keccak_hex(message), signature) == self.address:
                    return signature
            except SignatureError:
                continue  # this parity recovers to no key at all
        raise SigningError(f"{self._shown} answered with a signature that is not by {self.address}")

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "an error")
            # From None: the message may name accounts and roles.
            raise SigningError(
                f"{self._shown} refused {operation}: {code}",
                field="aws_kms.key_id",
                next_step="check the key's id and state, and that the role may kms:Sign and kms:GetPublicKey",
            ) from None
        except BotoCoreError as error:
            raise SigningError(
                f"{self._shown} cannot be reached: {type(error).__name__}",
                field="aws_kms",
                next_step="check region, network and credentials (`aws sts get-caller-identity`)",
            ) from None
        return answer


def _client(region: str | None, endpoint: str | None, timeout: float) -> Any:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise SigningError(
            "keys in AWS KMS need boto3, which is not installed",
            field="aws_kms",
            next_step="run: pip install 'earnest-oracle[aws]'",
        ) from error
    config = Config(
        connect_timeout=timeout, read_timeout=timeout, retries={"mode": "standard", "max_attempts": 3}
    )
    try:
        return boto3.client("kms", region_name=region, endpoint_url=endpoint, config=config)
    except (BotoCoreError, ValueError) as error:
        raise SigningError(
            f"AWS KMS cannot be set up: {type(error).__name__}",
            field="aws_kms.region",
            next_step="give region, as eu-central-1",
        ) from None


def _address_of(public_key: bytes, shown: str) -> Address:
    if len(public_key) != len(_SPKI_PREFIX) + _POINT_BYTES or not public_key.startswith(
        _SPKI_PREFIX + b"\x04"
    ):
        raise SigningError(
            f"{shown} has a public key that is no uncompressed point of secp256k1",
            field="aws_kms.key_id",
            next_step="make an asymmetric key of spec ECC_SECG_P256K1 for SIGN_VERIFY",
        )
    return "0x" + keccak(public_key[len(_SPKI_PREFIX) + 1 :])[12:].hex()


def _low_s(der: bytes, shown: str) -> bytes:
    """r and s, 32 bytes each, s in the lower half of the order."""
    try:
        _, normal = signature_normalize(der_to_cdata(der))
        return bytes(serialize_compact(normal))
    except ValueError as error:
        raise SigningError(f"{shown} answered with something that is not a DER signature") from error
