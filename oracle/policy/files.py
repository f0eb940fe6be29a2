"""Policy files, read and held against each other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from oracle.policy.check import flaws
from oracle.policy.document import MAX_POLICY_BYTES, Policy, read_policy
from oracle.policy.errors import PolicyError

_MOST_SHOWN = 10


def load_policy(path: Path) -> Policy:
    """The policy in a file.

    Raises:
        PolicyError: it cannot be read, is too large, or no TOML.
        JsonError, DocumentError: a field is unknown, missing or wrong.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_POLICY_BYTES + 1)
    except OSError as error:
        raise PolicyError(f"cannot read {path}: {error.strerror}", field=str(path)) from error
    return read_policy(data, what=str(path))


def load_policies(paths: Iterable[Path], *, now: int) -> list[Policy]:
    """Policies that are to be in force together.

    Days do not stop a policy: a review that is missed is an event of its own.

    Raises:
        PolicyError: as `load_policy`, or they contradict each other.
        JsonError, DocumentError: as `load_policy`.
    """
    policies = [load_policy(path) for path in paths]
    found = [flaw for flaw in flaws(policies, now=now) if not flaw.is_date]
    if found:
        told = "; ".join(f"{flaw.place}: {flaw.says}" for flaw in found[:_MOST_SHOWN])
        raise PolicyError(
            f"the policies contradict themselves: {told}", field=found[0].place, next_step=found[0].fix
        )
    return policies
