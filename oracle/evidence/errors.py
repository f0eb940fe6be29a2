"""Why bytes could not be had. The first three are about the content, the others about the way to it."""

from __future__ import annotations

from oracle.domain.errors import EarnestError, OutOfReachError


class EvidenceError(EarnestError):
    """Content cannot be kept or fetched."""


class MissingContentError(EvidenceError):
    """Every configured store answered, and none has the content."""


class WrongContentError(EvidenceError):
    """What a store gave has another hash than the one it was asked for."""


class OversizedContentError(EvidenceError):
    """The content is larger than the caller allows."""


class StoreUnreachableError(EvidenceError, OutOfReachError):
    """A store did not answer in time or answered with an error; asking again may help."""


class ForbiddenLocationError(EvidenceError):
    """A location has a scheme that is not allowed, or resolves to an address that is not public."""
