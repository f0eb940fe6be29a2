"""The checker: reads chain, databases and wires when all is over, and counts what must never be.

It knows PROTOCOL.md's payout table (`table.py`) and the driver's jobs, and believes no daemon.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from typing import Any

from oracle.domain.events import (
    ArbiterPaid,
    EscrowEvent,
    Expelled,
    FeesDrawn,
    FeesEarned,
    JobClosed,
    Judged,
    Slashed,
    UpFrontPaid,
)
from oracle.domain.types import Ending, Hash, Outcome, members_of
from oracle.evidence.errors import EvidenceError
from oracle.evidence.store import ContentStore
from scripts.chaos.books import Books
from scripts.chaos.jobs import Job
from scripts.chaos.plan import Course, Delivery
from scripts.chaos.table import Row, row
from scripts.chaos.transactions import Seen, Signed, read_call
from scripts.chaos.world import World

MAX_RECORD = 16_777_216  # bytes of a record


@dataclass
class Findings:
    """What must never be, in words. Each list's length is a number of the last line."""

    wrong_outcomes: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    double_posts: list[str] = field(default_factory=list)
    conflicting_signatures: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many of each."""
        return {item.name: len(getattr(self, item.name)) for item in fields(self)}

    def clean(self) -> bool:
        """Whether there is nothing."""
        return not any(self.counts().values())

    def lines(self) -> list[str]:
        """All of it, one a line."""
        return [f"{item.name}: {text}" for item in fields(self) for text in getattr(self, item.name)]


def check(world: World, books: list[Books], sent: list[Seen], *, stolen: Collection[Hash] = ()) -> Findings:
    """Look at everything.

    Args:
        books: What each honest evaluator's database holds.
        sent: Every transaction that went over an evaluator's wire to the node.
        stolen: Evidence hashes of attestations with honest evaluators' keys that were not theirs.
    """
    found = Findings()
    events = [item.event for item in world.market.escrow.search(0, world.node.block_number())]
    by_job: dict[Hash, list[Any]] = defaultdict(list)
    for event in events:
        by_job[str(getattr(event, "job", None) or getattr(event, "subject", ""))].append(event)
    for job in world.jobs:
        check_job(found, job, by_job[job.job], world, books, stolen)
    _check_money(found, world, events)
    _check_evaluations(found, world, books, stolen)
    _check_posts(found, world, books, sent)
    _check_ends(found, world, books)
    return found


def _expected(job: Job) -> Row:
    plan = job.plan
    return row(plan.delivery, plan.course, plan.gated, plan.bond, plan.fee)


def check_job(
    found: Findings,
    job: Job,
    events: list[Any],
    world: World,
    books: list[Books],
    stolen: Collection[Hash],
) -> None:
    """Outcome, money and evidence of one job."""
    name, expected = f"job {job.plan.number} {job.job[:10]}", _expected(job)
    verdicts = [event for event in events if isinstance(event, Judged)]
    if len(verdicts) > 1:
        found.double_posts.append(f"{name} was judged {len(verdicts)} times")
    if job.plan.delivery is not Delivery.NONE and not verdicts and not _gave_in(job, events):
        found.lost.append(f"{name} was delivered and never judged")
    for verdict in verdicts:
        if verdict.outcome is not job.right:
            found.wrong_outcomes.append(
                f"{name} was judged {verdict.outcome.word}; right is {job.right.word}"
            )
        _check_evidence(found, name, job, verdict, world, books, stolen)
    closings = [event for event in events if isinstance(event, JobClosed)]
    if len(closings) != 1:
        found.lost.append(f"{name} was closed {len(closings)} times")
        found.stuck.append(f"{name} is {job.view.state.word if job.view else 'unknown'} to the end")
        return
    closed = closings[0]
    if closed.outcome is not expected.outcome:
        found.wrong_outcomes.append(f"{name} closed {closed.outcome.word}, not {expected.outcome.word}")
    arbiter = sum(event.amount for event in events if isinstance(event, ArbiterPaid))
    taken = sum(event.each * len(members_of(event.slashed)) for event in events if isinstance(event, Slashed))
    up_front = sum(event.amount for event in events if isinstance(event, UpFrontPaid))
    got = Row(
        expected.outcome, closed.to_buyer, closed.to_provider, closed.to_evaluators, arbiter,
        expected.deposit, taken,
    )  # fmt: skip
    if got != expected or up_front != job.plan.up_front:
        found.lost.append(
            f"{name} ({job.plan.delivery}, {job.plan.course}) paid {got}; the table: {expected}"
        )


def _gave_in(job: Job, events: list[Any]) -> bool:
    """Whether the losing side conceded before any verdict that stayed: its concession outlived a reorg.

    In Open either side may concede, and the table gives the same for it.
    """
    endings = [event.how for event in events if isinstance(event, JobClosed)]
    return job.plan.course is Course.CONCEDED and endings == [Ending.CONCEDED]


def _check_evidence(
    found: Findings,
    name: str,
    job: Job,
    verdict: Judged,
    world: World,
    books: list[Books],
    stolen: Collection[Hash],
) -> None:
    """Every honest signer must still hold the record its signature names, and the evaluation it came from."""
    for index, evidence in zip(members_of(verdict.signers), verdict.evidence, strict=True):
        if index >= len(books) or evidence in stolen:
            continue
        store = ContentStore(world.sites[index].folder / "evidence")
        try:
            record = store.get(evidence, max_bytes=MAX_RECORD)
        except EvidenceError as error:
            found.lost.append(f"{name}: evaluator {index} lacks its evidence: {error.message}")
            continue
        if job.job.encode("ascii") not in record:
            found.lost.append(f"{name}: the evidence of evaluator {index} is about something else")
        if (job.job, job.deliverable) not in books[index].evaluations:
            found.lost.append(f"{name}: evaluator {index} signed and has no evaluation of it")


def _check_money(found: Findings, world: World, events: list[EscrowEvent]) -> None:
    """Wallets and collateral of the parties, and the escrow's own balance, to the unit."""
    changes: Counter[str] = Counter()
    buyer, provider, arbiter = (actor.address for actor in world.parties.all())
    for job in world.jobs:
        expected, plan = _expected(job), job.plan
        disputant = buyer if job.right is Outcome.PASS else provider
        changes[buyer] += expected.buyer - plan.gated - plan.up_front - plan.fee
        changes[provider] += expected.provider + plan.up_front - plan.bond
        changes[arbiter] += expected.arbiter
        changes[disputant] -= expected.deposit
    # What an expelled evaluator paid to the parties comes on top; rule 8: half of the share to the two.
    bonus = sum(event.share for event in events if isinstance(event, Expelled))
    for name, address in (("buyer", buyer), ("provider", provider), ("arbiter", arbiter)):
        extra = world.wealth(address) - world.begun_with[address] - changes[address]
        if extra and not (name != "arbiter" and 0 < extra <= bonus):
            found.lost.append(f"the {name} has {extra:+} base units against the table")
    market, escrow = world.market, world.market.escrow
    accounts = {buyer, provider, arbiter, market.relayer.address.lower(), market.deployer.address.lower()}
    accounts |= {item.account.address.lower() for item in market.evaluators}
    accounts |= {site.sender for site in world.sites}
    stakes = sum(item.stake for item in escrow.evaluators(market.committee_id, len(market.evaluators)))
    earned = sum(event.amount for event in events if isinstance(event, FeesEarned))
    earned += sum(event.to_evaluators for event in events if isinstance(event, JobClosed))
    drawn = sum(
        event.each * len(members_of(event.evaluator_set)) for event in events if isinstance(event, FeesDrawn)
    )
    owes = sum(escrow.collateral_of(account) for account in accounts) + stakes + earned - drawn
    holds = world.wealth(escrow.address)
    if owes != holds:
        found.lost.append(f"the escrow holds {holds} base units and owes {owes}")


