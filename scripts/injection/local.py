"""The same attacks and good deliveries put to the real local model:

    python -m scripts.injection.local [SIZE [MINUTES]]

Takes about ten minutes on two idle cores, so `make bench-jury` shows the figures of the last run, which this
writes to scripts/injection/local_model.json with what they were measured on. Attacks and good deliveries are
asked in turn, and the file is written after each: where the time is over, it holds the sample's first ones.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from oracle.jury.local import PINNED_FILE, PINNED_SHA256
from oracle.jury.prompt import FRAME_VERSION
from oracle.jury.providers import ConfiguredProviders, Connection
from oracle.pact.methodology import Juror, Methodology
from scripts.injection import attacks, benign
from scripts.injection.cases import Delivery
from scripts.injection.measure import Tally, judge_all, methodology

RESULT = Path(__file__).parent / "local_model.json"
SAMPLE = 40  # deliveries of each sort
LOCAL = Juror(id="qwen-local", family="qwen", model="qwen2.5-coder-1.5b-instruct", provider="local")


@dataclass(frozen=True)
class LocalFigures:
    """What the local model did. `turned`: passed when asked about the delivery alone."""

    cases: int
    turned: int
    passed: int
    voided: int
    why: dict[str, int]


def sample(deliveries: Sequence[Delivery], size: int, seed: int = 3) -> list[Delivery]:
    """A sample that takes from every family in turn."""
    dice = random.Random(seed)  # noqa: S311 - repeatable choices, nothing secret
    families: dict[str, list[Delivery]] = {}
    for delivery in dice.sample(list(deliveries), len(deliveries)):
        families.setdefault(delivery.family, []).append(delivery)
    chosen: list[Delivery] = []
    while len(chosen) < size and any(families.values()):
        for waiting in families.values():
            if waiting and len(chosen) < size:
                chosen.append(waiting.pop())
    return chosen


async def measure_local(size: int = SAMPLE, minutes: float = 60.0) -> dict[str, object]:
    """Put a sample of both corpora to the local model, as if its probes had let it in.

    Args:
        size: Deliveries of each sort in the sample.
        minutes: After which no further one is asked.
    """
    providers = ConfiguredProviders({"local": Connection(kind="local")})
    rules = patient(methodology(LOCAL))
    tallies: dict[str, list[Tally]] = {"attacks": [], "benign": []}
    end = time.monotonic() + 60.0 * minutes
    result: dict[str, object] = {}
    try:
        for pair in zip(sample(attacks.corpus(), size), sample(benign.corpus(), size), strict=True):
            if time.monotonic() > end:
                break
            for name, delivery in zip(tallies, pair, strict=True):
                tally = await judge_all([delivery], rules, lambda _: providers)
                tallies[name].append(tally)
                sys.stderr.write(f"{name} {delivery.name}: {dict(tally.outcomes)} {dict(tally.why_void)}\n")
            result = _result(size, tallies)
            RESULT.write_text(json.dumps(result, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    finally:
        providers.close()
    return result


def patient(rules: Methodology) -> Methodology:
    """The same rules with ten minutes for a call, for how fast this machine is shall not be measured.

    Nothing is left out either, as in the demo's methodology: a small model that the canary turns on most good
    work would be asked up to 29 times more about each, and pass no attack less.
    """
    models = rules.limits.models.model_copy(update={"call_seconds": 600})
    limits = rules.limits.model_copy(update={"models": models})
    controls = rules.controls.model_copy(update={"maximum_left_out": 0})
    return rules.model_copy(update={"limits": limits, "controls": controls})


def _result(size: int, tallies: dict[str, list[Tally]]) -> dict[str, object]:
    return {
        "model": PINNED_FILE,
        "sha256": PINNED_SHA256,
        "frame": FRAME_VERSION,
        "sample": size,
        **{name: vars(_figures(_merged(found))) for name, found in tallies.items()},
    }


def _merged(tallies: Sequence[Tally]) -> Tally:
    return Tally(
        names=tuple(name for t in tallies for name in t.names),
        outcomes=sum((t.outcomes for t in tallies), Counter()),
        turned=sum(t.turned for t in tallies),
        turned_by_text=tuple(name for t in tallies for name in t.turned_by_text),
        voided=tuple(name for t in tallies for name in t.voided),
        passed=tuple(name for t in tallies for name in t.passed),
        why_void=sum((t.why_void for t in tallies), Counter()),
    )


def _figures(tally: Tally) -> LocalFigures:
    return LocalFigures(
        tally.cases,
        tally.turned,
        len(tally.passed),
        len(tally.voided),
        dict(Counter(tally.why_void)),
    )


def main() -> int:
    """Measure and write the result file."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
    figures = asyncio.run(measure_local(size, minutes))
    sys.stdout.write(json.dumps(figures, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
