"""What Ape makes of a contract: of the contract and its imports alone, and never out of a stale cache.

Two traps of compiling the whole project: through its intermediate language the compiler may lay out the same
contract differently when other sources stand beside it, so an explorer that gets only what belongs to the
contract would not find the same code; and Ape takes a contract from its cache as long as that one file is
unchanged, whatever happened to what it imports.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import ape
from ape.managers.project import LocalProject

from scripts.deployment.record import CompilerRecord
from scripts.deployment.sender import DeploymentError

ROOT = Path(__file__).parents[2]
_CACHE = ROOT / ".build/ape"


def compiled_by_ape(name: str) -> tuple[Any, CompilerRecord]:
    """A contract's type, and the compiler with its settings.

    Raises:
        DeploymentError: there is no such source, or Ape does not say how it compiled it.
    """
    sources = sorted(ROOT.joinpath("contracts").rglob("*.sol"))
    found = [path for path in sources if path.stem == name]
    if len(found) != 1:
        raise DeploymentError(f"contracts/ has {len(found)} files {name}.sol, needs one", field="contracts")
    manifest = _CACHE / f"{name}-{_state_of(sources)}.json"
    if not manifest.is_file():
        for old in _CACHE.glob(f"{name}-*.json"):
            old.unlink()
    project = LocalProject(ape.project.path, manifest_path=manifest)
    contract = project.load_contracts(found[0].relative_to(ROOT))[name].contract_type
    compiler = project.manifest.get_contract_compiler(name)
    if compiler is None:
        raise DeploymentError(f"Ape does not say how it compiled {name}", next_step="remove .build/ape")
    settings = {key: value for key, value in (compiler.settings or {}).items() if key != "outputSelection"}
    return contract, CompilerRecord(version=compiler.version, settings=settings)


def _state_of(sources: list[Path]) -> str:
    """A digest of everything the compiler's output can depend on."""
    digest = hashlib.sha256()
    for path in [*sources, ROOT / "ape-config.yaml", ROOT / "package-lock.json"]:
        digest.update(hashlib.sha256(path.read_bytes()).digest() + str(path.relative_to(ROOT)).encode())
    return digest.hexdigest()[:32]
