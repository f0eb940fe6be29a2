"""`oracle keys`: a signing key that lies in web3signer joins a committee through its proof."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fastapi import APIRouter, Request, Response

from oracle.domain.signatures import address_of
from oracle.domain.types import checksum
from oracle.web.app import make_app
from oracle.web.host import Host
from oracle.web.limits import Limits
from tests.integration.chain.conftest import Desk
from tests.integration.chain.test_cli_committee import terms
from tests.unit.signing.fake_web3signer import FakeWeb3Signer

KEY = b"\x71" * 32
ACCOUNT = address_of(KEY)


@pytest.fixture
def remote() -> Iterator[Host]:
    fake = FakeWeb3Signer([KEY])
    router = APIRouter()

    @router.api_route("/{path:path}", methods=["GET", "POST"])
    async def any_path(path: str, request: Request) -> Response:
        status, body = fake.answer(request.method, "/" + path, await request.body())
        return Response(body, status)

    host = Host(make_app([router], limits=Limits()), "127.0.0.1", 0)
    host.start()
    with closing(host):
        yield host


@pytest.fixture
def config(desk: Desk, remote: Host) -> Path:
    path = desk.folder / "oracle.toml"
    path.write_text(
        f"""
[chain]
rpc = "{desk.chain.url}"
chain_id = 31337
deployment = "{desk.deployment}"
[keys.sender]
env = "NOT_SET"
[[keys.evaluators]]
web3signer = {{ url = "{remote.url}", address = "{checksum(ACCOUNT)}" }}
"""
    )
    return path


def test_prove_join__key_in_web3signer__signs_for_the_evaluator(desk: Desk, config: Path) -> None:
    buyer, provider = desk.market.buyer.address, desk.market.provider.address
    committee = desk.folder / "committee.json"
    committee.write_text(json.dumps(terms(desk, provider, buyer)))
    created = desk.json("committee", "create", str(committee), by="relayer")["committee"]
    desk.json("account", "deposit", "500", by="buyer")

    proof = desk.folder / "proof.json"
    proof.write_text(desk.run("keys", "prove", created, buyer, "--config", str(config)).stdout)
    theirs = desk.json(
        "committee", "join", created, "--signing-proof", str(proof), by="provider", exit_code=2
    )
    assert "does not prove that" in theirs["message"]
    joined = desk.json("committee", "join", created, "--signing-proof", str(proof), by="buyer")
    assert (joined["standing"], joined["key"]) == ("joined", ACCOUNT)


def test_list__one_key_missing__shows_both_and_exits_1(desk: Desk, config: Path) -> None:
    found = desk.json("keys", "list", "--config", str(config), exit_code=1)["keys"]
    assert found[0] == {
        "field": "keys.sender",
        "kind": "env",
        "problem": "the environment variable NOT_SET does not hold 32 bytes of hex",
        "mend": "set NOT_SET, or use a keystore",
    }
    assert found[1] == {"field": "keys.evaluators.0", "kind": "web3signer", "account": checksum(ACCOUNT)}


def test_list__signer_down__says_so(desk: Desk, config: Path, remote: Host) -> None:
    remote.close()
    found = desk.json("keys", "list", "--config", str(config), exit_code=1)["keys"]
    assert "cannot be reached: ConnectError" in found[1]["problem"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("{}", "key: is missing", id="empty"),
        pytest.param('{"key": "0x12", "proof": "0x"}', "not an address", id="malformed"),
        pytest.param(
            json.dumps({"key": ACCOUNT, "proof": "0x" + "00" * 65}),
            "v is 0; it must be 27 or 28",
            id="no signature",
        ),
    ],
)
def test_join__bad_proof__is_refused(desk: Desk, content: str, said: str) -> None:
    committee = desk.folder / "committee.json"
    committee.write_text(json.dumps(terms(desk, desk.market.provider.address, desk.market.buyer.address)))
    created = desk.json("committee", "create", str(committee), by="relayer")["committee"]
    proof = desk.folder / "proof.json"
    proof.write_text(content)
    refused = desk.json("committee", "join", created, "--signing-proof", str(proof), by="buyer", exit_code=2)
    assert said in refused["message"]


def test_join__proof_and_key__is_refused(desk: Desk) -> None:
    committee = desk.folder / "committee.json"
    committee.write_text(json.dumps(terms(desk, desk.market.provider.address, desk.market.buyer.address)))
    created = desk.json("committee", "create", str(committee), by="relayer")["committee"]
    desk.environment["KEY_FIRST"] = "0x" + KEY.hex()
    both = ["--signing-proof", "p.json", "--signing-key-env", "KEY_FIRST"]
    refused = desk.json("committee", "join", created, *both, by="buyer", exit_code=2)
    assert "two signing keys are named" in refused["message"]


def test_prove__key_that_is_not_configured__says_how_many_are(desk: Desk, config: Path) -> None:
    result = desk.run("keys", "prove", "0x" + "11" * 32, ACCOUNT, "--key", "3", "--config", str(config))
    assert result.exit_code == 2
    assert "--key is 3, and 1 keys are configured" in result.output
