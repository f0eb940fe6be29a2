"""The demo's tab: an agent answers 10,000 calls for half a cent each, two in a hundred of them wrong."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from oracle.chain import calls
from oracle.domain.amounts import format_usdc
from oracle.domain.tab_events import PeriodJudged, PeriodSettled
from oracle.domain.types import Outcome
from oracle.evaluation.tab_record import MAX_TAB_RECORD_BYTES, TabRecord, parse_tab_record
from oracle.evaluation.verify_tab import verify_period
from oracle.evidence.store import ContentStore
from oracle.pact.document import Pact
from oracle.tabs.exchange import Request, Response
from oracle.tabs.export import exports_in
from scripts.demo import show
from scripts.demo.plan import UNIT, Bench
from scripts.demo.town import ROOT, DemoError, Town, ape_environment
from scripts.deployment.record import DeploymentRecord
from scripts.local.anvil import Anvil
from scripts.local.tabs import OpenTab, ServedTab, hand_over, open_tab, present, serve, tab_terms, tabs_of

CALLS = 10_000
PRICE = 5_000  # base units a call: half a cent
WRONG_EVERY = 50  # two in a hundred
_JSON = (("content-type", "application/json"),)
_PATIENCE = 180  # seconds until the period must be settled


@dataclass(frozen=True, slots=True)
class Errand:
    """The tab, and what was served on it."""

    opened: OpenTab
    served: ServedTab
    seconds: float
    """How long serving took."""


def deploy(chain: Anvil, folder: Path) -> DeploymentRecord:
    """`ape run deploy_companion tabs`, as on any other chain.

    Raises:
        DemoError: it failed; says what it printed.
    """
    ape = Path(sys.executable).parent / "ape"
    command = [str(ape), "run", "deploy_companion", "tabs", "--network", "ethereum:local:foundry"]
    done = subprocess.run(
        [*command, "--output", str(folder)],
        cwd=ROOT,
        env=ape_environment(chain),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise DemoError(f"`ape run deploy_companion tabs` failed:\n{done.stdout}{done.stderr}")
    return DeploymentRecord.model_validate_json((folder / "31337.json").read_bytes())


def agree_to_book(town: Town, record: DeploymentRecord) -> None:
    """The diligent evaluators let the book of tabs reserve and slash their stake."""
    market = town.market
    addresses = {each.contract: each.address.lower() for each in record.companions}
    market.tabs, market.handover = addresses["Tabs"], addresses["Handover"]
    for index, member in enumerate(town.evaluators[Bench.DILIGENT]):
        market.send(member.account, calls.consent(town.committees[Bench.DILIGENT], index, market.tabs))


def exchanges() -> Iterator[tuple[bytes, bytes]]:
    """Question and answer of each call; every fiftieth sum is wrong."""
    for number in range(CALLS):
        a, b = number, 7 * number + 3
        total = a + b + (number % WRONG_EVERY == WRONG_EVERY - 1)
        request = Request("POST", "/add", _JSON, b'{"a":%d,"b":%d}' % (a, b))
        yield request.encode(), Response(200, _JSON, b'{"total":%d}' % total).encode()


def run_errand(console: Console, town: Town, store: ContentStore, folder: Path) -> Errand:
    """Open the tab and serve all calls on it: both sides sign each one, and the provider logs it."""
    pact = Pact.parse((ROOT / "examples/tab/pact.json").read_bytes())
    store.put(pact.canonical())
    store.put(town.methodology.canonical())
    opened = open_tab(
        town.market,
        tab_terms(town.market, pact=pact.hash(), ceiling=PRICE, deposit=CALLS * PRICE + 10 * UNIT),
    )
    begun = time.monotonic()
    served = serve(town.market, opened, exchanges(), PRICE, folder / "tab.sqlite3")
    seconds = time.monotonic() - begun
    show.say(
        console,
        f"An agent serves {CALLS:,} calls on a tab for {format_usdc(PRICE * CALLS)}, "
        f"{CALLS // WRONG_EVERY} of them wrong: {CALLS / seconds:,.0f} a second, every one signed by both …",
    )
    return Errand(opened, served, seconds)


def settle_errand(town: Town, errand: Errand, store: ContentStore) -> None:
    """Hand the export over, then present the period: what comes later does not count for the draw."""
    hand_over(town.market, errand.opened, errand.served, store)
    present(town.market, errand.opened, errand.served)


def conclude(console: Console, town: Town, errand: Errand, evidence: ContentStore) -> list[str]:
    """Wait until the period is paid, show what was withheld, and go through its record again.

    Returns:
        What is not as it must be.

    Raises:
        DemoError: it was not settled in time.
    """
    judged, settled = _ending(town, errand)
    record = parse_tab_record(evidence.get(judged.evidence[0], max_bytes=MAX_TAB_RECORD_BYTES))
    for line in _lines(record, settled):
        show.say(console, line)
    found = verify_period(
        record.canonical(),
        evidence,
        exports_in(evidence),
        subject=record.subject,
    )
    problems = [f"the tab's record does not hold: {each}" for each in found.differences]
    if settled.outcome is not Outcome.PASS or settled.paid != int(record.estimate.payable):
        problems.append(f"the tab's period ended as {settled.outcome.word}, paid {settled.paid}")
    bad = CALLS // WRONG_EVERY * PRICE
    if not int(record.estimate.low) <= bad <= int(record.estimate.high):
        show.say(console, f"  (this draw is one of the few whose interval misses {format_usdc(bad)})")
    return problems


def _ending(town: Town, errand: Errand) -> tuple[PeriodJudged, PeriodSettled]:
    tabs, end = tabs_of(town.market), time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        found = [each.event for each in tabs.events(0, town.market.rpc.block_number(), tab=errand.opened.tab)]
        settled = next((each for each in found if isinstance(each, PeriodSettled)), None)
        judged = next((each for each in found if isinstance(each, PeriodJudged)), None)
        if settled is not None and judged is not None:
            return judged, settled
        if settled is not None:
            raise DemoError(f"the tab's period ended as {settled.outcome.word}, judged by nobody")
        time.sleep(0.5)
    raise DemoError(f"the tab's period is not settled after {_PATIENCE} s; see .demo/evaluator-*/daemon.log")


def _lines(record: TabRecord, settled: PeriodSettled) -> Iterator[str]:
    found, intake = record.estimate, record.intake
    reasons = ", ".join(record.size.reasons)
    yield "\n[bold]The tab[/]"
    yield (
        f"  {intake.interactions:,} calls presented for {format_usdc(int(found.presented))}; "
        f"{found.drawn} drawn ({reasons}), {found.drawn_failed} of them failed"
    )
    low, high = format_usdc(int(found.low)), format_usdc(int(found.high))
    truth = format_usdc(CALLS // WRONG_EVERY * PRICE)
    yield (
        f"  withheld {format_usdc(int(found.withheld))} (each bound at 95 %: {low} to {high}; really bad: "
        f"{truth}), paid {format_usdc(settled.paid)}: {settled.outcome.word}"
    )
