"""`make mutate`: every mutant. `--sample N` tries N of them; `--report` writes the committed result."""

from __future__ import annotations

import argparse
import sys

from scripts.verify.mutation.campaign import SEED, WORKERS, campaign
from scripts.verify.mutation.mutants import code_hashes
from scripts.verify.mutation.result import RESULT, WANTED, require, untried
from scripts.verify.tools import VerifyError, progress


def main() -> int:
    """Run, print the counts as one JSON object, fail where too many survive."""
    parser = argparse.ArgumentParser(prog="python -m scripts.verify.mutation")
    parser.add_argument("--sample", type=int, default=None, metavar="N", help="N mutants instead of all")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--minutes", type=float, default=None, help="begin no mutant after so long")
    parser.add_argument("--wanted", type=float, default=WANTED, help="part to be killed; a dozen vary widely")
    parser.add_argument("--again", action="store_true", help="try survivors without a reason once more")
    parser.add_argument("--report", action="store_true", help="write docs/verification/mutation.json")
    arguments = parser.parse_args()
    try:
        result = campaign(
            arguments.sample, arguments.seed, arguments.workers, arguments.minutes, again=arguments.again
        )
        if arguments.report:
            RESULT.write_text(result.model_dump_json(indent=1) + "\n")
        for survivor in result.survivors:
            progress(f"survives: {survivor.key} {survivor.file}:{survivor.line} in {survivor.where}")
            progress(f"    - {survivor.before}\n    + {survivor.after}")
            progress(f"    {survivor.reason or 'no reason is given'}")
        for file in untried(result, code_hashes()):
            progress(f"mutation: no mutant of {file} was tried")
        counts = {"what", "changes", "refused", "mutants", "killed", "interval"}
        print(result.model_dump_json(include=counts))
        require(result, arguments.wanted)
    except VerifyError as error:
        print(f"mutation: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
