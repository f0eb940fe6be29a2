"""Style and script files: each served under a name that holds its hash, so that it may be kept for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final

from oracle.domain.errors import EarnestError

PREFIX: Final = "/assets/"
_TYPES: Final[Mapping[str, str]] = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


class AssetError(EarnestError):
    """A template names a file that is not there."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served."""

    data: bytes
    media_type: str


class Assets:
    """The files of `oracle/pages/assets`, read once."""

    def __init__(self) -> None:
        self._paths: dict[str, str] = {}
        self._served: dict[str, Asset] = {}
        for file in resources.files("oracle.pages").joinpath("assets").iterdir():
            stem, _, ending = file.name.rpartition(".")
            if ending not in _TYPES:
                continue
            data = file.read_bytes()
            name = f"{stem}.{hashlib.sha256(data).hexdigest()[:16]}.{ending}"
            self._paths[file.name] = PREFIX + name
            self._served[name] = Asset(data, _TYPES[ending])

    def path(self, name: str) -> str:
        """Where a file is served.

        Raises:
            AssetError: there is none of this name.
        """
        if name not in self._paths:
            raise AssetError(f"there is no asset {name}", next_step="put it into oracle/pages/assets")
        return self._paths[name]

    def served(self, name: str) -> Asset | None:
        """The file under a name with its hash; None where there is none."""
        return self._served.get(name)
