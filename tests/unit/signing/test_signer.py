"""Keys in this process: opened from what was named, and shown in no error, representation or copy."""

from __future__ import annotations

import copy
import json
import os
import pickle
import traceback
from pathlib import Path

import pytest
from eth_account import Account

from oracle.config import load_settings
from oracle.configuration.base import ConfigError
from oracle.domain.canonical import keccak_hex
from oracle.domain.signatures import address_of, recover, sign_digest
from oracle.opening.keys import forget_environment, load_keys, secrets_of
from oracle.signing.aws_kms import AwsKmsSigner
from oracle.signing.pausing import PausingSigner
from oracle.signing.signer import LocalSigner, SigningError, checked, load_keystore
from oracle.signing.web3signer import Web3Signer

KEY, OTHER = bytes(range(0x40, 0x60)), b"\x55" * 32
PASSWORD = "hunter2 and more"
FORMS = (KEY.hex(), KEY.hex().upper(), repr(KEY), repr(KEY)[2:-1], str(int.from_bytes(KEY, "big")), PASSWORD)


def _shown(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error)


def _keystore(folder: Path) -> tuple[Path, Path]:
    store, password = folder / "key.json", folder / "password"
    store.write_text(json.dumps(Account.encrypt(KEY, PASSWORD, kdf="pbkdf2", iterations=2)))
    password.write_text(PASSWORD + "\n")
    password.chmod(0o600)
    return store, password


def test_keystore__right_password__signs_as_its_account(tmp_path: Path) -> None:
    signer = load_keystore(*_keystore(tmp_path))
    assert recover(keccak_hex(b"message"), signer.sign(b"message")) == signer.address == address_of(KEY)


def test_keystore__wrong_password__says_so_and_shows_neither(tmp_path: Path) -> None:
    store, password = _keystore(tmp_path)
    password.write_text("another secret")
    with pytest.raises(SigningError, match="the password is wrong") as caught:
        load_keystore(store, password)
    assert not [form for form in (*FORMS, "another secret") if form in _shown(caught.value)]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("not json", id="not JSON"),
        pytest.param("[]", id="not an object"),
        pytest.param("{}", id="empty"),
        pytest.param(json.dumps({"version": 3, "crypto": {"key": KEY.hex()}}), id="a key that lies open"),
        pytest.param(KEY.hex(), id="a bare key"),
    ],
)
def test_keystore__malformed__is_refused_and_not_quoted(content: str, tmp_path: Path) -> None:
    store, password = _keystore(tmp_path)
    store.write_text(content)
    with pytest.raises(SigningError, match=r"not a keystore|malformed") as caught:
        load_keystore(store, password)
    assert not [form for form in FORMS if form in _shown(caught.value)]


def test_keystore__password_open_to_others__is_refused(tmp_path: Path) -> None:
    store, password = _keystore(tmp_path)
    password.chmod(0o644)
    with pytest.raises(SigningError, match="may be read by others") as caught:
        load_keystore(store, password)
    assert caught.value.next_step == f"run: chmod 600 {password}"


def test_keystore__missing_or_huge__is_refused(tmp_path: Path) -> None:
    store, password = _keystore(tmp_path)
    with pytest.raises(SigningError, match="No such file"):
        load_keystore(tmp_path / "none.json", password)
    store.write_bytes(b" " * 70_000)
    with pytest.raises(SigningError, match="larger than 65536 bytes"):
        load_keystore(store, password)


def test_local_signer__is_never_shown_copied_or_written(tmp_path: Path) -> None:
    signer = LocalSigner(KEY)
    assert not [form for form in FORMS if form in f"{signer!r} {signer} {signer.address}"]
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(SigningError):
            attempt(signer)
    with pytest.raises(TypeError):
        vars(signer)


def test_local_signer__bytes_that_are_no_key__are_not_quoted() -> None:
    with pytest.raises(Exception, match="not 32 bytes of a number") as caught:
        LocalSigner(KEY + b"\x01")
    assert KEY.hex() not in _shown(caught.value)


