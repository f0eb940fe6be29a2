"""A mutation run: choose, build, try, remember; stopped, it goes on where it was."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from scripts.verify.mutation.merge import valid
from scripts.verify.mutation.mutants import Mutant, code_hashes, generate
from scripts.verify.mutation.result import REASONS, Result, read_reasons, summarise
from scripts.verify.mutation.state import UNBUILT, State
from scripts.verify.mutation.trial import Workshop, try_alone
from scripts.verify.tools import ROOT, progress

SEED = 8183
# Mutants of one build, and of one analysis: the compiler names 256 errors at most.
CHUNK = 300
ANALYSED = 400
WORKERS = 2


@dataclass(frozen=True)
class Choice:
    """The beginning of an order whose every beginning is spread over the contracts."""

    # In order, refused ones too.
    changes: tuple[Mutant, ...]
    # Keys of those that the compiler's analysis refuses.
    refused: frozenset[str]
    # How many changes there are to each contract.
    of: dict[str, int]


def spread(mutants: Sequence[Mutant], seed: int) -> list[Mutant]:
    """Shuffle each file's mutants and interleave the files in proportion to their mutants.

    A mutant's place depends on its own file alone: a new contract does not change the order of the others.
    """
    files: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        files[mutant.file].append(mutant)
    placed: list[tuple[float, str, Mutant]] = []
    for file in sorted(files):
        own = sorted(files[file], key=lambda m: m.key)
        random.Random(f"{seed}:{file}").shuffle(own)  # noqa: S311 - a repeatable choice, not a secret
        placed += [((i + 0.5) / len(own), file, m) for i, m in enumerate(own)]
    return [mutant for _, _, mutant in sorted(placed, key=lambda p: p[:2])]


def choose(count: int | None, seed: int, folder: Path, codes: Mapping[str, str]) -> Choice:
    """The beginning of the order that holds `count` mutants that the compiler accepts, or all."""
    everything = generate(folder / "gambit")
    progress(f"mutation: gambit made {len(everything)} changes")
    ordered = spread(everything, seed)
    # About half of gambit's changes do not compile.
    looked_at = ordered if count is None else ordered[: 3 * count]
    names = {m.key: f"{codes[m.file]}:{m.key}" for m in looked_at if m.body is not None}
    cache = folder / "compiles.json"
    known: dict[str, bool] = json.loads(cache.read_text()) if cache.exists() else {}
    unknown = [m for m in looked_at if m.key in names and names[m.key] not in known]
    for i in range(0, len(unknown), ANALYSED):
        compiling, not_ = valid(unknown[i : i + ANALYSED])
        known |= {names[m.key]: True for m in compiling} | {names[m.key]: False for m in not_}
        cache.write_text(json.dumps(known))
    refused = {key for key, name in names.items() if not known[name]}
    places = [i for i, m in enumerate(looked_at) if m.key not in refused]
    if count is not None and len(places) >= count:
        looked_at = looked_at[: places[count - 1] + 1]
    own = {m.key for m in looked_at} & refused
    progress(f"mutation: {len(looked_at) - len(own)} of the first {len(looked_at)} compile")
    return Choice(tuple(looked_at), frozenset(own), dict(Counter(m.file for m in everything)))


@dataclass
class _Crew:
    """Workshops and those who use them, one at a time each."""

    shops: list[Workshop]
    state: State
    todo: int
    ends: float
    done: int = 0
    survived: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    began: float = field(default_factory=time.monotonic)

    def over(self) -> bool:
        return time.monotonic() > self.ends

    def with_shop(self, job: Callable[[Workshop], None]) -> None:
        with self.lock:
            shop = self.shops.pop()
        try:
            job(shop)
        finally:
            with self.lock:
                self.shops.append(shop)

    def note(self, mutant: Mutant, killer: str | None) -> None:
        with self.lock:
            self.state.note(mutant, killer)
            self.done += 1
            if killer is None:
                self.survived += 1
                progress(f"survives: {mutant.key} {mutant.file}:{mutant.line} {mutant.after}")
            if self.done % 10 == 0:
                left = (time.monotonic() - self.began) / self.done * (self.todo - self.done) / 60
                progress(
                    f"mutation: {self.done}/{self.todo}, {self.survived} survive, {left:.0f} minutes left"
                )

    def try_together(self, mutants: list[Mutant]) -> None:
        def job(shop: Workshop) -> None:
            for mutant in shop.build(mutants):
                self.note(mutant, UNBUILT)
            for number, mutant in shop.numbers.items():
                if self.over():
                    return
                self.note(mutant, shop.killer_of(number))

        if not self.over():
            self.with_shop(job)

    def try_alone(self, mutant: Mutant) -> None:
        if not self.over():
            self.with_shop(lambda shop: self.note(mutant, try_alone(shop.folder, mutant)))


def campaign(
    count: int | None,
    seed: int = SEED,
    workers: int = WORKERS,
    minutes: float | None = None,
    *,
    again: bool = False,
) -> Result:
    """Try `count` mutants, or all. After `minutes` no other is begun, and the result is of those tried.

    `again` tries survivors once more that have no reason. Raises VerifyError where a tool fails.
    """
    folder = ROOT / ".build" / "mutation"
    folder.mkdir(parents=True, exist_ok=True)
    codes = code_hashes()
    state = State(folder / "tried.jsonl", codes)
    choice = choose(count, seed, folder, codes)
    reasons = read_reasons() if REASONS.exists() else {}
    mutants = [m for m in choice.changes if m.key not in choice.refused]
    if again:
        known = [m for m in mutants if state.knows(m)]
        state.forget(m for m in known if state.killer(m) is None and m.key not in reasons)
    left = [m for m in mutants if not state.knows(m)]
    progress(f"mutation: {len(mutants)} mutants, {len(mutants) - len(left)} known from before")
    shops = [Workshop(folder / f"copy-{i}", hints=state.hints()) for i in range(workers)]
    ends = float("inf") if minutes is None else time.monotonic() + 60 * minutes
    crew = _Crew(shops, state, len(left), ends)
    with ThreadPoolExecutor(workers) as pool:
        jobs = []
        # In order, so that a run that ends early has tried a beginning.
        size = min(CHUNK, -(-len(left) // workers) or 1)
        for i in range(0, len(left), size):
            chunk = left[i : i + size]
            if inside := [m for m in chunk if m.body is not None]:
                jobs.append(pool.submit(crew.try_together, inside))
            jobs += [pool.submit(crew.try_alone, m) for m in chunk if m.body is None]
        for future in jobs:
            future.result()
    return outcome(choice, state, seed, codes, reasons)


def outcome(
    choice: Choice, state: State, seed: int, codes: Mapping[str, str], reasons: Mapping[str, str]
) -> Result:
    """Count what was tried of the beginning of the order. What was not yet tried is not counted."""
    known = [m for m in choice.changes if m.key not in choice.refused and state.knows(m)]
    unbuilt = [m for m in known if state.killer(m) == UNBUILT]
    tried = [(m, state.killer(m) is not None) for m in known if state.killer(m) != UNBUILT]
    refused = len(choice.refused) + len(unbuilt)
    return summarise(seed, choice.of, codes, (len(choice.changes), refused), tried, reasons)
