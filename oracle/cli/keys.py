"""Private keys for commands: an encrypted keystore with its password, or a variable on local chains only.

Never an argument: those show in process lists and shell histories.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import rich_click as click
from eth_account import Account

from oracle.cli.output import read_bytes
from oracle.domain.errors import EarnestError
from oracle.domain.signatures import PrivateKeyError, address_of
from oracle.domain.types import Address

LOCAL_CHAINS = frozenset({1337, 31337})
"""Chain ids of development chains: only there may a key stand in an environment variable."""

_MAX_KEYSTORE_BYTES = 65_536
_MAX_PASSWORD_BYTES = 4_096
_Command = TypeVar("_Command", bound=Callable[..., Any])


class KeySourceError(EarnestError):
    """No key was named, or it cannot be read. Never shows a key or password."""


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where a key is. Its secrets are read only by `load`."""

    keystore: Path | None
    password_file: Path | None
    password_env: str | None
    key_env: str | None
    prefix: str = ""

    @property
    def given(self) -> bool:
        """Whether a key was named at all."""
        return self.keystore is not None or self.key_env is not None

    def load(self, chain_id: int) -> bytes:
        """The 32 bytes of the key.

        Raises:
            KeySourceError: none or two were named, a file is missing or malformed, the password is wrong, or
                an environment variable was named on a chain that is not local.
        """
        if self.keystore is not None and self.key_env is not None:
            raise KeySourceError("two keys are named", next_step="give either a keystore or --key-env")
        if self.keystore is not None:
            return self._from_keystore(self.keystore)
        if self.key_env is not None:
            return self._from_environment(self.key_env, chain_id)
        raise KeySourceError(
            "no key is named",
            field=f"--{self.prefix}keystore",
            next_step=f"give --{self.prefix}keystore FILE with --{self.prefix}password-file FILE",
        )

    def _from_keystore(self, path: Path) -> bytes:
        password = self._password()
        try:
            keyfile = json.loads(read_bytes(path, max_bytes=_MAX_KEYSTORE_BYTES))
            return bytes(Account.decrypt(keyfile, password))
        except (ValueError, KeyError, TypeError) as error:
            # From None: a library's message may quote what it was given.
            reason = (
                "the password is wrong" if "MAC mismatch" in str(error) else "it is no Ethereum keystore (V3)"
            )
            raise KeySourceError(f"cannot open the keystore {path}: {reason}", field="keystore") from None

    def _password(self) -> str:
        if self.password_file is not None:
            data = read_bytes(self.password_file, max_bytes=_MAX_PASSWORD_BYTES)
            return data.decode("utf-8", errors="replace").rstrip("\r\n")
        if self.password_env is not None:
            password = os.environ.get(self.password_env)
            if password is None:
                raise KeySourceError(f"the environment variable {self.password_env} is not set")
            return password
        if not sys.stdin.isatty():
            raise KeySourceError(
                "the keystore needs a password",
                next_step=f"give --{self.prefix}password-file FILE or --{self.prefix}password-env NAME",
            )
        return str(click.prompt("Keystore password", hide_input=True, err=True))

    def _from_environment(self, name: str, chain_id: int) -> bytes:
        if chain_id not in LOCAL_CHAINS:
            raise KeySourceError(
                f"--{self.prefix}key-env is for local chains only, and this is chain {chain_id}",
                field=f"--{self.prefix}key-env",
                next_step="use an encrypted keystore",
            )
        text = os.environ.get(name)
        if text is None:
            raise KeySourceError(
                f"the environment variable {name} is not set", field=f"--{self.prefix}key-env"
            )
        try:
            key = bytes.fromhex(text.removeprefix("0x"))
            address_of(key)
        except (ValueError, PrivateKeyError):
            raise KeySourceError(
                f"the environment variable {name} does not hold a private key in hex",
                field=f"--{self.prefix}key-env",
            ) from None
        return key


def key_options(*, prefix: str = "", name: str = "key") -> Callable[[_Command], _Command]:
    """Give a command the options that name a key; it receives a `KeySource` as `name`.

    `prefix` stands before each option, as "signing-" in --signing-keystore.
    """
    stem = prefix.replace("-", "_")
    file = click.Path(path_type=Path, dir_okay=False)
    whose = "the signing key" if prefix else "your key"

    def decorate(command: _Command) -> _Command:
        @functools.wraps(command)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            source = KeySource(
                keystore=kwargs.pop(f"{stem}keystore"),
                password_file=kwargs.pop(f"{stem}password_file"),
                password_env=kwargs.pop(f"{stem}password_env"),
                key_env=kwargs.pop(f"{stem}key_env"),
                prefix=prefix,
            )
            return command(*args, **{**kwargs, name: source})

        result: Any = wrapped
        for option in (
            click.option(
                f"--{prefix}key-env", metavar="NAME", help="Local chains only: variable holding the key."
            ),
            click.option(
                f"--{prefix}password-env", metavar="NAME", help="Variable with the keystore's password."
            ),
            click.option(f"--{prefix}password-file", type=file, help="File with the keystore's password."),
            click.option(f"--{prefix}keystore", type=file, help=f"Encrypted keystore (V3 JSON) of {whose}."),
        ):
            result = option(result)
        return cast("_Command", result)

    return decorate


def account_of(key: bytes) -> Address:
    """The account of a loaded key."""
    return address_of(key)
