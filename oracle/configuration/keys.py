"""Where keys lie."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from oracle.configuration.base import Section


class KeySource(Section):
    """One key: a keystore with a password file, or an environment variable with 32 bytes of hex."""

    keystore: Path | None = None
    password_file: Path | None = None
    env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.keystore is None) == (self.env is None):
            raise ValueError("give either keystore with password_file, or env")
        if (self.keystore is None) != (self.password_file is None):
            raise ValueError("keystore and password_file go together")
        return self


class KeysSection(Section):
    """The evaluators' signing keys, and the key that pays the gas."""

    sender: KeySource
    evaluators: tuple[KeySource, ...] = ()