def _check_evaluations(found: Findings, world: World, books: list[Books], stolen: Collection[Hash]) -> None:
    """What honest evaluators concluded and signed: right, and never two things about one delivery."""
    known = {(job.job, job.deliverable): job for job in world.jobs}
    said: dict[tuple[str, Hash, Hash], set[tuple[Outcome, int, Hash]]] = defaultdict(set)
    unwritten: set[tuple[str, Hash, Hash]] = set()
    honest = {world.market.evaluators[site.index].key.address.lower(): site.index for site in world.sites}
    for book in books:
        for (job, deliverable), outcome in book.evaluations.items():
            right = known.get((job, deliverable))
            if right is None or outcome is not right.right:
                found.wrong_outcomes.append(
                    f"evaluator {book.index} evaluated {job[:10]} as {outcome.word}, "
                    f"right is {right.right.word if right else 'nothing: nobody delivered this'}"
                )
        for signer in book.contradicted & honest.keys():
            found.conflicting_signatures.append(
                f"evaluator {book.index} holds a proof against the honest evaluator {honest[signer]}"
            )
    for signed in everything_signed(world, books):
        item = signed.attestation
        if signed.signer in honest and item.evidence not in stolen:
            key = (signed.signer, item.subject, item.deliverable)
            said[key].add((item.outcome, item.payable, item.evidence))
            if (signed.signer, item) not in books[honest[signed.signer]].journal:
                unwritten.add(key)
    found.conflicting_signatures += [
        # Nothing would have kept it from signing something else.
        f"evaluator {honest[signer]} signed for {subject[:10]} what its journal does not hold"
        for signer, subject, _deliverable in sorted(unwritten)
    ]
    for (signer, subject, deliverable), things in said.items():
        who = f"evaluator {honest[signer]} about {subject[:10]}"
        if len(things) > 1:
            found.conflicting_signatures.append(f"{who} signed {len(things)} different attestations")
        right = known.get((subject, deliverable))
        if any(right is None or outcome is not right.right for outcome, _payable, _evidence in things):
            found.wrong_outcomes.append(f"{who} signed {sorted(item[0].word for item in things)}")


