"""What a user does wrong, or others do to a user: one clear error that names it, and nothing lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from web3 import HTTPProvider, Web3

from oracle.domain.canonical import keccak_hex
from scripts.deployment.sender import KeySender
from scripts.local.usdc import blacklist, pause
from tests.integration.chain.conftest import Desk
from tests.integration.chain.test_cli_job import DELIVERABLE, new_agreement, open_job

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def usdc_owner(desk: Desk) -> KeySender:
    return KeySender(Web3(HTTPProvider(desk.chain.url)), desk.market.deployer)


def signed(desk: Desk, *more: str) -> Path:
    path = new_agreement(desk, *more)
    desk.json("agreement", "sign", str(path), "--as", "buyer", by="buyer")
    desk.json("agreement", "sign", str(path), "--as", "provider", by="provider")
    return path


@contextmanager
def nothing_moves(desk: Desk) -> Iterator[None]:
    """Nobody's money changes, and no job comes to be or moves on."""

    def all_of_it() -> list[Any]:
        names = ("buyer", "provider", "relayer", "arbiter")
        held = [desk.json("account", "show", desk.account(name).address) for name in names]
        for each in held:
            each.pop("wei")
        return [*held, desk.json("job", "list"), desk.json("committee", "show", desk.market.committee_id)]

    before = all_of_it()
    yield
    assert all_of_it() == before


def test_blacklisted_buyer_and_paused_usdc__named_before_anything_is_sent(
    desk: Desk, usdc_owner: KeySender
) -> None:
    path = signed(desk)
    token = to_checksum_address(desk.market.usdc)
    blacklist(usdc_owner, token, desk.market.buyer.address)
    usdc_owner.finish()
    with nothing_moves(desk):
        refused = desk.json("agreement", "submit", str(path), by="relayer", exit_code=2)
    assert "is blacklisted" in refused["message"]
    assert refused["field"] == "terms.buyer"
    blacklist(usdc_owner, token, desk.market.buyer.address, listed=False)
    pause(usdc_owner, token)
    usdc_owner.finish()
    with nothing_moves(desk):
        refused = desk.json("agreement", "submit", str(path), by="relayer", exit_code=2)
        deposit = desk.json("account", "deposit", "1", by="buyer", exit_code=2)
        claim = desk.json("account", "claim", "1", by="provider", exit_code=2)
    assert (refused["field"], "paused" in refused["message"]) == ("usdc", True)
    assert "USDC is paused; wait until it is not" in deposit["next_step"]
    assert "USDC is paused; wait until it is not" in claim["next_step"]
    pause(usdc_owner, token, paused=False)
    usdc_owner.finish()
    assert desk.json("agreement", "submit", str(path), by="relayer")["job"]


def test_blacklisted_party__is_owed_what_it_cannot_be_paid_and_claims_it_elsewhere(
    desk: Desk, usdc_owner: KeySender
) -> None:
    job, _ = open_job(desk)
    blacklist(usdc_owner, to_checksum_address(desk.market.usdc), desk.market.provider.address)
    usdc_owner.finish()
    before = int(desk.json("account", "show", desk.market.provider.address)["collateral"])
    desk.json("job", "concede", job, "--as", "buyer", "--yes", by="buyer")
    after = int(desk.json("account", "show", desk.market.provider.address)["collateral"])
    assert after - before == 1_100_000_000
    refused = desk.json("account", "claim", "1100", by="provider", exit_code=2)
    assert "blacklisted" in refused["message"]
    elsewhere = desk.market.arbiter.address
    assert desk.json("account", "claim", "1100", "--to", elsewhere, by="provider")["to"] == elsewhere.lower()


@pytest.mark.parametrize("side", ["buyer", "provider"])
def test_high_s_malformed_and_foreign_signatures__the_side_is_named(desk: Desk, side: str) -> None:
    path = signed(desk)
    document = json.loads(path.read_text())
    good = bytes.fromhex(document["signatures"][side][2:])
    r, s, v = good[:32], int.from_bytes(good[32:64], "big"), good[64]
    wrong = {
        "high s": r + (ORDER - s).to_bytes(32, "big") + bytes([55 - v]),
        "short": good[:63],
        "zero": bytes(65),
        "somebody else's": bytes.fromhex(
            document["signatures"]["provider" if side == "buyer" else "buyer"][2:]
        ),
    }
    for what, signature in wrong.items():
        document["signatures"][side] = "0x" + signature.hex()
        path.write_text(json.dumps(document))
        with nothing_moves(desk):
            refused = desk.json("agreement", "submit", str(path), by="relayer", exit_code=2)
        assert refused["field"] == f"signatures.{side}", what
        assert refused["next_step"].startswith(f"oracle agreement sign {path}"), what


