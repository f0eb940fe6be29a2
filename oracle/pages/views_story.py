"""What happened to a job: its events in words, and whose money went where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from oracle.decide.jobs import JobRecord
from oracle.domain import events as e
from oracle.domain.amounts import format_usdc
from oracle.domain.terms import Agreement
from oracle.domain.types import Basis, Ending, Hash, Outcome, State, members_of
from oracle.pages.text import Line, View, count
from oracle.store.listing import ListedEvent


class Moment(View):
    """One event of the job's life. `kind` is the event's name; `tone` the outcome it speaks of, if any."""

    time: int | None
    block: int
    transaction: Hash
    title: Line
    told: Line
    kind: str
    tone: str | None


class Purse(View):
    """What one side put in for the job and got out of it. Amounts are base units of USDC."""

    who: str
    put_in: int
    got: int
    said: Line


class Money(View):
    """Everybody's purse. `held` still lies in escrow; `adds_up`: what came in went out, to the unit."""

    purses: tuple[Purse, ...]
    put_in: int
    got: int
    held: int
    adds_up: bool


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it was read, with the time of its block."""

    event: e.EscrowEvent
    listed: ListedEvent
    time: int | None


def timeline(told: Iterable[Told], agreement: Agreement) -> tuple[Moment, ...]:
    """Events in words, in the order they are given."""
    return tuple(_moment(one, agreement) for one in told)


def _moment(one: Told, agreement: Agreement) -> Moment:
    title, said, tone = _words(one.event, agreement)
    return Moment(
        time=one.time,
        block=one.listed.block,
        transaction=one.listed.tx_hash,
        title=title,
        told=said,
        kind=one.listed.name,
        tone=None if tone is None or not tone else tone.word,
    )


def _words(event: e.EscrowEvent, agreement: Agreement) -> tuple[str, str, Outcome | None]:
    terms = agreement.terms
    match event:
        case e.JobOpened():
            paid = f"The buyer paid {format_usdc(agreement.pays_in)} into escrow"
            return "Opened", f"{paid}; the provider put {format_usdc(terms.bond)} beside it as bond.", None
        case e.UpFrontPaid():
            where = "" if event.paid else ", as collateral: its wallet could not be paid"
            return "Paid up front", f"{format_usdc(event.amount)} went to the provider{where}.", None
        case e.Delivered():
            return "Delivered", "The provider anchored the hash of its delivery.", None
        case e.AttestationsPosted():
            members = count(len(members_of(event.signers)), "evaluator")
            return (
                "Attestations posted",
                f"{members} attested {event.outcome.word}, short of a verdict.",
                None,
            )
        case e.Judged():
            members = count(len(members_of(event.signers)), "evaluator")
            return f"Judged {event.outcome.word}", f"{members} signed the verdict.", event.outcome
        case e.Lapsed():
            return _lapsed(event)
        case e.Disputed():
            who = "buyer" if event.party == terms.buyer else "provider"
            said = f"The {who} put down {format_usdc(event.deposit)} and seeks {event.sought.word}."
            return f"Disputed by the {who}", said, None
        case e.JobClosed():
            return _closed(event)
        case e.ArbiterPaid():
            return "Arbiter paid", f"{format_usdc(event.amount)} out of the deposit, whatever it ruled.", None
        case e.Slashed():
            members = count(len(members_of(event.slashed)), "evaluator")
            return "Evaluators slashed", f"{members} lost {format_usdc(event.each)} each.", None
        case _:
            return type(event).__name__, "", None


def _lapsed(event: e.Lapsed) -> tuple[str, str, Outcome | None]:
    if event.basis is Basis.SILENCE:
        members = count(len(members_of(event.silent)), "evaluator")
        return "No verdict in time", f"{members} stayed silent; provisionally lapse.", event.outcome
    return (
        "Not delivered in time",
        "Nothing was anchored before the limit; provisionally fail.",
        event.outcome,
    )


_HOW = {
    Ending.SETTLED: "Nobody disputed it in time.",
    Ending.RULED: "The arbiter ruled.",
    Ending.RULING_OVER: "The arbiter was silent, so the provisional outcome stood.",
    Ending.CONCEDED: "One side conceded.",
    Ending.AGREED: "Both sides signed a split.",
}


def _closed(event: e.JobClosed) -> tuple[str, str, Outcome | None]:
    title = f"Closed as {event.outcome.word}" if event.outcome else "Closed by agreement"
    parts = [("the buyer", event.to_buyer), ("the provider", event.to_provider)]
    parts.append(("the evaluators", event.to_evaluators))
    given = ", ".join(f"{who} {format_usdc(amount)}" for who, amount in parts if amount)
    return title, f"{_HOW[event.how]} It gave {given or 'nobody anything'}.", event.outcome


def result_of(record: JobRecord, slashed: Sequence[e.Slashed]) -> str | None:
    """Who got what at the end, in a sentence, but for what went up front; None where it is not over."""
    if record.state is not State.CLOSED:
        return None
    parts = (
        ("the buyer", record.to_buyer),
        ("the provider", record.to_provider),
        ("the evaluators", record.to_evaluators),
        ("the arbiter", record.to_arbiter),
    )
    given = [f"{who} got {format_usdc(amount)}" for who, amount in parts if amount]
    said = ", ".join(given) if given else "nobody got anything"
    taken = sum(len(members_of(one.slashed)) * one.each for one in slashed)
    lost = f" Evaluators lost {format_usdc(taken)} of their stake." if taken else ""
    return f"{said[:1].upper()}{said[1:]}.{lost}"


def money(agreement: Agreement, record: JobRecord, slashed: Sequence[e.Slashed]) -> Money:
    """Whose money came in and went out so far.

    Args:
        slashed: What was taken from evaluators over this job.
    """
    terms, up_front = agreement.terms, agreement.opening.up_front
    deposit = {"buyer": 0, "provider": 0}
    if record.disputant is not None:
        deposit["buyer" if record.disputant == terms.buyer else "provider"] = record.deposit
    taken = sum(len(members_of(one.slashed)) * one.each for one in slashed)
    closed = record.state is State.CLOSED
    purses = (
        Purse(
            who="Buyer",
            put_in=agreement.pays_in + deposit["buyer"],
            got=record.to_buyer,
            said=_and(
                f"price {format_usdc(agreement.price)}, fee {format_usdc(terms.fee)}", deposit["buyer"]
            ),
        ),
        Purse(
            who="Provider",
            put_in=terms.bond + deposit["provider"],
            got=up_front + record.to_provider,
            said=_and(f"bond {format_usdc(terms.bond)}", deposit["provider"]),
        ),
        Purse(
            who="Evaluators", put_in=taken, got=record.to_evaluators, said="slashed stake" if taken else ""
        ),
        Purse(who="Arbiter", put_in=0, got=record.to_arbiter, said=""),
    )
    put_in, got = sum(one.put_in for one in purses), sum(one.got for one in purses)
    return Money(
        purses=purses,
        put_in=put_in,
        got=got,
        held=0 if closed else put_in - got,
        adds_up=closed and put_in == got,
    )


def _and(said: str, deposit: int) -> str:
    return f"{said}, deposit {format_usdc(deposit)}" if deposit else said
