"""What every section is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from oracle.domain.errors import EarnestError

Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Port = Annotated[int, Field(ge=0, le=65_535)]


class ConfigError(EarnestError):
    """The configuration is missing, malformed, or names something that is not there."""


class Section(BaseModel):
    """One table of the file. Unknown fields are refused, and what stands in it is not shown in errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
