"""What is committed of the long runs is whole, explained, and of today's sources."""

from __future__ import annotations

from collections import Counter

from scripts.verify import coverage, static
from scripts.verify.mutation.mutants import code_hashes
from scripts.verify.mutation.result import (
    REASONS,
    RESULT,
    WANTED,
    Result,
    changed_since,
    read_reasons,
    untried,
    wilson,
)
from scripts.verify.tools import ROOT


def committed() -> Result:
    return Result.model_validate_json(RESULT.read_text())


def test_the_mutation_result_is_of_these_sources() -> None:
    stale = changed_since(committed(), code_hashes())
    assert stale == [], "changed since they were mutated: run `make mutate` and commit docs/verification"


def test_contracts_without_a_mutant_are_named_in_the_documentation() -> None:
    text = (ROOT / "docs" / "verification.md").read_text()
    # A whole folder may be named, such as one that is newer than the run.
    silent = [
        file
        for file in untried(committed(), code_hashes())
        if not any(f"`{name}`" in text for name in (file, *_folders(file)))
    ]
    assert silent == []


def test_the_mutation_result_is_good_enough_and_adds_up() -> None:
    result = committed()
    assert result.score >= WANTED
    assert result.mutants - result.killed == len(result.survivors)
    for counts in (result.by_file, result.by_operator):
        assert sum(count.tried for count in counts.values()) == result.mutants
        assert sum(count.killed for count in counts.values()) == result.killed
    assert result.mutants <= result.looked_at - result.refused
    if result.mutants < result.changes - result.refused:
        assert "sample" in result.what
        assert result.interval == wilson(result.killed, result.mutants)


def test_every_survivor_has_its_reason() -> None:
    survivors = {s.key: s.reason for s in committed().survivors}
    assert [key for key, reason in survivors.items() if not reason] == []
    reasons = read_reasons(REASONS)
    assert survivors == {key: reasons[key] for key in survivors}


def test_explanations_are_given_once() -> None:
    findings = [(e.detector, name) for e in static.read_explanations() for name in e.findings]
    assert findings
    assert [f for f, times in Counter(findings).items() if times > 1] == []
    gaps = [(e.kind, gap) for e in coverage.read_explanations() for gap in e.gaps]
    assert gaps
    assert [g for g, times in Counter(gaps).items() if times > 1] == []


def test_explained_gaps_stand_in_the_sources() -> None:
    gone = []
    for explanation in coverage.read_explanations():
        for gap in explanation.gaps:
            file, _, line = gap.partition(": ")
            if line not in [own.strip() for own in (ROOT / file).read_text().splitlines()]:
                gone.append(gap)
    assert gone == []


def _folders(file: str) -> list[str]:
    parts = file.split("/")
    return ["/".join(parts[:i]) for i in range(2, len(parts))]
