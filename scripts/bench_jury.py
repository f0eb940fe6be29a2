"""`make bench-jury`: measure the jury on recorded votes, write docs/jury.md, print one JSON object last.

VOTES names another file of the same form; its report goes to .build/jury/ and docs/jury.md stays as it is.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from oracle.domain.errors import EarnestError
from scripts.bench_sections import Section, measure_all
from scripts.jurybench.baselines import accuracy_half, dawid_skene, juror_votes, majority
from scripts.jurybench.report import SECTION_TARGETS, TARGETS, Number, Target, page, sections_text
from scripts.jurybench.study import Study, figures, rounded, study
from scripts.jurybench.votes import VotesError, load

ROOT = Path(__file__).resolve().parent.parent
RECORDED = ROOT.parent / "shared" / "data" / "votes"
FOR_ACCURACY, FOR_RELEASE = "llmbar.jsonl.gz", "rewardbench2.jsonl.gz"
# LLMBar's five models under its best template: the panel whose plain majority was published as 0.73.
SECOND_OF_A_MODEL, BEST_TEMPLATE = "ChatGPT-0301", "Metrics_Reference"
ACCURACY_FIGURES = ("weighted_accuracy", "majority", "dawid_skene", "best_alone")


def main() -> int:
    """Run the bench. Returns the exit code: 0, or 2 where the votes cannot be read."""
    try:
        result = bench(os.environ.get("VOTES", ""))
    except EarnestError as error:
        print(f"{error.message} {error.next_step or ''}".strip(), file=sys.stderr)
        return 2
    print(json.dumps(result))
    return 0


def bench(votes: str) -> dict[str, object]:
    """Measure, write the report, and return the figures.

    Args:
        votes: Path of a file of recorded votes; empty: the two recordings beside the repository.

    Raises:
        VotesError: a file is missing or not of the form.
    """
    paths = [Path(votes)] if votes else [RECORDED / FOR_ACCURACY, RECORDED / FOR_RELEASE]
    missing = [p for p in paths if not p.is_file()]
    if missing:
        raise VotesError(
            f"There is no file {missing[0].name} of recorded votes.",
            next_step="Set VOTES to a file of that form, or put the recordings in ../shared/data/votes.",
        )
    studies = [_measured(path) for path in paths]
    headline = headline_of(studies)
    sections: list[Section] = [] if votes else measure_all()
    targets = TARGETS if votes else (*TARGETS, *SECTION_TARGETS)
    known = headline | {n: v for s in sections for n, v in s.figures.items() if not isinstance(v, str)}
    report = ROOT / ".build" / "jury" / "jury.md" if votes else ROOT / "docs" / "jury.md"
    _write(report, studies, known, targets, sections)
    result: dict[str, object] = dict(headline)
    if not votes:
        result.update(majority_of_five(studies[0]))
    for section in sections:
        taken = sorted(set(section.figures) & set(result))
        if taken:
            raise ValueError(f"section {section.title!r} reports {taken[0]}, which is reported already")
        result.update(section.figures)
    result["targets_missed"] = [t.name for t in targets if not t.met(known.get(t.name))]
    result["report"] = str(report.relative_to(ROOT))
    result["files"] = {s.recording.name: figures(s) for s in studies}
    return result


def headline_of(studies: list[Study]) -> dict[str, Number]:
    """The figures the targets are about: accuracy from the first file, release from the last.

    Jurors at chance are counted over all files.
    """
    first, last = figures(studies[0]), figures(studies[-1])
    found = {n: v for n, v in last.items() if not n.startswith(ACCURACY_FIGURES)}
    found |= {n: v for n, v in first.items() if n.startswith(ACCURACY_FIGURES)}
    with_sequence, at_once = found["calls_accuracy"], found["calls_accuracy_at_once"]
    found["calls_accuracy_loss"] = None
    if with_sequence is not None and at_once is not None:
        found["calls_accuracy_loss"] = rounded(at_once - with_sequence)
    for name in (
        "incompetent_weighted",
        "incompetent_tried",
        "incompetent_cells_weighted",
        "incompetent_cells",
    ):
        values = [v for s in studies if (v := figures(s)[name]) is not None]
        found[name] = rounded(sum(values)) if values else None
        for percentile in ("p10", "p90"):
            found.pop(f"{name}_{percentile}", None)
    return found


def majority_of_five(one: Study) -> dict[str, Number]:
    """Plain majority and Dawid-Skene of LLMBar's five models, ties half right."""
    votes = juror_votes(one.recording, BEST_TEMPLATE, skip={SECOND_OF_A_MODEL})
    return {
        "majority_of_five": rounded(accuracy_half(majority(votes), one.recording)),
        "dawid_skene_of_five": rounded(accuracy_half(dawid_skene(votes), one.recording)),
    }


def _measured(path: Path) -> Study:
    started = time.monotonic()
    one = study(load(path))
    print(f"{path.name}: {len(one.recording.probes)} cases in {time.monotonic() - started:.0f} s", flush=True)
    return one


def _write(
    report: Path,
    studies: list[Study],
    headline: dict[str, Number],
    targets: Sequence[Target],
    sections: list[Section],
) -> None:
    from scripts.jurybench.plots import draw_all

    pictures = draw_all(studies, report.parent / "img")
    report.parent.mkdir(parents=True, exist_ok=True)
    text = page(studies, headline, targets, pictures, "img")
    if sections:
        text += "\n" + sections_text(sections)
    report.write_text(text.rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
