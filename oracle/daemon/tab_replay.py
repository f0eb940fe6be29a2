"""Goes through every decision about a tab's periods again, from what is stored and from the evidence.

As `oracle.daemon.replay` does for jobs, nothing is asked of a chain or a model, and nothing is signed; what
was handed over on chain may be given. The period comes from the events, draw, outcomes of what was drawn,
estimate and what is withheld from the exports, each vote from the record, each call from the votes, each
transaction from its call. What was signed here, and what the chain then held, is compared with that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy.orm import Session

from oracle.daemon.replayed import Replayed, ReplayError, compared, signatures, transaction
from oracle.daemon.tab_past import Past, read_past
from oracle.daemon.tab_replay_calls import call_of
from oracle.daemon.tab_replay_record import Judged, go_through, said, words
from oracle.decide.due import Purpose
from oracle.decide.tabs import HandedOver, ImpossibleTabEventError, Pending
from oracle.domain.canonical import keccak_hex
from oracle.domain.tab import tabs_domain
from oracle.domain.tab_events import PeriodJudged, PeriodLapsed, PeriodRuled
from oracle.domain.tab_terms import tab_id
from oracle.domain.terms import Attestation
from oracle.domain.typed import Domain
from oracle.domain.types import Hash, Outcome, members_of
from oracle.evaluation.tab_intake import OpenExport
from oracle.evidence.store import ContentStore
from oracle.history.tab import PeriodLife
from oracle.store import history, jobs, tabs, work


def replay_tab(
    session: Session,
    store: ContentStore,
    open_export: OpenExport,
    domain: Domain,
    tab: Hash,
    *,
    period: int | None = None,
    handed: tuple[HandedOver, ...] | None = None,
) -> list[Replayed]:
    """Every decision about a tab's periods, gone through again.

    Args:
        store: Has the evidence, the documents it names, the exports and their messages.
        open_export: Opens an export out of that store.
        domain: The escrow's.
        period: Only this one, from 1; None: all, and what was done about the tab itself.
        handed: All that was named on chain for the tab's evaluators (`tab_reader.handed_on_chain`); None: the
            records say which documents were handed over, because the store does not hold those logs.

    Raises:
        ReplayError: the tab, or the period, is not stored.
    """
    listed, contract = tabs.get_tab(session, tab), tabs.followed(session)
    if listed is None or contract is None:
        raise ReplayError(
            f"tab {tab} is not in this store",
            field="job",
            next_step="oracle tab show asks the chain; the daemon may not have read that far",
        )
    try:
        past = replace(read_past(session, listed, contract), handed=handed)
    except ImpossibleTabEventError as error:
        return [Replayed(f"events of tab {tab}", False, "events that were stored", error.message)]
    chosen = [life for life in past.life.periods if period in (None, life.number)]
    if period is not None and not chosen:
        raise ReplayError(
            f"tab {tab} has no period {period}; {len(past.life.periods)} were presented",
            field="--period",
            next_step="name one that was, or none for all",
        )
    steps = [*_terms(domain, past)] if period is None else []
    for life in chosen:
        steps += _period(session, store, open_export, domain, past, life)
    if period is None:
        steps += _strays(session, past)
        steps += _calls(session, domain, past, tab, None)
    return steps


def _terms(domain: Domain, past: Past) -> Iterator[Replayed]:
    """The id from the terms, and the tab's row from its events."""
    listed, book = past.listed, tabs_domain(domain.chain_id, past.contract)
    yield compared("id of the tab from its terms", listed.tab, tab_id(book, listed.agreement))
    opened = past.versions[0]
    yield compared("terms of the tab", listed.agreement.terms, opened.terms)
    yield compared("members of the tab", listed.members, opened.members)


def _period(
    session: Session,
    store: ContentStore,
    open_export: OpenExport,
    domain: Domain,
    past: Past,
    life: PeriodLife,
) -> Iterator[Replayed]:
    """One period, from its tally to its payment."""
    number, pending = life.number, past.pending[life.number]
    deliverable = pending.period.deliverable()
    yield from _tally(past, life, pending)
    judged, steps = go_through(session, store, open_export, domain, past, life)
    yield from steps
    if judged is not None:
        yield from _votes(session, past.listed.tab, deliverable, judged, number)
    yield from signatures(session, domain, past.listed.tab, {deliverable})
    yield from _verdict(session, past, life, deliverable, judged)
    yield from _settlement(life, judged)
    yield from _calls(session, domain, past, deliverable, pending)


def _tally(past: Past, life: PeriodLife, pending: Pending) -> Iterator[Replayed]:
    """What the contract lets be presented, from what was settled before and from the terms."""
    number, period = life.number, pending.period
    numbers = [one.number for one in past.life.periods]
    yield compared(f"number of period {number}", number, numbers.index(number) + 1)
    count, amount = period.count - period.settled_count, period.presented
    most = past.listed.agreement.terms.ceiling * count
    fits = count > 0 and 0 <= amount <= most
    said = f"{count} interactions for {amount} base units"
    allowed = said if fits else f"at least one interaction, for 0 to {max(most, 0)} base units"
    yield compared(f"tally of period {number}", said, allowed)


