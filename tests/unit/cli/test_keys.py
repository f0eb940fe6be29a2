"""Keys come from keystores, or on local chains from the environment, and never show."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from eth_account import Account

from oracle.cli.keys import KeySource, KeySourceError
from oracle.cli.output import FileError

KEY = bytes.fromhex(
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
)  # anvil's first account
NOTHING = KeySource(None, None, None, None)


@pytest.fixture(scope="module")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "key.json"
    path.write_text(json.dumps(Account.encrypt(KEY, "open sesame", kdf="pbkdf2", iterations=1_000)))
    return path


def test_a_keystore_opens_with_its_password_from_a_file_or_variable(
    keystore: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = tmp_path / "password"
    password.write_text("open sesame\n")
    source = replace(NOTHING, keystore=keystore, password_file=password)
    assert source.load(8453) == KEY
    monkeypatch.setenv("PASSWORD", "open sesame")
    assert replace(NOTHING, keystore=keystore, password_env="PASSWORD").load(8453) == KEY


def test_a_wrong_password_or_file_is_named_without_showing_it(
    keystore: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD", "hunter2")
    with pytest.raises(KeySourceError, match="the password is wrong") as caught:
        replace(NOTHING, keystore=keystore, password_env="PASSWORD").load(1)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    other = tmp_path / "other.json"
    other.write_text("{}")
    with pytest.raises(KeySourceError, match="no Ethereum keystore"):
        replace(NOTHING, keystore=other, password_env="PASSWORD").load(1)
    with pytest.raises(FileError):
        replace(NOTHING, keystore=tmp_path / "none", password_env="PASSWORD").load(1)
    with pytest.raises(KeySourceError, match="UNSET is not set"):
        replace(NOTHING, keystore=keystore, password_env="UNSET").load(1)


def test_without_a_terminal_a_password_must_be_named(keystore: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(KeySourceError, match="needs a password"):
        replace(NOTHING, keystore=keystore).load(1)


def test_a_variable_is_for_local_chains_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", KEY.hex())
    source = replace(NOTHING, key_env="KEY")
    assert source.load(31337) == KEY
    for chain_id in (1, 8453, 84532):
        with pytest.raises(KeySourceError, match="local chains only"):
            source.load(chain_id)


@pytest.mark.parametrize("text", ["", "xyz", "00" * 32, KEY.hex()[:-2]])
def test_what_is_no_key_is_refused_without_showing_it(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", text)
    with pytest.raises(KeySourceError, match="does not hold a private key") as caught:
        replace(NOTHING, key_env="KEY").load(31337)
    assert not text or text not in str(caught.value)


def test_no_key_and_two_keys_are_told_apart(keystore: Path) -> None:
    assert not NOTHING.given
    with pytest.raises(KeySourceError, match="no key is named"):
        NOTHING.load(1)
    with pytest.raises(KeySourceError, match="two keys are named"):
        replace(NOTHING, keystore=keystore, key_env="KEY").load(1)
