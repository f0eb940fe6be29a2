"""The measurement of receipts counts what it says, and ends where a side fails."""

from __future__ import annotations

from typing import Any

import pytest

from oracle.tabs.purse import Purse
from oracle.tabs.service import Service
from scripts.bench import receipts


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "WARM_UP", 10)
    monkeypatch.setattr(receipts, "INTERACTIONS", 40)


def fails(number: int, then: Any) -> Any:
    """The same, but the call of this number raises."""
    done = []

    async def failing(*arguments: Any) -> Any:
        done.append(1)
        if len(done) == number:
            raise ValueError("a defect")
        return await then(*arguments)

    return failing


@pytest.mark.timeout(60)
def test_it_says_three_figures() -> None:
    figures = receipts.run()
    assert set(figures) == {"receipts_per_second", "receipt_buyer_ms", "receipt_provider_ms"}
    assert all(value > 0 for value in figures.values())


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("kind", "method"), [(Service, "answer"), (Service, "admit"), (Purse, "accept")])
def test_a_task_that_raises__ends_it_with_an_error(
    kind: type, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, method, fails(20, getattr(kind, method)))
    with pytest.raises(RuntimeError, match="ended before its time"):
        receipts.run()
