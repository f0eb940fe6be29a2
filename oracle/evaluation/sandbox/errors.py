"""What can go wrong around a sandbox that is not the fault of the code inside."""

from __future__ import annotations

from oracle.domain.errors import EarnestError


class SandboxUnavailableError(EarnestError):
    """This machine cannot run foreign code safely, so nothing is run and the check stays undecided."""
