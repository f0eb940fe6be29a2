"""What a tree of processes uses, read from /proc."""

from __future__ import annotations

import os
import re
from pathlib import Path

_ANONYMOUS = re.compile(rb"^Rss(?:Anon|Shmem):\s+(\d+) kB", re.MULTILINE)
_PROPORTIONAL = re.compile(rb"^Pss_(?:Anon|Shmem):\s+(\d+) kB", re.MULTILINE)
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


def tree_usage(root: int, enough: int) -> tuple[int, int]:
    """Threads of `root` and all its descendants together, and the bytes of memory they hold.

    Memory is anonymous and shared pages; mapped files are not counted. Up to `enough` bytes a page shared
    between processes may be counted once for each; beyond, each process is charged its part, which is
    slower to read.
    """
    children: dict[int, list[int]] = {}
    for pid, parent in _parents().items():
        children.setdefault(parent, []).append(pid)
    tree = [root]
    for pid in tree:  # grows while it is walked
        tree.extend(children.get(pid, ()))
    statuses = [_read(f"/proc/{pid}/status") for pid in tree]
    threads = sum(int(count) for status in statuses for count in _THREADS.findall(status))
    memory = sum(_kilobytes(_ANONYMOUS, status) for status in statuses)
    if memory > enough:
        memory = sum(_charged(pid, status) for pid, status in zip(tree, statuses, strict=True))
    return threads, memory


def _charged(pid: int, status: bytes) -> int:
    rollup = _read(f"/proc/{pid}/smaps_rollup")
    return _kilobytes(_PROPORTIONAL, rollup) if rollup else _kilobytes(_ANONYMOUS, status)


def _kilobytes(pattern: re.Pattern[bytes], text: bytes) -> int:
    return sum(int(size) for size in pattern.findall(text)) * 1024
