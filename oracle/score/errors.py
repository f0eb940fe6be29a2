"""Why a score cannot be computed."""

from __future__ import annotations

from oracle.domain.errors import EarnestError


class ScoreError(EarnestError):
    """History in the wrong order, a version that does not exist, or a day before the last evidence."""
