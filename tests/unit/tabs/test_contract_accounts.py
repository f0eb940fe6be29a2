"""Contract wallets sign nothing of a tab off chain: what they sign can be taken back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from oracle.tabs.errors import ContractAccountError
from oracle.tabs.log import TabLog
from oracle.tabs.purse import Purse
from oracle.tabs.signing import require_key, require_plain
from tests.unit.tabs.parties import ACCOUNT, BUYER, DOMAIN, PROVIDER

WALLET = "0x" + "5a" * 20


def test_a_purse_for_a_wallet__is_refused_before_anything_is_signed(tmp_path: Path) -> None:
    log = TabLog(tmp_path / "log.sqlite3")
    try:
        with pytest.raises(ContractAccountError, match="a contract \\(ERC-1271\\) has none") as refused:
            Purse(replace(ACCOUNT, buyer=WALLET), DOMAIN, log, BUYER)
        assert refused.value.field == "buyer"
        assert "docs/tabs.md" in str(refused.value.next_step)
        Purse(ACCOUNT, DOMAIN, log, BUYER)
    finally:
        log.close()


def test_another_key__is_not_the_partys() -> None:
    require_key(PROVIDER.address, PROVIDER.address, "provider")
    with pytest.raises(ContractAccountError, match=f"the provider of the tab is {PROVIDER.address}"):
        require_key(BUYER.address, PROVIDER.address, "provider")


@pytest.mark.parametrize("code", [b"", b"\xef\x01\x00" + bytes(20)], ids=["key", "EIP-7702"])
def test_a_key__may_delegate_its_code(code: bytes) -> None:
    require_plain(WALLET, code, "buyer")


def test_a_contract__is_refused_by_name() -> None:
    with pytest.raises(ContractAccountError, match=f"the provider {WALLET} is a contract"):
        require_plain(WALLET, b"\x60\x80", "provider")
