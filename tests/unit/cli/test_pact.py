"""`oracle pact` and `oracle delivery` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from oracle.cli.main import cli
from oracle.evidence.store import ContentStore
from oracle.pact.document import Pact
from tests.unit.pact.builders import HASH, condition, methodology_json, pact_json


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def oracle(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), prog_name="oracle")


def answer(*arguments: str) -> Any:
    return json.loads(oracle(*arguments, "--json").stdout)


def write(name: str, **changes: Any) -> str:
    Path(name).write_text(json.dumps(pact_json(**changes)))
    return name


def test_new_then_check__template__can_be_signed() -> None:
    made = answer("pact", "new", "--template", "extraction", "--name", "my-books", "p.json")
    assert made == {"path": "p.json", "name": "my-books", "version": 1, "hash": made["hash"]}
    checked = answer("pact", "check", "p.json")
    assert checked == {"ok": True, "hash": made["hash"], "findings": [], "materials": []}
    assert oracle("pact", "hash", "p.json").stdout == made["hash"] + "\n"


def test_new__existing_file__is_kept() -> None:
    write("p.json")
    before = Path("p.json").read_bytes()
    result = oracle("pact", "new", "--template", "api", "p.json")
    assert result.exit_code == 2
    assert "p.json exists" in result.output
    assert Path("p.json").read_bytes() == before
    assert oracle("pact", "new", "--template", "api", "p.json", "--force").exit_code == 0


@pytest.mark.parametrize("arguments", [[], ["--template", "api", "--from", "q.json"]])
def test_new__neither_or_both_sources__is_a_usage_error(arguments: list[str]) -> None:
    result = oracle("pact", "new", *arguments, "p.json")
    assert result.exit_code == 2
    assert "either --template or --from" in result.output


def test_usage_error__with_json__is_json_too() -> None:
    result = oracle("pact", "new", "p.json", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout) == {
        "error": "UsageMistakeError",
        "message": "Give either --template or --from.",
        "next_step": "see oracle pact new --help",
    }


def test_new_from_then_diff__next_version__names_its_parent() -> None:
    write("v1.json")
    assert oracle("pact", "new", "--from", "v1.json", "v2.json").exit_code == 0
    draft = json.loads(Path("v2.json").read_text())
    draft["summary"] = "Another."
    Path("v2.json").write_text(json.dumps(draft))
    found = answer("pact", "diff", "v1.json", "v2.json")
    assert found["is_next_version"]
    assert found["changes"] == [
        {"field": "summary", "before": '"Something to break."', "after": '"Another."'}
    ]
    shown = oracle("pact", "diff", "v2.json", "v1.json").stdout
    assert "~ summary" in shown
    assert "Not the next version: version is 1, expected 3" in shown


def test_check__cannot_be_measured__exits_1_and_says_why() -> None:
    write("p.json", conditions=[condition(method="pattern", file="out.json", pattern=r"(a)\1", must="match")])
    result = oracle("pact", "check", "p.json")
    assert result.exit_code == 1
    assert "pattern-refused at conditions.0.measure.pattern" in result.stdout
    assert "It cannot be signed like this." in result.stdout


def test_check__warnings__fail_only_when_strict() -> None:
    write("p.json", evidence=[{"path": "out.json"}, {"path": "extra"}])
    assert oracle("pact", "check", "p.json").exit_code == 0
    assert oracle("pact", "check", "p.json", "--strict").exit_code == 1


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b'{"a": 1, "a": 2}', "JsonError", "twice"),
        (b"{}", "DocumentError", "name: is missing"),
        (json.dumps(pact_json(rubric="x")).encode(), "DocumentError", "rubric: unknown field"),
        (b" " * 1_048_577, "FileError", "larger than"),
    ],
)
@pytest.mark.parametrize("command", ["check", "hash", "show"])
def test_bad_file__is_one_clear_error(command: str, content: bytes, error: str, words: str) -> None:
    Path("p.json").write_bytes(content)
    result = oracle("pact", command, "p.json", "--json")
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert found["error"] == error
    assert words in found["message"]
    assert "p.json" in found["message"]


def test_missing_file__is_named() -> None:
    assert "there is no file no.json" in oracle("pact", "hash", "no.json").output


def test_hash__expected_another__says_both() -> None:
    write("p.json")
    mine = oracle("pact", "hash", "p.json").stdout.strip()
    assert oracle("pact", "hash", "p.json", "--expect", mine).exit_code == 0
    result = oracle("pact", "hash", "p.json", "--expect", HASH)
    assert result.exit_code == 2
    assert mine in result.output
    assert HASH in result.output


def test_show__reads_as_a_contract() -> None:
    write("p.json")
    assert "## What must hold" in oracle("pact", "show", "p.json", "--plain").stdout
    assert "What must hold" in oracle("pact", "show", "p.json").stdout
    assert answer("pact", "show", "p.json")["pact"]["name"] == "sample"


def test_materials__folder__is_listed_by_hash_and_checked() -> None:
    write("p.json")
    Path("given/hidden").mkdir(parents=True)
    Path("given/a.txt").write_text("a")
    Path("given/hidden/t.py").write_text("t")
    listed = answer("pact", "materials", "p.json", "given", "--evaluators", "hidden/")["materials"]
    assert [(item["path"], item["disclosed"]) for item in listed] == [
        ("a.txt", "all"),
        ("hidden/t.py", "evaluators"),
    ]
    Path("given/a.txt").write_text("changed")
    found = answer("pact", "check", "p.json", "--materials", "given")
    assert not found["ok"]
    assert found["materials"][0].startswith("a.txt has the hash")


def declared() -> str:
    nothing = {"minutes": 0, "what": "none"}
    Path("declared.json").write_text(
        json.dumps({"models": [], "human_help": nothing, "rescue_work": nothing})
    )
    return "declared.json"


def test_delivery_pack__as_agreed__lies_in_the_store_under_its_hash() -> None:
    write("p.json")
    Path("work").mkdir()
    Path("work/out.json").write_text("{}")
    packed = answer(
        "delivery",
        "pack",
        "work",
        "--pact",
        "p.json",
        "--declared",
        declared(),
        "--store",
        "s",
        "--manifest",
        "m.json",
    )
    assert packed["ok"]
    kept = ContentStore(Path("s")).get(packed["hash"], max_bytes=10_000)
    assert kept == Path("m.json").read_bytes()
    assert answer("delivery", "check", "m.json", "--pact", "p.json", "--expect", packed["hash"])["ok"]
    assert oracle("delivery", "check", "m.json", "--pact", "p.json", "--expect", HASH).exit_code == 2


def keys(*names: str) -> list[str]:
    return [answer("delivery", "keygen", f"{name}.txt")["public"] for name in names]


def offchain(**changes: object) -> str:
    buyer, provider, arbiter, first = keys("buyer", "provider", "arbiter", "evaluator")
    named = {"buyer": buyer, "provider": provider, "arbiter": arbiter, "evaluators": [first]} | changes
    Path("terms.json").write_text(
        json.dumps({"schema": "earnest/offchain/1", "handover": ["s"], "keys": named})
    )
    return "terms.json"


def test_delivery_pack__private__only_those_the_terms_name_open_it() -> None:
    write("p.json")
    Path("work").mkdir()
    Path("work/out.json").write_text('{"secret": "the answer is 42"}')
    packing = ["delivery", "pack", "work", "--pact", "p.json", "--declared", declared()]
    sealing = [*packing, "--offchain", offchain()]
    assert oracle(*sealing).exit_code == 2  # nowhere to seal it into
    packed = answer(*sealing, "--store", "s")
    assert packed["hash"] != answer(*packing)["hash"]
    kept = [path.read_bytes() for path in Path("s").rglob("0x*") if path.is_file()]
    assert kept
    assert not any(b"42" in data and b"secret" in data for data in kept)
    for name in ("buyer", "provider", "arbiter", "evaluator"):
        opening = ["delivery", "open", packed["hash"], name, "--store", "s", "--identity", f"{name}.txt"]
        assert answer(*opening) == {"private": True, "files": ["out.json"]}
        assert Path(name, "out.json").read_text() == '{"secret": "the answer is 42"}'
    keys("stranger")
    opening = ["delivery", "open", packed["hash"], "x", "--store", "s", "--identity", "stranger.txt"]
    refused = oracle(*opening)
    assert refused.exit_code == 2
    assert "sealed to keys that are not held here" in refused.output
    assert not Path("x").exists()


def test_offchain_terms__one_key_for_two_readers__refused() -> None:
    write("p.json")
    Path("work").mkdir()
    Path("work/out.json").write_text("{}")
    terms = offchain()
    changed = json.loads(Path(terms).read_text())
    changed["keys"]["arbiter"] = changed["keys"]["buyer"]
    Path(terms).write_text(json.dumps(changed))
    result = oracle("delivery", "pack", "work", "--pact", "p.json", "--offchain", terms, "--store", "s")
    assert result.exit_code == 2
    assert "each reader has a key of its own" in result.output


def test_delivery_pack__not_as_agreed__stores_nothing() -> None:
    write("p.json")
    Path("work").mkdir()
    Path("work/other.txt").write_text("x")
    result = oracle("delivery", "pack", "work", "--pact", "p.json", "--store", "s")
    assert result.exit_code == 1
    assert "missing at out.json" in result.stdout
    assert "nobody will read it" in result.stdout
    assert not Path("s").exists()


def test_delivery_check__hostile_manifest__names_the_path() -> None:
    write("p.json")
    manifest = {
        "schema": "earnest/delivery/1",
        "pact": Pact.parse(Path("p.json").read_bytes()).hash(),
        "files": [{"path": "a/../../b", "bytes": 1, "keccak256": HASH}],
    }
    Path("m.json").write_text(json.dumps(manifest))
    result = oracle("delivery", "check", "m.json", "--pact", "p.json")
    assert result.exit_code == 2
    assert "'a/../../b'" in result.output


def test_publish__pact_and_materials__lie_under_their_hashes() -> None:
    write("p.json")
    Path("given").mkdir()
    Path("given/a.txt").write_text("a")
    material = answer("pact", "materials", "p.json", "given")["materials"][0]["keccak256"]
    digest = answer("pact", "publish", "p.json", "--materials", "given", "--store", "s")["hash"]
    store = ContentStore(Path("s"))
    assert store.get(material, max_bytes=10) == b"a"
    assert Pact.parse_named(store.get(digest, max_bytes=100_000), digest).name == "sample"


def test_publish__changed_material__stores_nothing() -> None:
    write("p.json")
    Path("given").mkdir()
    Path("given/a.txt").write_text("a")
    assert oracle("pact", "materials", "p.json", "given").exit_code == 0
    Path("given/a.txt").write_text("b")
    result = oracle("pact", "publish", "p.json", "--materials", "given", "--store", "s")
    assert result.exit_code == 2
    assert "a.txt has the hash" in result.output
    assert not Path("s").exists()


def test_methodology__check_hash_and_publish__agree() -> None:
    Path("m.json").write_text(json.dumps(methodology_json()))
    digest = oracle("methodology", "hash", "m.json").stdout.strip()
    assert answer("methodology", "check", "m.json")["hash"] == digest
    assert answer("methodology", "publish", "m.json", "--store", "s")["hash"] == digest
    assert "Pass from 95 %, Fail from 90 %" in oracle("methodology", "check", "m.json").stdout


def test_methodology__too_few_families__is_said() -> None:
    changed = methodology_json()
    changed["jury"] |= {"minimum_jurors": 2, "jurors": changed["jury"]["jurors"][:1]}
    Path("m.json").write_text(json.dumps(changed))
    assert "will stay undecided" in oracle("methodology", "check", "m.json").stdout
    assert not answer("methodology", "check", "m.json")["jury_possible"]
