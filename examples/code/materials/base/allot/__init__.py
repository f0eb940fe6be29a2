"""Split amounts of money without losing a cent."""

from allot.split import allot
from allot.text import format_cents

__all__ = ["allot", "format_cents"]
