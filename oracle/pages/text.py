"""Text and figures as people read them. What others wrote is made visible and cut to a length here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict

from oracle.pact.visible import visible

LINE: Final = 300  # characters of one line that somebody else wrote
PROSE: Final = 1_500  # characters of a paragraph that somebody else wrote
_LAST_SECOND = 253_402_300_799  # of the year 9999; a contract can hold more


def cut(text: str, most: int) -> str:
    """`text` with nothing hidden in it, and no longer than `most` characters of it."""
    kept = visible(text[:most])
    return kept if len(text) <= most else f"{kept}… ({len(text):,} characters in all)"


def _line(value: object) -> object:
    return cut(" ".join(value[: 2 * LINE].split()), LINE) if isinstance(value, str) else value


def _prose(value: object) -> object:
    return cut(value, PROSE) if isinstance(value, str) else value


Line: TypeAlias = Annotated[str, BeforeValidator(_line)]
"""One line that may come from anybody: visible, of at most `LINE` characters."""
Prose: TypeAlias = Annotated[str, BeforeValidator(_prose)]
"""Text that may come from anybody: visible, of at most `PROSE` characters."""


class View(BaseModel):
    """What a template is given: nothing unknown, nothing changed later. Amounts are base units of USDC."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def moment(time: int) -> datetime | None:
    """A Unix time as UTC; None where no calendar holds it."""
    return datetime.fromtimestamp(time, UTC) if 0 <= time <= _LAST_SECOND else None


def duration(seconds: int) -> str:
    """A span in its two largest units: "3 days 4 hours"."""
    parts = []
    rest = abs(seconds)
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count:,} {unit}{'' if count == 1 else 's'}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 seconds"


def share(thousandths: int) -> str:
    """Thousandths as a percentage."""
    whole, tenth = divmod(thousandths, 10)
    return f"{whole}.{tenth} %" if tenth else f"{whole} %"


def count(number: int, one: str, many: str | None = None) -> str:
    """ "1 job", "1,200 jobs"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def short(value: str) -> str:
    """Hex as people compare it: its beginning and its end."""
    return value if len(value) < 16 else f"{value[:8]}…{value[-6:]}"
