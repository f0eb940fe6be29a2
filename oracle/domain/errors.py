"""The root of every error that Earnest raises on purpose."""

from __future__ import annotations

from typing import Any


class EarnestError(Exception):
    """A clear refusal: what was wrong, where, and what to do next.

    Subclasses live where they are raised. The command line turns any of them into a message and exit
    code 2; everything else is a defect and keeps its traceback.

    Args:
        message: One whole sentence a person can act on. Never holds a secret.
        field: The field, path or rule the message is about, where there is one.
        next_step: What the reader can do about it.
    """

    def __init__(self, message: str, *, field: str | None = None, next_step: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.next_step = next_step

    def as_dict(self) -> dict[str, Any]:
        """The error as plain JSON: `error` (class name), `message`, and `field` and `next_step` if set."""
        shown = {"error": type(self).__name__, "message": self.message}
        if self.field is not None:
            shown["field"] = self.field
        if self.next_step is not None:
            shown["next_step"] = self.next_step
        return shown


class OutOfReachError(EarnestError):
    """Whether something is there cannot be said now; asking again may help."""
