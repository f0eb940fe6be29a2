"""How `oracle jury` shows measured jurors and decisions. What models and deliveries said stays one line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from oracle.domain.amounts import format_usdc
from oracle.domain.errors import EarnestError
from oracle.jury.rates import ErrorRate, JurorRates
from oracle.jury.record import Call, JurorRecord, Section, StandingRecord, Step
from oracle.pact.visible import one_line

WIDTH = 40  # characters of a plotted interval, from 0 to 100 %
_COLOURS = {"passed": "green", "failed": "red", "undecided": "yellow", "pass": "green", "fail": "red"}


class PlotError(EarnestError):
    """The plot cannot be drawn."""


def show_rates(console: Console, rates: Sequence[JurorRates], standings: Sequence[StandingRecord]) -> None:
    """The table of error rates with 95 % intervals, the plot, and who qualifies."""
    counts = {standing.juror: standing for standing in standings}
    table = Table(title="Measured error rates (95 % interval); void and undecided count half")
    for heading in ("juror", "good work not passed", "bad work passed", "of adversarial, wrong", "qualifies"):
        table.add_column(heading)
    for row in rates:
        standing = counts.get(row.juror)
        qualifies = standing is not None and standing.counts
        table.add_row(
            row.juror,
            *(_rate(each) for each in (row.good_not_passed, row.bad_passed, row.adversarial)),
            Text("yes", "green") if qualifies else Text("no", "red"),
        )
    console.print(table)
    width = max((len(row.juror) for row in rates), default=0)
    for row in rates:
        for what, rate in (("good not passed", row.good_not_passed), ("bad passed", row.bad_passed)):
            console.print(Text(f"{row.juror:<{width}}  {what:<16}{bar(rate)}"))
    console.print(Text(f"{'':<{width}}  {'':<16}0 %{'':<{WIDTH // 2 - 5}}50 %{'':<{WIDTH // 2 - 5}}100 %"))
    for standing in standings:
        if not standing.counts:
            console.print(Text(f"{standing.juror} does not qualify: {'; '.join(standing.reasons)}", "yellow"))


def _rate(rate: ErrorRate) -> str:
    if not rate.asked:
        return "not asked"
    void = f", {rate.unheard} void" if rate.unheard else ""
    return f"{rate.share:.0%} ({rate.low:.0%} to {rate.high:.0%}) of {rate.asked}{void}"


def bar(rate: ErrorRate) -> str:
    """An interval as text: `|` at a coin's rate, `o` where it was measured."""
    cells = [" "] * (WIDTH + 1)
    for at in range(round(rate.low * WIDTH), round(rate.high * WIDTH) + 1):
        cells[at] = "-"
    cells[WIDTH // 2] = "|"
    cells[round(rate.share * WIDTH)] = "o"
    return "".join(cells)


def plot_rates(path: Path, rates: Sequence[JurorRates]) -> None:
    """The intervals as a picture; the file's ending says of which kind (svg, png, pdf).

    Raises:
        PlotError: matplotlib is not installed, or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PlotError(
            "a picture needs matplotlib, which is not installed",
            field="--plot",
            next_step="install matplotlib, or read the plot printed as text",
        ) from error
    figure = Figure(figsize=(7, 1 + 0.7 * max(1, len(rates))), layout="constrained")
    axes = figure.subplots()
    for offset, name, colour in ((0.15, "good_not_passed", "#1b6ca8"), (-0.15, "bad_passed", "#b8442f")):
        chosen: list[ErrorRate] = [getattr(row, name) for row in rates]
        axes.errorbar(
            [rate.share for rate in chosen],
            [place + offset for place in range(len(chosen))],
            xerr=[[r.share - r.low for r in chosen], [r.high - r.share for r in chosen]],
            fmt="o",
            color=colour,
            label=name.replace("_", " "),
        )
    axes.axvline(0.5, color="grey", linewidth=0.8)
    axes.set(xlim=(0, 1), xlabel="error rate, 95 % interval", ylim=(-0.6, len(rates) - 0.4))
    axes.set_yticks(range(len(rates)), [row.juror for row in rates])
    axes.legend(loc="lower right", frameon=False)
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise PlotError(f"cannot write the plot {path}: {error}", field="--plot") from error


def show_section(console: Console, condition: str, section: Section) -> None:
    """One decision, step by step, in the order in which it was made."""
    console.rule(Text(f"{condition}: {section.outcome}", _COLOURS[section.outcome]))
    console.print(Text(one_line(section.reason)))
    _show_seating(console, section)
    for name, text in section.control_texts.items():
        console.print(Text(f"Control text, {name}: {one_line(text)}", "dim"))
    for facts in section.hidden:
        found = facts.model_dump(exclude={"path"}, exclude_defaults=True)
        console.print(Text(f"Hidden in {one_line(facts.path)}: {one_line(str(found))}", "yellow"))
    for number, record in enumerate(section.jurors, 1):
        _show_juror(console, number, record)
    for number, step in enumerate(section.steps, 1):
        _show_step(console, number, step)
    spent = section.spent
    console.print(Text(f"Spent: {spent.tokens} tokens, {format_usdc(int(spent.money))}.", "dim"))


def _show_seating(console: Console, section: Section) -> None:
    console.print(Text("1. Who may sit", "bold"))
    for standing in section.standings:
        console.print(
            Text(
                f"   {standing.juror}: right on good work {standing.good_rate} (at least "
                f"{standing.good_bound}), on bad work {standing.bad_rate} (at least {standing.bad_bound}): "
                f"{'qualifies' if standing.counts else '; '.join(standing.reasons)}"
            )
        )
    for entry in section.left_out:
        console.print(Text(f"   left out: {entry.juror} ({entry.family}): {one_line(entry.why)}"))
    console.print(Text(f"2. Drawn, in this order: {', '.join(section.order) or 'nobody'}", "bold"))


def _show_juror(console: Console, number: int, record: JurorRecord) -> None:
    title = f"3.{number} {record.juror} ({record.model} at {record.provider}), template {record.template}"
    console.print(Text(title, "bold"))
    for call in record.calls:
        console.print(Text(f"   {call.purpose}: {_said(call)}"))
        for attempt in call.attempts[:-1]:
            console.print(Text(f"      earlier attempt: {attempt.outcome}, {one_line(attempt.error or '')}"))
    if record.vote is None:
        console.print(Text(f"   void: {one_line(record.void or '')}", "yellow"))
    else:
        console.print(Text(f"   vote: {record.vote}", _COLOURS.get(record.vote, "yellow")))
    if record.note is not None:
        console.print(Text(f"   {one_line(record.note)}", "yellow"))


def _said(call: Call) -> str:
    last = call.attempts[-1]
    used = f"{last.input_tokens}+{last.output_tokens} tokens, {last.milliseconds / 1000:.1f} s"
    if call.verdict is None:
        return f"{call.outcome}: {one_line(call.why)} ({used})"
    checked = {None: "", True: ", stands in the delivery", False: ", is NOT in the delivery"}
    quote = f"{one_line(call.quote or '')!r}{checked[call.quote_verbatim]}"
    return f"{call.verdict}; quote {quote}; {one_line(call.reason or '')} ({used})"


def _show_step(console: Console, number: int, step: Step) -> None:
    weights = ", ".join(f"{juror} {weight}" for juror, weight in step.weights.items()) or "none"
    console.print(Text(f"4.{number} Heard: {', '.join(step.heard) or 'nobody'}", "bold"))
    console.print(
        Text(
            f"   weights: {weights}; evidence {step.evidence}, certainty of pass {step.certainty} "
            f"(Pass from {step.pass_from}, Fail up to {step.fail_up_to}), risk of stopping {step.risk}"
        )
    )
    console.print(Text(f"   {one_line(step.reason)}"))
