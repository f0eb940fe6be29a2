"""Tabs: the contracts that hold them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from oracle.configuration.base import Seconds, Section
from oracle.domain.types import parse_address


class TabsSection(Section):
    """The book of tabs beside the escrow; without this section no tab is judged here."""

    contract: Annotated[str, AfterValidator(parse_address)]
    handover: Annotated[str, AfterValidator(parse_address)]
    """Where parties name what they hand to the evaluators (contracts/tabs/Handover.sol)."""
    first_block: Annotated[int, Field(ge=0)] = 0
    """The block in which the book of tabs was created: nothing of it happened before."""
    poll: Seconds = 2.0
    """Seconds between two looks at the tabs."""
