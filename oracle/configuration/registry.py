"""ERC-8004: the registry that closed jobs are written to, and the key that writes."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from oracle.configuration.base import Seconds, Section
from oracle.configuration.keys import KeySource
from oracle.domain.types import parse_address


class RegistrySection(Section):
    """Without this section nothing is written."""

    reputation: Annotated[str, AfterValidator(parse_address)]
    """The reputation registry on the escrow's chain; it names the identity registry itself."""
    key: KeySource
    """Writes and pays for it. Its own, so that no settlement ever waits for it."""
    days: Annotated[int, Field(ge=1, le=366)] = 7
    """Length of a period; periods begin at midnight (UTC)."""
    back: Annotated[int, Field(ge=1, le=100)] = 4
    """How many ended periods are looked at."""
    uri: Annotated[str, Field(max_length=500, pattern=r"^(https://[^\s?#]+)?$")] = ""
    """Where documents are found, such as https://oracle.example/v1/feedback; the hash is added."""
    poll: Seconds = 60.0
    """Seconds between two looks."""
