"""Bugs planted into a daemon, one at a time: the checker must notice each."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import httpx

NO_JOURNAL = "no-journal"
SEND_FIRST = "send-first"
WRONG_OUTCOME = "wrong-outcome"
BUGS = (NO_JOURNAL, SEND_FIRST, WRONG_OUTCOME)


def plant_bug(name: str, home: Path) -> None:
    """Break this process.

    Args:
        name: One of `BUGS`.
        home: The folder of its configuration.
    """
    {NO_JOURNAL: _no_journal, SEND_FIRST: _send_first, WRONG_OUTCOME: _wrong_outcome}[name](home)


def _no_journal(_home: Path) -> None:
    """Signs whatever it is asked to, whatever it signed before."""
    from oracle.store.journal import StoredJournal

    setattr(StoredJournal, "record_all", lambda _self, entries: list(entries))  # noqa: B010 - methods are not assigned to
    setattr(StoredJournal, "find_all", lambda *_arguments: [])  # noqa: B010 - the same


def _send_first(home: Path) -> None:
    """Sends a transaction before it stores it."""
    from oracle.daemon import outbox

    settings = tomllib.loads((home / "oracle.toml").read_text(encoding="utf-8"))
    node = settings["chain"]["rpc"][0]
    sign_call = getattr(outbox, "sign_call")  # noqa: B009 - it is imported there

    def eager(*arguments: Any, **named: Any) -> Any:
        signed = sign_call(*arguments, **named)
        request = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction"}
        httpx.post(node, json=request | {"params": ["0x" + signed.raw.hex()]}, timeout=5)
        return signed

    setattr(outbox, "sign_call", eager)  # noqa: B010 - functions are not assigned to


def _wrong_outcome(_home: Path) -> None:
    """Takes every failed delivery for a passed one."""
    from oracle.daemon import evaluation
    from oracle.domain.types import Outcome

    outcomes = getattr(evaluation, "_OUTCOMES")  # noqa: B009 - private: only a planted bug reaches for it
    outcomes["fail"] = Outcome.PASS
