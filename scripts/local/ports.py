"""Ports of this machine for processes that are about to start."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress

# Below those that systems give to whoever asks for any, or connects somewhere (from 32768 on Linux, from
# 49152 elsewhere): one that is free now is not taken by chance before the process that is to have it starts.
_PORTS = range(10_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens on now."""
    found: set[int] = set()
    while len(found) < count:
        port = secrets.choice(_PORTS)
        with suppress(OSError), socket.socket() as trial:
            trial.bind(("127.0.0.1", port))
            found.add(port)
    return list(found)
