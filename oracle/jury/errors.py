"""Refusals of the jury that an operator can act on."""

from __future__ import annotations

from oracle.domain.errors import EarnestError


class JuryError(EarnestError):
    """The jury cannot be set up as configured."""


class ProviderError(JuryError):
    """A provider alias is not configured, or cannot be used."""


class LocalModelError(JuryError):
    """The local model is missing, is not the pinned file, or its server does not start."""
