"""Contracts beside the escrow: by the core alone, and by `ape run deploy_companion` as a person types it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from web3 import HTTPProvider, Web3

from scripts.deployment.companions import COMPANIONS, companion_by_forge, deploy_companion
from scripts.deployment.record import DeploymentRecord, read_record
from scripts.deployment.sender import DeploymentError, KeySender
from scripts.local.anvil import CHAIN_ID, Anvil, account, anvil
from scripts.local.market import deploy_here

COURT = {"court": "0x" + "11" * 20, "extraData": "0x0102", "metaEvidence": "ipfs://meta"}


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with anvil() as running:
        yield running


@pytest.fixture(scope="module")
def record(chain: Anvil) -> DeploymentRecord:
    return deploy_here(chain)


@pytest.fixture
def web3(chain: Anvil) -> Web3:
    return Web3(HTTPProvider(chain.url))


def put(
    web3: Web3, record: DeploymentRecord, name: str, arguments: Mapping[str, str] | None = None
) -> DeploymentRecord:
    return deploy_companion(web3, KeySender(web3, account(0)), record, companion_by_forge(name), arguments)


def call(web3: Web3, record: DeploymentRecord, function: str) -> Any:
    made = record.companions[-1]
    contract = web3.eth.contract(
        address=to_checksum_address(made.address), abi=companion_by_forge(made.contract).abi
    )
    return contract.get_function_by_name(function)().call()


def test_a_lens_is_deployed_and_recorded(web3: Web3, record: DeploymentRecord, tmp_path: Path) -> None:
    with_lens = put(web3, record, "Lens")
    made = with_lens.companions[-1]
    assert (made.contract, made.constructor) == ("Lens", {"escrow": record.escrow.address})
    assert call(web3, with_lens, "escrow") == record.escrow.address
    with_lens.write(tmp_path)
    assert read_record(tmp_path, CHAIN_ID) == with_lens
    assert len(put(web3, with_lens, "Lens").companions) == 2


def test_an_adapter_knows_its_court(web3: Web3, record: DeploymentRecord) -> None:
    # Any contract will do as court: it is not asked at deployment.
    made = put(web3, record, "CourtAdapter", {**COURT, "court": record.usdc.address})
    assert call(web3, made, "court") == record.usdc.address
    assert call(web3, made, "extraData") == b"\x01\x02"


def test_a_book_and_what_carries_its_verdicts_out(web3: Web3, record: DeploymentRecord) -> None:
    with_book = put(web3, record, "VerdictBook")
    book = with_book.companions[-1].address
    assert call(web3, with_book, "earnest") == record.escrow.address
    for name in ("JobEvaluator", "CapturePolicy"):
        assert call(web3, put(web3, with_book, name, {"book": book}), "book") == book
        with pytest.raises(DeploymentError, match="reverted"):
            put(web3, with_book, name, {"book": record.usdc.address})  # no book at all


def test_a_constructor_that_refuses_is_an_error(web3: Web3, record: DeploymentRecord) -> None:
    with pytest.raises(DeploymentError, match="reverted"):
        put(web3, record, "CourtAdapter", COURT)  # no code at the court's address


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("Lens", {"owner": "0x"}, "missing or unknown: owner"),
        ("CourtAdapter", {}, "missing or unknown: court, extraData, metaEvidence"),
        ("CourtAdapter", {**COURT, "court": "0x1111"}, "court is not an address: '0x1111'"),
        ("CourtAdapter", {**COURT, "extraData": "0102"}, "extraData is not bytes in hex with 0x"),
        ("CourtAdapter", {**COURT, "extraData": "0x010"}, "extraData is not bytes in hex with 0x"),
        ("Panel", {"committee": "0x01", "cost": "1", "minRuling": "1"}, "committee is not 32 bytes"),
        ("Panel", {"committee": "0x" + "01" * 32, "cost": "-1", "minRuling": "1"}, "cost is not a decimal"),
        (
            "Panel",
            {"committee": "0x" + "01" * 32, "cost": "1", "minRuling": "²"},
            "minRuling is not a decimal",
        ),
        ("Panel", {"committee": "0x" + "01" * 32, "cost": str(1 << 256), "minRuling": "1"}, "cost is not"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_sent(
    web3: Web3, record: DeploymentRecord, name: str, arguments: dict[str, str], message: str
) -> None:
    before = web3.eth.get_transaction_count(account(0).address)
    with pytest.raises(DeploymentError, match=message):
        put(web3, record, name, arguments)
    assert web3.eth.get_transaction_count(account(0).address) == before


def test_another_escrow_than_the_recorded_one_is_refused(web3: Web3, record: DeploymentRecord) -> None:
    moved = record.model_copy(
        update={"escrow": record.escrow.model_copy(update={"address": record.usdc.address})}
    )
    with pytest.raises(DeploymentError, match="not the recorded escrow's"):
        put(web3, moved, "Lens")


def test_tabs_and_their_lens(web3: Web3, record: DeploymentRecord) -> None:
    with_tabs = put(web3, record, "Tabs")
    tabs = with_tabs.companions[-1].address
    with_lens = put(web3, with_tabs, "TabLens", {"tabs": tabs})
    assert with_lens.companions[-1].constructor == {"tabs": tabs}
    assert call(web3, with_lens, "tabs") == tabs


def test_a_constructor_that_changed_is_refused(web3: Web3, record: DeploymentRecord) -> None:
    changed = replace(companion_by_forge("Lens"), name="Panel")
    with pytest.raises(DeploymentError, match=r"Panel's constructor takes \(escrow_\), not"):
        deploy_companion(web3, KeySender(web3, account(0)), record, changed)


def test_no_record_or_anothers_is_an_error(record: DeploymentRecord, tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match=r"31337\.json is not the record of a deployment"):
        read_record(tmp_path, CHAIN_ID)
    record.write(tmp_path).rename(tmp_path / "8453.json")
    with pytest.raises(DeploymentError, match="record of chain 31337"):
        read_record(tmp_path, 8453)
    (tmp_path / "1.json").write_text("{}")
    with pytest.raises(DeploymentError, match="not the record"):
        read_record(tmp_path, 1)


def test_every_companion_is_built() -> None:
    for name in COMPANIONS:
        assert companion_by_forge(name).creation_code
