"""What a process that holds keys does first: nothing of its memory may reach a disk or another process."""

from __future__ import annotations

import ctypes
import resource
import sys

from oracle.domain.errors import EarnestError

_PR_SET_DUMPABLE = 4  # prctl(2)


class HardeningError(EarnestError):
    """The process cannot be kept from being dumped."""


def forbid_dumps() -> None:
    """No core dumps, and no attaching or reading of memory by other processes of the same user.

    The limit alone is not enough: where core dumps are piped to a collector the kernel does not look at it
    (core(5)); a process that is not dumpable is never dumped.

    Raises:
        HardeningError: the kernel refuses.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise HardeningError(
            f"the kernel refuses to keep this process from being dumped (error {ctypes.get_errno()})",
            next_step="allow prctl in the container's seccomp profile",
        )
