"""Where keys lie."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from oracle.configuration.base import Seconds, Section
from oracle.domain.fields import AddressField


class Web3SignerKey(Section):
    """A key held by web3signer. `url` may hold a user and password. PEM files for https."""

    url: SecretStr
    address: AddressField
    timeout: Seconds = 5.0
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    allow_http: bool = False

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        return self


class AwsKmsKey(Section):
    """A key of AWS KMS, by id, ARN or alias. Credentials come from where boto3 finds them."""

    key_id: Annotated[str, Field(min_length=1, max_length=2_048)]
    region: str | None = None
    endpoint: str | None = None
    timeout: Seconds = 5.0


class KeySource(Section):
    """One key: a keystore with its password, a remote signer, a cloud's KMS, or an environment variable."""

    keystore: Path | None = None
    password_file: Path | None = None
    web3signer: Web3SignerKey | None = None
    aws_kms: AwsKmsKey | None = None
    env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        places = (self.keystore, self.web3signer, self.aws_kms, self.env)
        if sum(place is not None for place in places) != 1:
            raise ValueError("give one of keystore (with password_file), web3signer, aws_kms and env")
        if (self.keystore is None) != (self.password_file is None):
            raise ValueError("keystore and password_file go together")
        return self


class KeysSection(Section):
    """The evaluators' signing keys, and the key that pays the gas."""

    sender: KeySource
    evaluators: tuple[KeySource, ...] = ()