def test_checked__another_keys_signature__is_refused() -> None:
    with pytest.raises(SigningError, match="the far signer answered with a signature that is not by"):
        checked(address_of(KEY), b"m", sign_digest(OTHER, keccak_hex(b"m")), by="the far signer")


def _settings(folder: Path, sender: str, *evaluators: str) -> Path:
    config = folder / "oracle.toml"
    rest = "".join(f"[[keys.evaluators]]\n{text}\n" for text in evaluators)
    config.write_text(
        '[chain]\nrpc = "http://127.0.0.1:1"\nchain_id = 1\ndeployment = "d.json"\n'
        f"[keys.sender]\n{sender}\n{rest}"
    )
    return config


def test_load_keys__each_kind__is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _keystore(tmp_path)
    monkeypatch.setenv("TEST_KEY", "0x" + OTHER.hex())
    opened: list[str] = []

    def without_aws(_self: AwsKmsSigner, key_id: str, **_: object) -> None:
        opened.append(key_id)
        _self.address = "0x" + "aa" * 20

    monkeypatch.setattr(AwsKmsSigner, "__init__", without_aws)
    remote = "0x" + "bb" * 20
    config = _settings(
        tmp_path,
        'keystore = "key.json"\npassword_file = "password"',
        'env = "TEST_KEY"',
        'aws_kms = { key_id = "alias/evaluator", region = "eu-central-1" }',
        f'web3signer = {{ url = "https://user:{PASSWORD}@signer.example:9000", address = "{remote}" }}',
    )
    settings = load_settings(config)
    keys = load_keys(settings)
    assert keys.sender.address == address_of(KEY)
    assert list(keys.evaluators) == [address_of(OTHER), "0x" + "aa" * 20, remote]
    held = keys.evaluators[remote]
    assert isinstance(held, PausingSigner)
    assert isinstance(held.inner, Web3Signer)
    assert opened == ["alias/evaluator"]
    assert not [form for form in FORMS if form in repr(settings) + repr(keys)]
    assert OTHER.hex() in secrets_of(settings)
    assert f"https://user:{PASSWORD}@signer.example:9000" in secrets_of(settings)
    forget_environment(settings)
    assert "TEST_KEY" not in os.environ


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("", "give one of keystore", id="nothing"),
        pytest.param('env = "A"\nkeystore = "k"\npassword_file = "p"', "give one of keystore", id="two"),
        pytest.param('keystore = "k"', "keystore and password_file go together", id="no password"),
        pytest.param('env = "A"\npassword_file = "p"', "go together", id="a password for nothing"),
        pytest.param('key = "0x01"', "unknown field", id="a bare key"),
        pytest.param('env = "0xabc"', "match pattern", id="a key for a name"),
        pytest.param(
            'web3signer = { url = "http://127.0.0.1:9000", address = "0x12" }',
            "keys.sender.web3signer.address: address is '0x12', not an address",
            id="a mistyped address",
        ),
        pytest.param(
            'web3signer = { url = "http://127.0.0.1:9000" }', "address: is missing", id="no address"
        ),
        pytest.param('aws_kms = { key_id = "" }', "at least 1 character", id="an empty id"),
        pytest.param(
            f'web3signer = {{ url = "https://h", address = "0x{"11" * 20}", certificate = "c.pem" }}',
            "certificate and key go together",
            id="half a certificate",
        ),
    ],
)
def test_configuration__bad_key_source__names_field_and_rule(source: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(_settings(tmp_path, source))
    assert said in caught.value.message
    assert str(caught.value.field).startswith("keys.sender")


def test_load_keys__variable_without_a_key__is_refused_unquoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", KEY.hex() + "zz")
    with pytest.raises(ConfigError, match="TEST_KEY does not hold 32 bytes of hex") as caught:
        load_keys(load_settings(_settings(tmp_path, 'env = "TEST_KEY"')))
    assert KEY.hex() not in _shown(caught.value)


def test_load_keys__same_key_twice__is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY.hex())
    with pytest.raises(ConfigError, match="configured twice"):
        load_keys(
            load_settings(_settings(tmp_path, 'env = "TEST_KEY"', 'env = "TEST_KEY"', 'env = "TEST_KEY"'))
        )
