"""Tabs: the contracts that hold them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from oracle.configuration.base import Seconds, Section
from oracle.domain.types import parse_address


class TabsSection(Section):
    """The book of tabs beside the escrow; without this section no tab is judged here."""

    contract: Annotated[str, AfterValidator(parse_address)] | None = None
    """The book of tabs; by default the companion "Tabs" of the deployment."""
    handover: Annotated[str, AfterValidator(parse_address)] | None = None
    """Where parties name what they hand to the evaluators; by default the companion "Handover"."""
    poll: Seconds = 2.0
    """Seconds between two looks at the tabs."""