def _votes(session: Session, tab: Hash, deliverable: Hash, judged: Judged, number: int) -> Iterator[Replayed]:
    """What keys of this process signed, from the record each of them stands behind; and what others said."""
    ours = set()
    for entry in history.journal_of(session, tab):
        vote = entry.attestation
        if vote.deliverable != deliverable:
            continue
        ours.add(entry.signer)
        yield compared(f"vote of {entry.signer} on period {number}", said(vote), judged.said)
        own = keccak_hex(judged.document.model_copy(update={"evaluator": entry.signer}).canonical())
        yield compared(f"evidence that {entry.signer} signed for", vote.evidence, own)
    for item in work.attestations_of(session, [tab]):
        vote = item.attestation
        if vote.deliverable == deliverable and item.signer not in ours and said(vote) != judged.said:
            note = f"it says {said(vote)}; what is recomputed here is {judged.said}"
            yield Replayed(f"vote of evaluator {item.evaluator} on period {number}", True, note=note)


def _verdict(
    session: Session, past: Past, life: PeriodLife, deliverable: Hash, judged: Judged | None
) -> Iterator[Replayed]:
    """What was posted, from the record, and the evidence it names from the votes stored here."""
    number, posted = life.number, life.judged
    if life.lapsed is not None:
        yield Replayed(f"verdict on period {number}", True, note="nobody judged it in time")
    if posted is None:
        return
    if judged is not None:
        yield compared(f"verdict on period {number}", said(posted), judged.said)
    committee = jobs.get_committee(session, past.listed.agreement.terms.committee)
    if committee is not None:
        yield compared(
            f"number of evaluators behind the verdict on period {number}",
            posted.signers.bit_count(),
            committee.threshold,
        )
    votes: dict[int, list[Attestation]] = {}
    for item in work.attestations_of(session, [past.listed.tab]):
        if item.attestation.deliverable == deliverable:
            votes.setdefault(item.evaluator, []).append(item.attestation)
    for index, evidence in zip(members_of(posted.signers), posted.evidence, strict=False):
        what = f"evidence of evaluator {index} behind the verdict on period {number}"
        kept = [(said(vote), vote.evidence) for vote in votes.get(index, ())]
        wanted = (said(posted), evidence)
        if kept:
            yield compared(what, wanted, wanted if wanted in kept else kept[0])
        else:
            yield Replayed(what, True, note="this process never saw its vote")


def _settlement(life: PeriodLife, judged: Judged | None) -> Iterator[Replayed]:
    """What was settled, from what stood then; and what was withheld, from the record."""
    if life.settled is None:
        return
    number, settled = life.number, life.settled
    final: PeriodRuled | PeriodJudged | PeriodLapsed | None = life.ruled or life.judged or life.lapsed
    if final is None:
        yield Replayed(f"settlement of period {number}", False, said(settled), "nobody had decided")
        return
    stood = words(Outcome.LAPSE, 0) if isinstance(final, PeriodLapsed) else said(final)
    yield compared(f"settlement of period {number}", said(settled), stood)
    if settled.paid > settled.payable:
        yield Replayed(
            f"payment for period {number}", False, str(settled.paid), f"at most {settled.payable} base units"
        )
    withheld = life.presented_amount - settled.payable
    what = f"amount withheld from period {number}"
    if judged is None or life.ruled is not None or life.lapsed is not None:
        note = "it follows from the ruling" if life.ruled else "there is no record to compare it with"
        yield Replayed(f"{what}: {withheld} base units", True, note=note)
    else:
        yield compared(what, withheld, life.presented_amount - judged.payable)


def _strays(session: Session, past: Past) -> Iterator[Replayed]:
    """Votes on what the chain does not hold."""
    known = {one.period.deliverable() for one in past.pending.values()}
    for entry in history.journal_of(session, past.listed.tab):
        if entry.attestation.deliverable not in known:
            yield Replayed(
                f"vote of {entry.signer} on {entry.attestation.deliverable}",
                True,
                note="no tally that stood at the end of its window has this name: a reorg took it back",
            )


def _calls(
    session: Session, domain: Domain, past: Past, subject: Hash, pending: Pending | None
) -> Iterator[Replayed]:
    """Each queued call, and each transaction from its call."""
    for entry in reversed(history.outbox_entries(session, job=subject, limit=10_000)):
        what = f"{entry.purpose.value} (entry {entry.id})"
        if entry.purpose is Purpose.PROVE:
            yield Replayed(what, True, note="proofs of equivocation are checked by the contract")
        else:
            found = call_of(session, past, entry, pending)
            if found.data is None:
                yield Replayed(what, False, f"0x{entry.data.hex()}", found.why)
            else:
                yield compared(what, f"0x{entry.data.hex()}", f"0x{found.data.hex()}")
        yield compared(f"contract that entry {entry.id} calls", entry.target, past.contract)
        for signed in entry.transactions:
            yield transaction(domain, entry, signed)
