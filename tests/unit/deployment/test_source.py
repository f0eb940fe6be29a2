"""Verification with an explorer that accepts, refuses, is slow, or answers rubbish."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest
from eth_utils.crypto import keccak

from scripts.deployment.record import CompilerRecord, DeploymentRecord, EscrowRecord, UsdcRecord
from scripts.deployment.source import VerificationError, main, standard_input_of, verify_source

KEY = "SECRETKEY"
ESCROW = "0x" + "11" * 20
USDC = "0x" + "22" * 20
RECORD = DeploymentRecord(
    chain_id=84532,
    network="base:sepolia",
    deployer="0x" + "33" * 20,
    escrow=EscrowRecord(
        address=ESCROW,
        block=5,
        block_hash="0x" + "00" * 32,
        transaction="0x" + "01" * 32,
        code_hash="0x" + "02" * 32,
        annex="0x" + "44" * 20,
        annex_code_hash="0x" + "03" * 32,
        constructor={"usdc": USDC, "minChallenge": "60", "lapseChallenge": "600", "minDelivery": "61"},
    ),
    usdc=UsdcRecord(
        address=USDC, name="USDC", version="2", deployed_here=False, implementation=None, transactions=[]
    ),
    compiler=CompilerRecord(version="0.8.30+commit.73712a01", settings={}),
)
Answer = tuple[str, str]


def explorer(*answers: Answer | httpx.Response) -> tuple[Callable[[], str], list[httpx.Request]]:
    """An explorer that gives these answers in turn; the verification against it, and the requests it gets."""
    left = list(answers)
    requests: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, json={"status": answer[0], "message": "", "result": answer[1]})

    def verify() -> str:
        client = httpx.Client(transport=httpx.MockTransport(respond))
        return verify_source(
            RECORD, KEY, {"language": "Solidity"}, client=client, sleep=lambda _seconds: None
        )

    return verify, requests


def test_accepted_then_verified() -> None:
    verify, requests = explorer(("1", "guid-7"), ("0", "Pending in queue"), ("1", "Pass - Verified"))
    assert verify() == "Pass - Verified"
    sent = {name: values[0] for name, values in parse_qs(requests[0].content.decode()).items()}
    assert sent["contractaddress"] == ESCROW
    assert sent["contractname"] == "contracts/Escrow.sol:Escrow"
    assert sent["compilerversion"] == "v0.8.30+commit.73712a01"
    assert json.loads(sent["sourceCode"]) == {"language": "Solidity"}
    words = [sent["constructorArguements"][i : i + 64] for i in range(0, 256, 64)]
    assert words == ["00" * 12 + "22" * 20, *(f"{seconds:064x}" for seconds in (60, 600, 61))]
    assert parse_qs(requests[2].content.decode())["guid"] == ["guid-7"]


def test_the_key_is_in_no_address() -> None:
    verify, requests = explorer(("1", "guid-7"), ("1", "Pass - Verified"))
    verify()
    assert all(KEY not in str(request.url) for request in requests)
    assert all(request.url.params["chainid"] == "84532" for request in requests)


def test_an_explorer_behind_the_chain_is_asked_again() -> None:
    verify, requests = explorer(
        ("0", "Unable to locate ContractCode at 0x11"), ("1", "guid-7"), ("1", "Pass - Verified")
    )
    assert verify() == "Pass - Verified"
    assert len(requests) == 3


def test_already_verified_is_fine() -> None:
    verify, _ = explorer(("1", "guid-7"), ("0", "Already Verified"))
    assert verify() == "Already Verified"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([("0", "Invalid API Key")], "Invalid API Key"),
        ([("1", "guid-7"), ("0", "Fail - Unable to verify")], "Fail - Unable to verify"),
        ([("1", "guid-7"), ("0", "Pending in queue")], "no judgement"),
        ([("0", "Unable to locate ContractCode at 0x11")], "Unable to locate"),
        ([httpx.Response(502)], "HTTPStatusError"),
        ([httpx.Response(200, text="<html>")], "JSONDecodeError"),
        ([httpx.Response(200, json=[])], "TypeError"),
        ([httpx.Response(200, json={})], "KeyError"),
    ],
)
def test_refusals_are_clear_and_hold_no_key(answers: list[Answer | httpx.Response], reason: str) -> None:
    verify, _ = explorer(*answers)
    with pytest.raises(VerificationError, match=reason) as caught:
        verify()
    assert "deployed and recorded" in caught.value.message
    assert KEY not in str(caught.value.as_dict())


def test_the_input_holds_every_source_as_it_was_compiled(tmp_path: Path) -> None:
    (tmp_path / "A.sol").write_text("contract A {}")
    metadata = {
        "sources": {"A.sol": {"keccak256": "0x" + keccak(b"contract A {}").hex()}},
        "settings": {"viaIR": True, "compilationTarget": {"A.sol": "A"}},
    }
    made = standard_input_of(metadata, tmp_path)
    assert made["sources"] == {"A.sol": {"content": "contract A {}"}}
    assert made["settings"]["viaIR"] is True
    assert "compilationTarget" not in made["settings"]
    (tmp_path / "A.sol").write_text("contract B {}")
    with pytest.raises(VerificationError, match=r"A\.sol was changed"):
        standard_input_of(metadata, tmp_path)


def test_by_hand_without_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deployments/84532.json"], {}) == 2
    assert "ETHERSCAN_API_KEY" in capsys.readouterr().err
