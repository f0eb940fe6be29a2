"""Copy the ABIs the package carries (oracle/chain/abi) out of the compiler's artifacts.

Run after the contracts have changed and been built with forge:

    python scripts/export_abi.py            # write
    python scripts/export_abi.py --check    # exit 1 if what is committed is not current
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ABI_FOLDER = ROOT / "oracle" / "chain" / "abi"
FORGE_OUT = ROOT / ".build" / "forge" / "out"
ARTIFACTS = {
    # The interface holds every function and event at the escrow's address; its code has two halves.
    "Escrow": FORGE_OUT / "IEscrow.sol" / "IEscrow.json",
    "CapturePolicy": FORGE_OUT / "CapturePolicy.sol" / "CapturePolicy.json",
    "CourtAdapter": FORGE_OUT / "CourtAdapter.sol" / "CourtAdapter.json",
    "Handover": FORGE_OUT / "Handover.sol" / "Handover.json",
    "JobEvaluator": FORGE_OUT / "JobEvaluator.sol" / "JobEvaluator.json",
    "Lens": FORGE_OUT / "Lens.sol" / "Lens.json",
    "Panel": FORGE_OUT / "Panel.sol" / "Panel.json",
    "TabLens": FORGE_OUT / "ITabLens.sol" / "ITabLens.json",
    "Tabs": FORGE_OUT / "ITabs.sol" / "ITabs.json",
    "VerdictBook": FORGE_OUT / "VerdictBook.sol" / "VerdictBook.json",
    "USDC": ROOT
    / "node_modules"
    / "@offchainlabs"
    / "stablecoin-evm"
    / "artifacts"
    / "hardhat"
    / "contracts"
    / "v2"
    / "FiatTokenV2_2.sol"
    / "FiatTokenV2_2.json",
}
USDC_NAMES = {
    "DOMAIN_SEPARATOR",
    "allowance",
    "approve",
    "authorizationState",
    "balanceOf",
    "decimals",
    "isBlacklisted",
    "name",
    "paused",
    "transfer",
    "version",
}


HALVES = (FORGE_OUT / "Escrow.sol" / "Escrow.json", FORGE_OUT / "Annex.sol" / "Annex.json")


def exported(name: str, artifact: Path) -> str:
    """The ABI as the package stores it: sorted by kind and name, two-space JSON.

    Raises:
        SystemExit: the artifact is missing; it says how to build it.
    """
    if not artifact.exists():
        raise SystemExit(f"{artifact.relative_to(ROOT)} is missing; build the contracts first: make build")
    entries: list[dict[str, Any]] = json.loads(artifact.read_text(encoding="utf-8"))["abi"]
    if name == "USDC":
        entries = [
            entry for entry in entries if entry.get("name") in USDC_NAMES and entry["type"] == "function"
        ]
    entries.sort(key=lambda entry: (entry["type"], entry.get("name", ""), len(entry.get("inputs", ()))))
    return json.dumps(entries, indent=2, sort_keys=True) + "\n"


def _entries(artifact: Path) -> list[dict[str, Any]]:
    if not artifact.exists():
        raise SystemExit(f"{artifact.relative_to(ROOT)} is missing; build the contracts first: forge build")
    entries: list[dict[str, Any]] = json.loads(artifact.read_text(encoding="utf-8"))["abi"]
    return entries


def main() -> int:
    """Write or check the exported ABIs. Returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is not current")
    check = parser.parse_args().check
    stale = []
    for name, artifact in ARTIFACTS.items():
        target = ABI_FOLDER / f"{name}.json"
        text = exported(name, artifact)
        if target.exists() and target.read_text(encoding="utf-8") == text:
            continue
        stale.append(target.relative_to(ROOT))
        if not check:
            target.write_text(text, encoding="utf-8")
    for path in stale:
        print(f"{path}: {'not current; run python scripts/export_abi.py' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
