"""`make demo`; JURY=none leaves the model out, SERVE=1 keeps its API up."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from oracle.domain.errors import EarnestError
from oracle.domain.job import JobView
from oracle.domain.types import Hash, Outcome, State
from oracle.evaluation.record import parse_record
from oracle.evidence.store import ContentStore, DirectoryLocation
from oracle.pact.methodology import Methodology
from scripts.demo import daemon, parties, show, tab
from scripts.demo.daemon import Site
from scripts.demo.incidents import show_incidents
from scripts.demo.juror import prepare_jury
from scripts.demo.ledger import Account, accounts, every_unit
from scripts.demo.parties import Deal
from scripts.demo.plan import PLANS
from scripts.demo.town import ROOT, DemoError, Town, deploy_with_ape, found
from scripts.demo.trust import show_scores
from scripts.local.anvil import Anvil, anvil
from scripts.local.market import ACCOUNTS

FOLDER = ROOT / ".demo"
BLOCK_SECONDS = 2
KILLED = 2  # which evaluator dies in the middle
_KILLED_AFTER = 3  # once so many jobs are judged
_POLL = 0.5  # seconds between looks
_PATIENCE = 420  # seconds until the demo gives up


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--picture", type=click.Path(dir_okay=False, path_type=Path), help="Draw the demo's end as SVG."
)
def main(picture: Path | None) -> None:
    """Run the main job on a local chain. The environment's JURY=none leaves the model out.

    Exits 0 only if every job ended as it must and every unit is accounted for.
    """
    wants_jury = os.environ.get("JURY", "local") != "none"
    console = Console(width=None if sys.stdout.isatty() else 200)
    started = time.monotonic()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    try:
        with anvil(accounts=ACCOUNTS, log=FOLDER / "anvil.log") as chain:
            problems = _run(console, chain, wants_jury=wants_jury, picture=picture)
    except EarnestError as error:
        show.say(console, f"[red]The demo stopped:[/] {error.message}. {error.next_step or ''}")
        sys.exit(1)
    show.say(console, f"{time.monotonic() - started:.0f} seconds.")
    for problem in problems:
        show.say(console, f"[red]Not as it must be:[/] {problem}")
    if not problems:
        show.say(console, "[green]Every job ended as it must, and every unit of USDC is accounted for.[/]")
    sys.exit(1 if problems else 0)


def _run(console: Console, chain: Anvil, *, wants_jury: bool, picture: Path | None) -> list[str]:
    methodology = Methodology.parse((ROOT / "examples/methodology/demo.json").read_bytes())
    jury = prepare_jury(console, methodology, FOLDER) if wants_jury else None
    show.say(console, "Deploying Circle's USDC and the escrow with Ape …")
    record = deploy_with_ape(chain, FOLDER)
    record = tab.deploy(chain, FOLDER)
    show.say(console, f"  USDC {record.usdc.address}, escrow {record.escrow.address}")
    show.say(console, "Three committees put their stake in; agents and buyer their collateral …")
    town = found(chain, record, methodology)
    tab.agree_to_book(town, record)
    handover = FOLDER / "handover"
    errand = tab.run_errand(console, town, ContentStore(handover), FOLDER)
    _begin_blocks(town)

    sites = daemon.configure(
        town, chain, FOLDER, handover, jury=None if jury is None else jury.providers,
        calibrations=FOLDER if jury is None else jury.calibrations,
    )  # fmt: skip
    store = daemon.evidence_of(sites, handover)
    show.say(
        console,
        f"{len(sites)} evaluators, each a process with its own key, database and evidence; 2 of them make a "
        "verdict …",
    )
    with daemon.running(sites):
        show.say(console, f"Watch it in a browser: {sites[daemon.SERVING].url}/live")
        tab.settle_errand(town, errand, ContentStore(handover))
        # Last, because the limits of the agreements are short.
        deals = parties.prepare(town, parties.relabelled(PLANS, jury=wants_jury), store)
        show.say(console, f"{len(deals)} jobs, each opened by the buyer's one signature; blocks every 2 s:")
        parties.open_all(town, deals)
        parties.deliver_all(town, deals)
        _follow(console, town, deals, store, sites)
        of_tab = tab.conclude(console, town, errand, store)
        problems = _conclude(console, town, deals, sites, picture)
        problems += show_incidents(console, town, deals, sites)
        show_scores(console, town, sites, jobs=len(deals))
    return [*problems, *of_tab]


def _begin_blocks(town: Town) -> None:
    """From here on a block every two seconds, two seconds after the one before, as on Base."""
    rpc = town.market.rpc
    rpc.call("evm_setAutomine", [False], retry=False)
    rpc.call("anvil_setBlockTimestampInterval", [BLOCK_SECONDS], retry=False)
    rpc.call("evm_setIntervalMining", [BLOCK_SECONDS], retry=False)
    rpc.call("evm_mine", [], retry=False)  # the limits in the agreements start from this block's time


def _follow(console: Console, town: Town, deals: list[Deal], store: ContentStore, sites: list[Site]) -> None:
    """Say what moves until all is closed; act for the careless committee, the buyer and the arbiter.

    In the middle, when the first verdict is there and others are not, one evaluator is killed.
    """
    shown: dict[Hash, str] = {}
    begun = time.monotonic()
    wrong = next(deal for deal in deals if deal.plan.wrong)
    parties.judge_without_looking(town, wrong)
    found_out: Outcome | None = None
    while True:
        for site in sites:
            if site.process is not None and (code := site.process.poll()) is not None:
                log = f".demo/evaluator-{site.index}/daemon.log"
                raise DemoError(f"evaluator {site.index} ended with code {code}; see {log}")
        views = dict(
            zip((d.job for d in deals), town.market.escrow.job_states([d.job for d in deals]), strict=True)
        )
        for deal in deals:
            state = show.describe(views[deal.job])
            if shown.get(deal.job) != state:
                shown[deal.job] = state
                at = time.monotonic() - begun
                show.say(console, f"  [dim]{at:5.1f} s[/]  {deal.plan.name:30} {state}")
        if all(view.state is State.CLOSED for view in views.values()):
            return
        _kill_one(console, sites[KILLED], [views[deal.job] for deal in deals], time.monotonic() - begun)
        found_out = _contest(console, town, wrong, views[wrong.job], store, found_out)
        if time.monotonic() - begun > _PATIENCE:
            late = [d.plan.name for d in deals if views[d.job].state is not State.CLOSED]
            raise DemoError(
                f"still open after {_PATIENCE} s: {', '.join(late)}; see .demo/evaluator-*/daemon.log"
            )
        time.sleep(_POLL)


def _kill_one(console: Console, site: Site, views: list[JobView], at: float) -> None:
    """`kill -9` one evaluator once a first verdict stands and others are still to come."""
    judged = sum(view.state is not State.OPEN for view in views)
    if site.process is None or judged < _KILLED_AFTER:
        return
    site.kill()
    show.say(
        console,
        f"  [dim]{at:5.1f} s[/]  [red]evaluator {site.index} is killed (kill -9)[/]; "
        f"{len(views) - judged} jobs are still without a verdict",
    )


def _contest(
    console: Console, town: Town, deal: Deal, view: JobView, store: ContentStore, found_out: Outcome | None
) -> Outcome | None:
    """The buyer looks again and disputes; the arbiter rules by what the evidence shows."""
    if view.state is State.JUDGED and found_out is None:
        result = parties.look_again(town, deal, store)
        show.say(
            console, f"           the buyer evaluates for itself: {result.outcome.word} ({result.reason})"
        )
        parties.dispute(town, deal, result.outcome)
        return result.outcome
    if view.state is State.DISPUTED and found_out is not None:
        parties.rule(town, deal, found_out)
    return found_out


def _conclude(
    console: Console,
    town: Town,
    deals: list[Deal],
    sites: list[Site],
    picture: Path | None,
) -> list[str]:
    ledger = accounts(town, deals)
    console.print()
    jobs = show.job_table(deals, ledger)
    console.print(jobs)
    show.say(
        console,
        f"Amounts in USDC. Gas at {show.GWEI} gwei and {show.USD_PER_ETH} USD per ETH, without the L1 fee.",
    )
    _show_evidence(console, deals, ledger, sites)
    units = every_unit(town)
    accounted = show.units_table(units)
    console.print(accounted)
    if picture is not None:
        show.draw(picture, [jobs, accounted])
    problems = [
        f"{deal.plan.name} ended as {ledger[deal.job].outcome.word}"
        for deal in deals
        if ledger[deal.job].outcome not in deal.plan.ends
    ]
    problems += [
        f"{deal.plan.name}: {ledger[deal.job].difference} units of its money are unaccounted for"
        for deal in deals
        if ledger[deal.job].difference
    ]
    wrong = next(deal for deal in deals if deal.plan.wrong)
    if not ledger[wrong.job].slashed:
        problems.append(f"{wrong.plan.name}: its signers were not slashed")
    if sites[KILLED].process is not None:
        problems.append("no evaluator was killed in the middle")
    if units[-1][1]:
        problems.append(f"{units[-1][1]} units of USDC are unaccounted for")
    return problems


def _show_evidence(
    console: Console, deals: list[Deal], ledger: dict[Hash, Account], sites: list[Site]
) -> None:
    show.say(console, "\nWhat the verdicts rest on; read one with: .venv/bin/oracle evidence show PATH")
    for deal in deals:
        path = _evidence_path(sites, ledger[deal.job])
        if path is not None:
            show.say(console, f"  [bold]{deal.plan.name}[/]")
            for line in show.evidence_lines(parse_record(path.read_bytes()), path.relative_to(ROOT)):
                show.say(console, f"    {escape(line)}")
    console.print()


def _evidence_path(sites: list[Site], account: Account) -> Path | None:
    for digest in account.evidence:
        for site in sites:
            path = DirectoryLocation(site.evidence).path(digest)
            if path.is_file():
                return path
    return None


if __name__ == "__main__":
    main()