def everything_signed(world: World, books: list[Books]) -> list[Signed]:
    """Every attestation anywhere: in databases, journals, between evaluators, on the way to the chain."""
    found = [item for book in books for item in book.signed]
    for site in world.sites:
        found += site.overheard
    return found


def _check_posts(found: Findings, world: World, books: list[Books], sent: list[Seen]) -> None:
    """One transaction mined for one purpose by one evaluator; and none sent that was not stored."""
    senders = {site.sender: site.index for site in world.sites}
    mined: dict[tuple[str, str, Hash], list[bool]] = defaultdict(list)
    for number in range(world.node.block_number() + 1):
        block = world.blocks.call("eth_getBlockByNumber", hex(number), True)
        for item in block["transactions"]:
            sender = item["from"].lower()
            if sender not in senders:
                continue
            function, job, _signed = read_call(bytes.fromhex(item["input"][2:]), world.market.escrow.domain)
            if job is not None:
                receipt = world.blocks.call("eth_getTransactionReceipt", item["hash"])
                mined[sender, function, job].append(int(receipt["status"], 16) == 1)
    for (sender, function, job), fates in mined.items():
        # One that failed may be tried again; one that went through may not.
        if True in fates[:-1]:
            found.double_posts.append(
                f"evaluator {senders[sender]} had {len(fates)} transactions mined to {function} {job[:10]}"
            )
    stored = {book.index: book.transactions for book in books}
    for seen in {item.hash: item for item in sent}.values():
        index = senders.get(seen.sender)
        if index is not None and seen.hash not in stored[index]:
            found.double_posts.append(
                f"evaluator {index} sent {seen.function or 'a no-op'} {seen.hash[:10]} and has not stored it"
            )


def _check_ends(found: Findings, world: World, books: list[Books]) -> None:
    """Nothing of the evaluators' may be under way any more."""
    for book, site in zip(books, world.sites, strict=True):
        found.stuck += [f"evaluator {book.index}: {text}" for text in book.unfinished]
        nonce = world.node.nonce(site.sender, "latest")
        waiting = world.blocks.waiting(site.sender)
        if waiting:
            found.stuck.append(f"evaluator {book.index} has {len(waiting)} transactions in the pool")
        if book.next_nonce not in (None, nonce):
            found.stuck.append(
                f"evaluator {book.index} goes on at nonce {book.next_nonce}; the chain is at {nonce}"
            )