def test_expired__the_limit_is_named(desk: Desk) -> None:
    path = signed(desk)
    desk.warp(3_601)
    with nothing_moves(desk):
        refused = desk.json("agreement", "submit", str(path), by="relayer", exit_code=2)
    assert refused["field"] == "opening.open_by"


def test_for_another_chain_or_escrow__named(desk: Desk) -> None:
    path = signed(desk)
    document = json.loads(path.read_text())
    for change in ({"chain_id": 8453}, {"escrow": "0x" + "11" * 20}):
        path.write_text(json.dumps(document | change))
        with nothing_moves(desk):
            refused = desk.json("agreement", "submit", str(path), by="relayer", exit_code=2)
        assert refused["field"] == "escrow"
    path.write_text(json.dumps(document | {"usdc": document["usdc"] | {"address": "0x" + "11" * 20}}))
    found = desk.json("agreement", "check", str(path), exit_code=1)
    assert found["problems"][0]["field"] == "usdc.address"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("--price", "0"), "terms.gated"),
        (("--deliver-by", "5"), "opening.deliver_by"),
        (("--open-by", "5"), "opening.open_by"),
        (("--judge-by", "7"), "terms.judge_by"),
        (("--judge-by", "+300d"), "terms.judge_by"),
        (("--challenge", "1s"), "terms.challenge"),
        (("--ruling", "0"), "terms.ruling"),
        (("--price", "19,900", "--bond", "200"), "terms.gated"),
        (("--fee", "0"), "terms.fee"),
        (("--bond", "10,001"), "terms.bond"),
    ],
)
def test_amounts_and_times_that_break_a_rule__the_field_is_named(
    desk: Desk, arguments: tuple[str, ...], field: str
) -> None:
    price = () if "--price" not in arguments else ("--up-front", "0")
    path = new_agreement(desk, *price, *arguments)
    found = desk.json("agreement", "check", str(path), exit_code=1)
    assert field in {problem["field"] for problem in found["problems"]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--price", "99999999999999999"), "more than the 18,446,744,073,709.551615 USDC that fit"),
        (("--price", "1e3"), "not an amount of USDC"),
        (("--price", "1.1234567"), "USDC has 6 decimals"),
        (("--up-front", "2000"), "more is paid up front than the price"),
        (("--challenge", "9999999w"), "longer than"),
        (("--open-by", "yesterday"), "not a time"),
        (("--committee", "0x12"), "not a hash"),
        (("--buyer", "0x12"), "not an address"),
        (("--pact", "nowhere.json"), "there is no file nowhere.json"),
    ],
)
def test_what_cannot_be_meant__is_said_and_no_file_is_written(
    desk: Desk, arguments: tuple[str, ...], words: str
) -> None:
    path = desk.folder / "never.json"
    market = desk.market
    refused = desk.json(
        *("agreement", "new", str(path), "--pact", DELIVERABLE, "--committee", market.committee_id),
        *("--buyer", market.buyer.address, "--provider", market.provider.address, "--price", "1000"),
        *arguments,
        exit_code=2,
    )
    assert words in refused["message"]
    assert refused["next_step"]
    assert not path.exists()


def test_a_manifest_for_another_pact_is_not_anchored(desk: Desk) -> None:
    job, _ = open_job(desk)
    manifest = {
        "schema": "earnest/delivery/1",
        "pact": keccak_hex(b"another"),
        "files": [{"path": "a.txt", "bytes": 1, "keccak256": keccak_hex(b"a")}],
    }
    path = desk.folder / "manifest.json"
    path.write_text(json.dumps(manifest))
    with nothing_moves(desk):
        refused = desk.json("job", "deliver", job, str(path), by="provider", exit_code=2)
        assert refused["field"] == "pact"
        path.write_text("{}")
        empty = desk.json("job", "deliver", job, str(path), by="provider", exit_code=2)
        assert "files: is missing" in empty["message"]
        lost = desk.json("job", "deliver", job, "manifest.jsn", by="provider", exit_code=2)
        assert "there is no file manifest.jsn" in lost["message"]
        zero = desk.json("job", "deliver", job, "0x" + "00" * 32, by="provider", exit_code=2)
        assert "hash is zero" in zero["message"]
    manifest["pact"] = "0x" + "a1" * 32
    path.write_text(json.dumps(manifest))
    desk.json("job", "deliver", job, str(path), by="provider")
    again = desk.json("job", "deliver", job, DELIVERABLE, by="provider", exit_code=2)
    assert "has a delivery already" in again["message"]


def test_conceding_with_json_needs_yes(desk: Desk) -> None:
    job, _ = open_job(desk)
    with nothing_moves(desk):
        refused = desk.json("job", "concede", job, "--as", "buyer", by="buyer", exit_code=2)
    assert refused["field"] == "--yes"
