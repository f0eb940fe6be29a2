"""What is committed about packages: pinned by hash, and from nowhere in particular."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
REQUIREMENT = re.compile(r"^[a-z0-9].*==", re.IGNORECASE | re.MULTILINE)


@pytest.mark.parametrize("name", ["requirements-dev.lock", "requirements-oracle.lock"])
def test_python_locks_pin_by_hash_and_name_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", text, flags=re.IGNORECASE)[1:]
    assert entries
    for entry in entries:
        assert REQUIREMENT.match(entry), entry
        assert "--hash=sha256:" in entry, entry
    assert "://" not in text
    assert not re.search(r"^\s*--(index|extra-index|find-links)", text, re.MULTILINE)


def test_npm_lock_pins_by_integrity_and_names_no_address() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    packages = {path: facts for path, facts in lock["packages"].items() if path}
    assert packages
    for path, facts in packages.items():
        assert "integrity" in facts, path
        assert "resolved" not in facts, path


def test_the_daemon_is_locked_without_ape_on_the_newer_web3() -> None:
    text = (ROOT / "requirements-oracle.lock").read_text(encoding="utf-8")
    assert re.search(r"^web3==8\.", text, re.MULTILINE)
    assert not re.search(r"^(eth-ape|ape-|litellm)", text, re.MULTILINE)
