"""What people see: jobs as they move, the table at the end, and where every unit of USDC lies."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.table import Table

from oracle.domain.job import JobView
from oracle.domain.types import Basis, Ending, Hash, Outcome, State
from oracle.evaluation.record import EvaluationRecord
from scripts.demo.ledger import Account
from scripts.demo.parties import Deal
from scripts.demo.plan import UNIT

GWEI = 0.01  # gas price on Base, in gwei, for the cost in USD
USD_PER_ETH = 3_000
_PICTURE_WIDTH = 154  # characters

_ENDINGS = {
    Ending.SETTLED: "settled",
    Ending.RULED: "ruled by the arbiter",
    Ending.RULING_OVER: "arbiter silent",
    Ending.CONCEDED: "conceded",
    Ending.AGREED: "agreed",
}


def amount(units: int) -> str:
    """Base units as USDC with two digits; finer amounts with six."""
    digits = 2 if units % 10_000 == 0 else 6
    return f"{units / UNIT:,.{digits}f}" if units else "-"


def describe(view: JobView) -> str:
    """A job's state in a few words."""
    if view.state is State.OPEN:
        return "delivered" if view.delivered else "open"
    if view.state is State.JUDGED:
        why = {Basis.VERDICT: "judged", Basis.NO_SHOW: "no show", Basis.SILENCE: "silence"}[view.basis]
        return f"{why}: {view.outcome.word}, may be disputed"
    if view.state is State.DISPUTED:
        return f"disputed: {view.sought.word} is sought instead of {view.outcome.word}"
    return f"closed: {view.outcome.word}" if view.state is State.CLOSED else "not yet open"


def job_table(deals: list[Deal], ledger: dict[Hash, Account]) -> Table:
    """Every job with its outcome, money and gas."""
    table = Table(title="Jobs", show_lines=False, title_justify="left")
    table.add_column("job")
    table.add_column("outcome")
    for column in ("buyer in", "out", "agent in", "out", "fees", "slashed", "arbiter", "gas", "USD"):
        table.add_column(column, justify="right")
    for deal in deals:
        account = ledger[deal.job]
        how = _ENDINGS[account.how] if account.how is not None else "not closed"
        colour = {Outcome.PASS: "green", Outcome.FAIL: "red"}.get(account.outcome, "yellow")
        table.add_row(
            deal.plan.name,
            f"[{colour}]{account.outcome.word}[/], {how}",
            amount(account.buyer_in),
            amount(account.buyer_out),
            amount(account.provider_in),
            amount(account.provider_out),
            amount(account.evaluators_out),
            amount(account.slashed),
            amount(account.arbiter_out),
            f"{account.gas:,}",
            f"{account.gas * GWEI * 1e-9 * USD_PER_ETH:.4f}",
        )
    return table


def evidence_lines(record: EvaluationRecord, path: Path) -> list[str]:
    """Why a record's outcome is what it is, down to the conditions nobody could decide; then its path."""
    lines = [record.aggregation.reason]
    undecided = set(record.aggregation.critical_undecided)
    lines += [f"{entry.id}: {entry.reason}" for entry in record.conditions if entry.id in undecided]
    return [*lines, str(path)]


def units_table(rows: list[tuple[str, int]]) -> Table:
    """Where every unit lies."""
    table = Table(title="Every unit of USDC", show_header=False, title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    for name, units in rows:
        table.add_row(name, f"{units / UNIT:,.6f}")
    return table


def draw(path: Path, tables: list[Table]) -> None:
    """Write the tables as an SVG image that fetches no font from anywhere."""
    recorder = Console(record=True, width=_PICTURE_WIDTH, file=io.StringIO())
    for table in tables:
        recorder.print(table)
    template = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    recorder.save_svg(str(path), title="make demo", code_format=template, unique_id="demo")


def say(console: Console, text: str) -> None:
    """One line of the story."""
    console.print(text, highlight=False, soft_wrap=True)
