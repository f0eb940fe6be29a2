"""The same attacks and good deliveries put to the real local model:  python -m scripts.injection.local

Takes about ten minutes on two cores, so `make bench-jury` shows the figures of the last run, which this
writes to scripts/injection/local_model.json with what they were measured on.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from oracle.evaluation.jury_port import JuryDecision
from oracle.jury.local import PINNED_FILE, PINNED_SHA256
from oracle.jury.prompt import FRAME_VERSION
from oracle.jury.providers import ConfiguredProviders, Connection
from oracle.pact.methodology import Juror
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


async def measure_local(size: int = SAMPLE) -> dict[str, object]:
    """Put a sample of both corpora to the local model, as if its probes had let it in."""
    providers = ConfiguredProviders({"local": Connection(kind="local")})

    def tell(delivery: Delivery, decision: JuryDecision) -> None:
        sys.stderr.write(f"{delivery.name}: {decision.state}\n")

    rules = methodology(LOCAL)
    try:
        bad = await judge_all(sample(attacks.corpus(), size), rules, lambda _: providers, tell)
        good = await judge_all(sample(benign.corpus(), size), rules, lambda _: providers, tell)
    finally:
        providers.close()
    return {
        "model": PINNED_FILE,
        "sha256": PINNED_SHA256,
        "frame": FRAME_VERSION,
        "attacks": vars(_figures(bad)),
        "benign": vars(_figures(good)),
    }


def _figures(tally: Tally) -> LocalFigures:
    return LocalFigures(
        tally.cases, tally.turned, len(tally.passed), len(tally.voided), dict(Counter(tally.why_void))
    )


def main() -> int:
    """Measure and write the result file."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE
    figures = asyncio.run(measure_local(size))
    RESULT.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(figures, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
