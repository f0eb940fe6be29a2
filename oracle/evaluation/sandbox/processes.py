"""What a tree of processes uses, read from /proc."""

from __future__ import annotations

import os
import re
from pathlib import Path

_ANONYMOUS = re.compile(rb"^Rss(?:Anon|Shmem):\s+(\d+) kB", re.MULTILINE)
_THREADS = re.compile(rb"^Threads:\s+(\d+)", re.MULTILINE)


def _read(path: str) -> bytes:
    """Contents, or nothing when the process has just ended."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def _parents() -> dict[int, int]:
    found = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 - many times a second
        if entry.isdigit():
            # "pid (name) state ppid …"; the name may hold anything, the last bracket ends it
            rest = _read(f"/proc/{entry}/stat").rpartition(b")")[2].split()
            if len(rest) > 1:
                found[int(entry)] = int(rest[1])
    return found


def tree_usage(root: int) -> tuple[int, int]:
    """Threads of `root` and all its descendants together, and the bytes of memory they hold.

    Memory is anonymous and shared pages; mapped files are not counted. Pages shared between processes
    count once for each, so the figure is an upper bound.
    """
    children: dict[int, list[int]] = {}
    for pid, parent in _parents().items():
        children.setdefault(parent, []).append(pid)
    threads = memory = 0
    pending = [root]
    while pending:
        pid = pending.pop()
        status = _read(f"/proc/{pid}/status")
        memory += sum(int(size) for size in _ANONYMOUS.findall(status)) * 1024
        threads += sum(int(count) for count in _THREADS.findall(status))
        pending.extend(children.get(pid, ()))
    return threads, memory
