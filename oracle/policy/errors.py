"""Why a policy cannot be used."""

from __future__ import annotations

from oracle.domain.errors import EarnestError


class PolicyError(EarnestError):
    """A policy is not a policy, or contradicts itself or another."""
