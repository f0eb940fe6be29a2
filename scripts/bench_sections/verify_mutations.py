"""Whether a forged record is found: each changed, hashed anew and signed anew before it is verified."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from oracle.jury.record import SECTION_NOT_RECOMPUTED
from scripts.bench_sections import Section
from scripts.jurybench.mutations import changes, forge, hold, mutations
from scripts.jurybench.records import Recorded, records

# Of each record so many changes, and at least one of every field. A suite in the sandbox takes seconds.
SIZES = {"jury passes": 200, "jury fails": 90, "jury cannot decide": 110, "a suite in the sandbox": 0}
OTHERS = 60
SEED = 5

_TEXT = """\
{records} records made by the pipeline that judges jobs, with every method of checks, a jury that passes, one
that fails, one that cannot decide and one that passes what is left without a passage. Of {possible} single
changes to them {tried} that leave a record are drawn (seed {seed}), at least one of each of the {places}
fields: another value, an entry or key more or less, lists turned round, a raw answer with another verdict.
After the change the record is brought into its canonical form, hashed, and attested anew with the
evaluator's key, so that hash and signature are right. {found} are found.

| record | changes | found | fields |
| --- | --- | --- | --- |
{rows}

Left out are the lines that nothing can be held against; `docs/evaluation.md` lists them. Of the jury's part
these are {left_out}.
"""


def measure() -> Section:
    """Forge records and verify them.

    Raises:
        ValueError: an honest record does not hold, so that finding a forged one would say nothing.
    """
    rows, missed = [], []
    totals: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for recorded in records(Path(folder)):
            row, not_found = _measure_one(recorded, totals)
            rows.append(row)
            missed += not_found
    for name in missed:
        print(f"not found: {name}", file=sys.stderr, flush=True)
    tried, found = totals["tried"], totals["tried"] - len(missed)
    text = _TEXT.format(
        records=len(rows),
        possible=totals["possible"],
        tried=tried,
        found=found,
        places=totals["places"],
        seed=SEED,
        rows="\n".join(rows),
        left_out=", ".join(f"`{pattern}`" for pattern in SECTION_NOT_RECOMPUTED),
    )
    figures: dict[str, float | int | str | None] = {
        "verify_mutations": tried,
        "verify_mutations_found": found,
        "verify_mutations_missed": len(missed),
        "verify_fields": totals["places"],
    }
    return Section("Forged records", text, figures)


def _measure_one(recorded: Recorded, totals: Counter[str]) -> tuple[str, list[str]]:
    honest = hold(recorded, forge(recorded.record.as_json()))
    if not honest.holds:
        raise ValueError(f"{recorded.name}: the honest record differs at {honest.differences[0].pointer}")
    possible = changes(recorded)
    chosen = mutations(recorded, SIZES.get(recorded.name, OTHERS), SEED)
    places = len({mutation.place for mutation in chosen})
    missed = [m for m in chosen if hold(recorded, forge(m.value)).holds]
    totals.update(possible=len(possible), tried=len(chosen), places=places)
    row = f"| {recorded.name} | {len(chosen)} | {len(chosen) - len(missed)} | {places} |"
    return row, [f"{recorded.name} {m.pointer} ({m.what})" for m in missed]
