"""Every version of the formula that was ever published, by its number. None is ever taken away."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from oracle.score import v1
from oracle.score.errors import ScoreError

CURRENT: Final = v1.VERSION

_VERSIONS: Final[dict[int, ModuleType]] = {v1.VERSION: v1}


def formula(version: int = CURRENT) -> ModuleType:
    """The module of a version: `standing(evidence, roots)`, `left_of` and the types they give.

    Raises:
        ScoreError: there is no such version.
    """
    try:
        return _VERSIONS[version]
    except KeyError:
        raise ScoreError(
            f"there is no version {version} of the score",
            field="version",
            next_step=f"name one of {', '.join(map(str, _VERSIONS))}",
        ) from None
