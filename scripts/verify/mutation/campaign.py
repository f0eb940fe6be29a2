"""A mutation run: choose, build, try, remember; stopped, it goes on where it was."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scripts.verify.mutation.merge import valid
from scripts.verify.mutation.mutants import Mutant, generate, sources_hash
from scripts.verify.mutation.result import REASONS, Result, read_reasons, summarise
from scripts.verify.mutation.trial import Workshop, remember, try_alone
from scripts.verify.tools import ROOT, progress

SEED = 8183
CHUNK = 60
WORKERS = 2


@dataclass(frozen=True)
class Choice:
    """The mutants of a run, in an order whose every beginning is spread over the contracts."""

    mutants: tuple[Mutant, ...]
    of: int
    refused: int


def spread(mutants: Sequence[Mutant], seed: int) -> list[Mutant]:
    """Shuffle each file's mutants and interleave the files in proportion to their mutants."""
    files: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        files[mutant.file].append(mutant)
    placed: list[tuple[float, str, Mutant]] = []
    for file in sorted(files):
        own = sorted(files[file], key=lambda m: m.key)
        random.Random(f"{seed}:{file}").shuffle(own)  # noqa: S311 - a repeatable choice, not a secret
        placed += [((i + 0.5) / len(own), file, m) for i, m in enumerate(own)]
    return [mutant for _, _, mutant in sorted(placed, key=lambda p: p[:2])]


def choose(count: int | None, seed: int, folder: Path) -> Choice:
    """`count` mutants that the compiler accepts, or all."""
    everything = generate(folder / "gambit")
    progress(f"mutation: gambit made {len(everything)} changes")
    ordered = spread(everything, seed)
    # Half of gambit's changes do not compile.
    wanted = ordered if count is None else ordered[: 3 * count]
    files: dict[str, list[Mutant]] = defaultdict(list)
    outside = [m for m in wanted if m.body is None]
    for mutant in wanted:
        if mutant.body is not None:
            files[mutant.file].append(mutant)
    good: set[str] = set()
    cache = folder / f"compiles-{sources_hash()[:12]}.json"
    known: dict[str, bool] = json.loads(cache.read_text()) if cache.exists() else {}
    for file in sorted(files):
        unknown = [m for m in files[file] if m.key not in known]
        compiling, refused = valid(unknown)
        known |= {m.key: True for m in compiling} | {m.key: False for m in refused}
        cache.write_text(json.dumps(known))
        good |= {m.key for m in files[file] if known[m.key]}
    good |= {m.key for m in outside}
    accepted = [m for m in wanted if m.key in good]
    progress(f"mutation: {len(accepted)} of {len(wanted)} compile")
    return Choice(
        mutants=tuple(accepted if count is None else accepted[:count]),
        of=len(everything),
        refused=len(wanted) - len(accepted),
    )


def campaign(
    count: int | None, seed: int = SEED, workers: int = WORKERS, minutes: float | None = None
) -> Result:
    """Try `count` mutants, or all; after `minutes` no other is begun, and the result is of those tried.

    Raises VerifyError where a tool fails.
    """
    sources = sources_hash()
    folder = ROOT / ".build" / "mutation"
    state = folder / f"state-{sources[:12]}.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    choice = choose(count, seed, folder)
    known = _read(state)
    left = [m for m in choice.mutants if m.key not in known]
    progress(f"mutation: {len(choice.mutants)} mutants, {len(choice.mutants) - len(left)} known from before")
    lock = threading.Lock()
    began = time.monotonic()
    total, done = len(left), 0

    def note(mutant: Mutant, killer: str | None) -> None:
        nonlocal done
        with lock:
            known[mutant.key] = killer
            remember(state, {"key": mutant.key, "killer": killer})
            done += 1
            if done % 10 == 0 or killer is None:
                survived = sum(1 for m in choice.mutants if m.key in known and known[m.key] is None)
                pace = (time.monotonic() - began) / done
                minutes = pace * (total - done) / 60
                progress(f"mutation: {done}/{total}, {survived} survive, {minutes:.0f} minutes left")
                if killer is None:
                    progress(f"survives: {mutant.file}:{mutant.line} {mutant.after}")

    inside = [m for m in left if m.body is not None]
    chunks = [inside[i : i + CHUNK] for i in range(0, len(inside), CHUNK)]
    if len(chunks) == 1 and workers > 1 and len(inside) > 1:
        half = (len(inside) + 1) // 2
        chunks = [inside[:half], inside[half:]]
    hints: dict[str, str] = {}
    for earlier in sorted(folder.glob("state-*.jsonl"), key=lambda path: path.stat().st_mtime):
        hints |= {key: killer for key, killer in _read(earlier).items() if killer}
    shops = [Workshop(folder / f"copy-{i}", hints=hints) for i in range(workers)]
    free = list(shops)

    def with_shop(job: Callable[[Workshop], None]) -> None:
        with lock:
            shop = free.pop()
        try:
            job(shop)
        finally:
            with lock:
                free.append(shop)

    def over() -> bool:
        return minutes is not None and time.monotonic() - began > 60 * minutes

    def try_chunk(chunk: list[Mutant]) -> None:
        def job(shop: Workshop) -> None:
            for mutant in shop.build(chunk):
                note(mutant, "does not build")
            for number, mutant in shop.numbers.items():
                if over():
                    return
                note(mutant, shop.killer_of(number))

        if not over():
            with_shop(job)

    def alone(mutant: Mutant) -> None:
        if not over():
            with_shop(lambda shop: note(mutant, try_alone(shop.folder, mutant)))

    with ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(try_chunk, chunk) for chunk in chunks]
        jobs += [pool.submit(alone, m) for m in left if m.body is None]
        for future in jobs:
            future.result()
    ended = [m for m in choice.mutants if m.key in known]
    unbuilt = [m for m in ended if known[m.key] == "does not build"]
    tried = [(m, known[m.key] is not None) for m in ended if known[m.key] != "does not build"]
    reasons = read_reasons() if REASONS.exists() else {}
    return summarise(sources, seed, choice.of, choice.refused + len(unbuilt), tried, reasons)


def _read(state: Path) -> dict[str, str | None]:
    if not state.exists():
        return {}
    entries = [json.loads(line) for line in state.read_text().splitlines()]
    return {entry["key"]: entry["killer"] for entry in entries}
