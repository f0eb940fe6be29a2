"""Opens the keys the configuration names."""

from __future__ import annotations

import os
from dataclasses import dataclass

from oracle.config import Settings
from oracle.configuration.base import ConfigError
from oracle.configuration.keys import KeySource, Web3SignerKey
from oracle.domain.types import Address
from oracle.signing.aws_kms import AwsKmsSigner
from oracle.signing.pausing import PausingSigner
from oracle.signing.signer import LocalSigner, Signer, load_keystore
from oracle.signing.web3signer import Tls, Web3Signer


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys used here, wherever they lie."""

    sender: Signer
    evaluators: dict[Address, Signer]

    def close(self) -> None:
        """Let go of connections to remote signers."""
        for signer in (self.sender, *self.evaluators.values()):
            signer.close()


def named_keys(settings: Settings) -> list[tuple[str, KeySource]]:
    """Every configured key by the name of its field, the sender's first."""
    evaluators = [(f"keys.evaluators.{i}", source) for i, source in enumerate(settings.keys.evaluators)]
    return [("keys.sender", settings.keys.sender), *evaluators]


def _sources(settings: Settings) -> list[KeySource]:
    """Wherever a key is configured; the registry's signs no verdict, and is opened apart."""
    registry = [] if settings.registry is None else [settings.registry.key]
    return [*(source for _, source in named_keys(settings)), *registry]


def secrets_of(settings: Settings) -> list[str]:
    """Texts of the configuration that must never be logged."""
    sources = _sources(settings)
    named = [os.environ.get(source.env, "") for source in sources if source.env is not None]
    bare = [value.removeprefix("0x") for value in named]
    remote = [source.web3signer.url.get_secret_value() for source in sources if source.web3signer is not None]
    nodes = [endpoint.url.get_secret_value() for endpoint in settings.chain.endpoints()]
    return [*nodes, settings.database.url.get_secret_value(), *named, *bare, *remote]


def load_keys(settings: Settings) -> Keys:
    """Open every configured key.

    Raises:
        SigningError, ConfigError: one cannot be opened, or one is configured twice.
    """
    sender = load_key(settings, settings.keys.sender, "keys.sender")
    evaluators: dict[Address, Signer] = {}
    for field, source in named_keys(settings)[1:]:
        signer = load_key(settings, source, field)
        if signer.address in evaluators:
            raise ConfigError(f"the key of {signer.address} is configured twice", field="keys.evaluators")
        evaluators[signer.address] = signer
    return Keys(sender, evaluators)


def forget_environment(settings: Settings) -> None:
    """Take keys out of this process's environment, once they are loaded: children would inherit it."""
    for source in _sources(settings):
        if source.env is not None:
            os.environ.pop(source.env, None)


def load_key(settings: Settings, source: KeySource, field: str) -> Signer:
    """Open one key. `field` names it in errors.

    Raises:
        SigningError, ConfigError: it cannot be opened.
    """
    if source.keystore is not None and source.password_file is not None:
        return load_keystore(settings.path(source.keystore), settings.path(source.password_file))
    if source.web3signer is not None:
        return PausingSigner(_web3signer(settings, source.web3signer))
    if source.aws_kms is not None:
        kms = source.aws_kms
        return PausingSigner(
            AwsKmsSigner(kms.key_id, region=kms.region, endpoint=kms.endpoint, timeout=kms.timeout)
        )
    text = os.environ.get(source.env or "", "").removeprefix("0x")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ConfigError(
            f"the environment variable {source.env} does not hold 32 bytes of hex",
            field=field,
            next_step=f"set {source.env}, or use a keystore",
        )
    return LocalSigner(key)


def _web3signer(settings: Settings, source: Web3SignerKey) -> Web3Signer:
    tls = Tls(
        authority=None if source.authority is None else settings.path(source.authority),
        certificate=None if source.certificate is None else settings.path(source.certificate),
        key=None if source.key is None else settings.path(source.key),
    )
    return Web3Signer(
        source.url.get_secret_value(),
        source.address,
        timeout=source.timeout,
        tls=tls,
        allow_http=source.allow_http,
    )
