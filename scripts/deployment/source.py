"""Verification of the deployed source with Etherscan's API, version 2, which serves Base's explorer.

Our own client, because the tools at hand would fail a deployment: Ape's plugin asks the explorer in the midst
of sending and loses the receipt when it is down, and forge first asks another host for a list of compilers.
Reference: https://docs.etherscan.io/api-endpoints/contracts
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from pydantic import ValidationError

from oracle.domain.errors import EarnestError
from scripts.deployment.record import DeploymentRecord
from scripts.deployment.sender import DeploymentError

API = "https://api.etherscan.io/v2/api"
ROOT = Path(__file__).parents[2]
ARTIFACT = ROOT / ".build/forge-deploy/out/Escrow.sol/Escrow.json"
CONTRACT = "contracts/Escrow.sol:Escrow"
BUILD_TIMEOUT = 300  # seconds
HTTP_TIMEOUT = 30.0  # seconds
PAUSE = 5.0  # seconds between questions
QUESTIONS = 40


class VerificationError(DeploymentError):
    """The explorer did not verify the source; the deployment itself stands and is recorded."""


def verify_source(
    record: DeploymentRecord,
    api_key: str,
    standard_input: Mapping[str, Any],
    *,
    client: httpx.Client | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Send the source to the explorer and wait for its judgement, which is returned.

    Args:
        record: the deployment, already written.
        api_key: the explorer's key; it goes into the body of requests, never into an address or a message.
        standard_input: the compiler's input as JSON, see `standard_input_of`.
        client: other than a plain one, for tests.
        sleep: how to wait, for tests.

    Raises:
        VerificationError: no answer, a refusal, or no judgement in time.
    """
    form = {
        "module": "contract",
        "action": "verifysourcecode",
        "contractaddress": record.escrow.address,
        "sourceCode": json.dumps(standard_input),
        "codeformat": "solidity-standard-json-input",
        "contractname": CONTRACT,
        "compilerversion": f"v{record.compiler.version}",
        "constructorArguements": constructor_arguments(record),  # the API's own spelling
    }
    with client or httpx.Client(timeout=HTTP_TIMEOUT) as session:
        accepted, answer = _ask(session, record.chain_id, api_key, form)
        for _ in range(QUESTIONS):
            if accepted:
                break
            if "unable to locate contractcode" not in answer.lower():
                raise _refused(answer)
            sleep(PAUSE)  # the explorer has not seen the block yet
            accepted, answer = _ask(session, record.chain_id, api_key, form)
        else:
            raise _refused(answer)
        question = {"module": "contract", "action": "checkverifystatus", "guid": answer}
        for _ in range(QUESTIONS):
            sleep(PAUSE)
            passed, answer = _ask(session, record.chain_id, api_key, question)
            if passed or "already verified" in answer.lower():
                return answer
            if "pending" not in answer.lower():
                raise _refused(answer)
    raise _refused(f"no judgement after {QUESTIONS} questions")


def constructor_arguments(record: DeploymentRecord) -> str:
    """The constructor's arguments as they follow the creation code: hex digits without 0x."""
    arguments = record.escrow.constructor
    numbers = [int(arguments[name]) for name in ("minChallenge", "lapseChallenge", "minDelivery")]
    return encode(["address", "uint256", "uint256", "uint256"], [arguments["usdc"], *numbers]).hex()


def build_for_deployment() -> dict[str, Any]:
    """Forge's artifact of the escrow with exactly the settings that Ape compiles it with.

    Raises:
        VerificationError: it does not compile.
    """
    # The escrow and its imports alone: what stands beside them can change how the compiler lays the code out.
    build_alone("contracts/Escrow.sol")
    artifact: dict[str, Any] = json.loads(ARTIFACT.read_text(encoding="utf-8"))
    return artifact


def build_alone(*paths: str) -> None:
    """Compile what stands at these paths, and its imports, as it is deployed.

    Raises:
        VerificationError: it does not compile.
    """
    command = [str(ROOT / ".tools/bin/forge"), "build", "--root", str(ROOT), *paths]
    done = subprocess.run(
        command,
        env={"FOUNDRY_PROFILE": "deploy", "PATH": "/usr/bin:/bin:/usr/local/bin"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT,
        check=False,
    )
    if done.returncode != 0:
        raise VerificationError(
            f"{', '.join(paths)} does not compile: {done.stderr.strip()[-500:]}", field="contracts"
        )


def standard_input_of(metadata: Mapping[str, Any], root: Path = ROOT) -> dict[str, Any]:
    """The compiler's input that a contract was made from, every source inside.

    Args:
        metadata: what the compiler says of the contract: source names with their hashes, and settings.
        root: where the sources are.

    Raises:
        VerificationError: a source was changed after it was compiled.
    """
    sources = {}
    for name, facts in metadata["sources"].items():
        content = (root / name).read_bytes()
        if "0x" + keccak(content).hex() != facts["keccak256"]:
            raise VerificationError(f"source {name} was changed after it was compiled", field=name)
        sources[name] = {"content": content.decode("utf-8")}
    settings = {key: value for key, value in metadata["settings"].items() if key != "compilationTarget"}
    settings["outputSelection"] = {"*": {"*": ["abi", "evm.bytecode", "evm.deployedBytecode", "metadata"]}}
    return {"language": "Solidity", "sources": sources, "settings": settings}


def _ask(session: httpx.Client, chain_id: int, api_key: str, form: Mapping[str, str]) -> tuple[bool, str]:
    try:
        response = session.post(API, params={"chainid": chain_id}, data={**form, "apikey": api_key})
        response.raise_for_status()
        answer = response.json()
        return answer["status"] == "1", str(answer["result"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise _refused(f"no proper answer, {type(error).__name__}") from error


def _refused(answer: str) -> VerificationError:
    return VerificationError(
        f"the escrow is deployed and recorded, but its source was not verified: {answer[:300]}",
        field="ETHERSCAN_API_KEY",
        next_step="run `python -m scripts.deployment.source deployments/<chain id>.json` to try again",
    )


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Verify the source of an earlier deployment; 0 when the explorer agrees, 2 with a message otherwise."""
    try:
        if len(arguments) != 1 or not environment.get("ETHERSCAN_API_KEY"):
            raise VerificationError(
                "give one deployments/<chain id>.json, and the explorer's key in ETHERSCAN_API_KEY",
                field="ETHERSCAN_API_KEY",
            )
        record = DeploymentRecord.model_validate_json(Path(arguments[0]).read_text(encoding="utf-8"))
        metadata = build_for_deployment()["metadata"]
        print(verify_source(record, environment["ETHERSCAN_API_KEY"], standard_input_of(metadata)))
    except (EarnestError, OSError, ValidationError) as error:
        print(f"verify: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
