"""`oracle tab prove`, and `oracle tab verify` of an export: what one side left out, the other shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from oracle.cli.main import cli
from oracle.domain.tab_file import TabFile
from oracle.domain.types import Hash, Party
from oracle.evidence.store import ContentStore
from oracle.tabs.exchange import Request, Response, hash_of
from oracle.tabs.exporting import write_export
from oracle.tabs.log import TabLog
from oracle.tabs.records import Asked, Served, Signed
from oracle.tabs.signing import sign
from tests.unit.tabs.parties import ACCOUNT, BUYER, DOMAIN, NOW, PROVIDER, Parties, changed
from tests.unit.tabs.test_accounts import AGREEMENT

SERVED, PRICE = 6, 10
REQUEST, ANSWER = Request("GET", "/", (), b"").encode(), Response(200, (), b"x").encode()


@dataclass
class Case:
    """A tab's terms, the log of its six interactions, and a store, in one folder."""

    folder: Path
    file: TabFile
    log: TabLog
    store: ContentStore

    def export(self, count: int = SERVED) -> Hash:
        return write_export(self.log, DOMAIN, self.file.tab, Party.PROVIDER, self.store, count=count)

    def run(self, *arguments: str, code: int = 0) -> Any:
        command = ["tab", *arguments, "--json"]
        result = CliRunner().invoke(cli, command)
        assert result.exit_code == code, result.output
        return json.loads(result.output)

    def verify(self, export: Hash, *more: str, code: int = 0) -> Any:
        places = ["--store", str(self.folder / "store"), "--terms", str(self.folder / "tab.json")]
        return self.run("verify", export, *places, *more, code=code)

    def prove(self, index: int, *, code: int = 0) -> Path:
        output = self.folder / f"receipt-{index}.json"
        terms, log = str(self.folder / "tab.json"), str(self.log.path)
        self.run("prove", terms, str(index), str(output), "--log", log, code=code)
        return output


def terms(**changes: int) -> TabFile:
    opening = {name: getattr(AGREEMENT.opening, name) for name in AGREEMENT.opening.__slots__}
    agreed = {name: getattr(AGREEMENT.terms, name) for name in AGREEMENT.terms.__slots__}
    return TabFile.model_validate(
        {
            "chain_id": DOMAIN.chain_id,
            "escrow": "0x" + "11" * 20,
            "tabs": DOMAIN.contract,
            "usdc": {"address": "0x" + "22" * 20, "name": "USD Coin", "version": "2"},
            "terms": agreed | changes,
            "opening": opening,
        }
    )


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    file = terms()
    parties, log = Parties(changed(ACCOUNT, tab=file.tab)), TabLog(tmp_path / "log.sqlite3")
    for _ in range(SERVED):
        call = parties.buyer.call(hash_of(REQUEST), PRICE, NOW)
        parties.admit(call)
        receipt, tally = parties.provider.record(call, hash_of(ANSWER), 200, PRICE, NOW)
        signature = sign(PROVIDER, DOMAIN, tally)
        (done,) = parties.buyer.accept(call.number, receipt, tally, signature, hash_of(ANSWER), 200, NOW)
        parties.take()
        log.append(
            Asked(call, sign(BUYER, DOMAIN, call), REQUEST),
            Served(call.number, receipt, tally, signature, ANSWER, done.frontier),
            Signed(Party.BUYER, tally, sign(BUYER, DOMAIN, tally)),
        ).result(60)
    (tmp_path / "tab.json").write_text(json.dumps(file.as_json()))
    yield Case(tmp_path, file, log, ContentStore(tmp_path / "store"))
    log.close()


def test_an_export__holds_and_has_what_was_proven(case: Case) -> None:
    proof = case.prove(4)
    said = case.verify(case.export(), "--receipt", str(proof))
    assert said | {"export": "", "root": ""} == {
        "export": "", "tab": case.file.tab, "holds": True, "count": SERVED, "amount": str(SERVED * PRICE),
        "root": "", "findings": [], "left_out": False,
    }  # fmt: skip
    assert "left_out" not in case.verify(case.export())


def test_what_an_export_leaves_out__is_shown_by_the_other_sides_receipt(case: Case) -> None:
    proof = case.prove(5)
    said = case.verify(case.export(count=5), "--receipt", str(proof), code=1)
    assert (said["left_out"], said["holds"], said["findings"]) == (True, False, [])
    told = CliRunner().invoke(
        cli,
        [
            "tab", "verify", case.export(count=5), "--store", str(case.folder / "store"), "--terms",
            str(case.folder / "tab.json"), "--receipt", str(proof),
        ],
    )  # fmt: skip
    assert "leaves that interaction out" in told.output


def test_what_is_wrong_with_an_export__is_named(case: Case) -> None:
    chunk = case.store.get(_chunk(case), max_bytes=100_000)
    rest = chunk.split(b"\n", 1)[1]
    manifest = json.loads(case.store.get(case.export(), max_bytes=100_000))
    manifest["chunks"] = [case.store.put(rest)]
    spoilt = case.store.put(json.dumps(manifest, separators=(",", ":"), sort_keys=True).encode())
    said = case.verify(spoilt, code=1)
    assert {"gap", "count", "root", "amount"} <= {found["kind"] for found in said["findings"]}


def _chunk(case: Case) -> Hash:
    manifest = json.loads(case.store.get(case.export(), max_bytes=100_000))
    (only,) = manifest["chunks"]
    assert isinstance(only, str)
    return only


def test_terms_that_are_another_tabs__are_refused(case: Case) -> None:
    (case.folder / "tab.json").write_text(json.dumps(terms(ceiling=11).as_json()))
    assert "the terms are of tab" in case.verify(case.export(), code=2)["message"]
    store = str(case.folder / "store")
    assert "--terms" in case.run("verify", case.export(), "--store", store, code=2)["next_step"]


def test_a_receipt_that_does_not_hold__is_refused(case: Case) -> None:
    proof = case.prove(4)
    changed_ = json.loads(proof.read_text())
    changed_["receipt"]["price"] = "9"
    proof.write_text(json.dumps(changed_))
    refused = case.verify(case.export(), "--receipt", str(proof), code=2)
    assert "does not stand under the root of its own proof" in refused["message"]


def test_nothing_is_proven_of_an_interaction_that_never_was(case: Case) -> None:
    assert not case.prove(SERVED, code=2).exists()
