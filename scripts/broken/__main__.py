"""Build the escrow and the tabs that can be broken in every way of the *.toml: `python -m scripts.broken`.

All patches go into one copy of contracts/, each behind a switch, and that copy is compiled once. Run it
before `forge test`; where nothing changed it takes a second.
"""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from scripts.broken.patches import VariantsError, check_tested, patched, read_sources, read_variants

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests" / "contracts" / "broken"
BUILD = ROOT / ".build" / "broken"


def main() -> int:
    """Write the patched copy, compile it, and note which sources it was made of."""
    sources = read_sources(ROOT / "contracts")
    try:
        variants = read_variants((TESTS / "variants.toml").read_text())
        check_tested(variants, (TESTS / "Broken.t.sol").read_text())
        of_tabs = read_variants((TESTS / "tabs.toml").read_text())
        tests = (TESTS / "BrokenTabs.t.sol").read_text()
        check_tested(of_tabs, tests, first=len(variants) + 1, file="BrokenTabs.t.sol")
        variants += of_tabs
        texts = patched(sources, variants)
    except VariantsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    texts["Broken.sol"] = (TESTS / "Broken.sol").read_text()
    for name, text in texts.items():
        path = BUILD / "contracts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    forge = str(ROOT / ".tools" / "bin" / "forge")
    subprocess.run(
        [forge, "build", "--quiet"], cwd=ROOT, check=True, env=os.environ | {"FOUNDRY_PROFILE": "broken"}
    )
    hashes = [f"contracts/{name}\n0x{sha256(text.encode()).hexdigest()}\n" for name, text in sources.items()]
    (BUILD / "sources").write_text("".join(hashes))
    sys.stdout.write(f"{len(variants)} broken variants built\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
