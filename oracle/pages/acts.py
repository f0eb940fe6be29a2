"""Which acts the contract allows for a job now, what each does in words and amounts, and how it is done.

Pure. By whom and when is the contract's (contracts/parts/Disputes.sol) and `oracle.decide.next_step`'s; what
each end gives is `oracle.decide.payouts`. Nothing here signs or sends.
"""

from __future__ import annotations

from collections.abc import Iterator

from oracle.chain import calls
from oracle.decide.jobs import JobRecord
from oracle.decide.payouts import conceded_in_open, may_dispute, stands
from oracle.domain.amounts import format_usdc
from oracle.domain.committee import Committee
from oracle.domain.fields import show_time
from oracle.domain.terms import Agreement
from oracle.domain.types import ZERO_ADDRESS, ZERO_HASH, Basis, Outcome, Party, State
from oracle.pages.acts_case import Case, Site, concede, gives_of, plain_way, said, settle
from oracle.pages.acts_dispute import dispute, disputed, seeks
from oracle.pages.acts_view import JobActs, Offer, Slot, Way
from oracle.pages.text import duration


def job_acts(agreement: Agreement, record: JobRecord, committee: Committee, site: Site, now: int) -> JobActs:
    """What may be done about a job at a time of the chain, and what only later.

    Args:
        agreement: The job's.
        record: Where it stands.
        committee: Its committee's terms.
        site: Where the contract is.
        now: Unix seconds, of the newest block.
    """
    case = Case(agreement, record, committee, site, now)
    found = [*_by_state(case), _claim(case)]
    over = [offer for offer in found if offer.until is not None and now >= offer.until]
    later = [offer for offer in found if offer.since is not None and now < offer.since]
    terms = agreement.terms
    return JobActs(
        job=case.job,
        chain_id=site.domain.chain_id,
        escrow=case.to,
        roles={
            **dict.fromkeys(committee.evaluators, "an evaluator of its committee"),
            committee.arbiter: "the arbiter",
            terms.provider: "the provider",
            terms.buyer: "the buyer",
        },
        offers=tuple(offer for offer in found if offer not in over and offer not in later),
        later=tuple(later),
    )


def _by_state(case: Case) -> Iterator[Offer]:
    match case.record.state:
        case State.OPEN:
            yield from _open(case)
        case State.JUDGED:
            yield from _judged(case)
        case State.DISPUTED:
            yield from disputed(case)


def _open(case: Case) -> Iterator[Offer]:
    terms, opening = case.agreement.terms, case.agreement.opening
    if case.record.deliverable is None:
        yield _deliver(case)
        yield _lapse(
            case,
            since=opening.deliver_by,
            outcome=Outcome.FAIL,
            basis=Basis.NO_SHOW,
            says="Nothing was delivered in time: the job becomes provisionally Fail.",
        )
    else:
        yield _lapse(
            case,
            since=terms.judge_by,
            outcome=Outcome.LAPSE,
            basis=Basis.SILENCE,
            says="No verdict came in time: the job becomes provisionally Lapse; the silent evaluators pay.",
        )
    for party, other in ((Party.BUYER, "provider"), (Party.PROVIDER, "buyer")):
        payout = conceded_in_open(case.stakes, party)
        gets = payout.provider if party is Party.BUYER else payout.buyer
        yield concede(
            case,
            party,
            payout,
            f"You give in: the {other} gets {format_usdc(gets)}, and you get nothing of what lies in escrow.",
        )


def _deliver(case: Case) -> Offer:
    terms, opening = case.agreement.terms, case.agreement.opening
    data = calls.deliver(case.job, ZERO_HASH)
    return Offer(
        id="deliver",
        title="Deliver",
        who="the provider",
        accounts=(terms.provider,),
        says=(
            "It anchors the hash of your delivery on the chain, once: it cannot be replaced.",
            "Hand the files over first: evaluators fetch them by this hash, and cannot pass what they lack.",
            f"No money moves. The committee then has until {show_time(terms.judge_by)} to judge.",
        ),
        until=opening.deliver_by,
        ways=(
            Way(
                id="deliver",
                label="Deliver",
                to=case.to,
                data="0x" + data.hex(),
                slots=(Slot(kind="hash", at=4 + 32, size=32, label="Hash of the delivery's manifest"),),
                command=f"oracle job deliver {case.job} MANIFEST",
            ),
        ),
    )


def _lapse(case: Case, *, since: int, outcome: Outcome, basis: Basis, says: str) -> Offer:
    challenge = max(case.agreement.terms.challenge, case.site.lapse_challenge)
    return Offer(
        id="lapse",
        title="End the wait",
        who="anyone",
        accounts=(),
        says=(says, f"It may be disputed for {duration(challenge)}; after that anyone may settle it."),
        gives=(gives_of(f"settled as {said(outcome)}", stands(case.stakes, outcome, basis)),),
        since=since,
        ways=(
            plain_way(
                case, "lapse", "End the wait", calls.lapse(case.agreement.terms, case.opening), "lapse"
            ),
        ),
    )


def _judged(case: Case) -> Iterator[Offer]:
    record = case.record
    for party in Party:
        for sought in seeks(record.outcome, party):
            yield dispute(case, party, sought)
    payout = stands(case.stakes, record.outcome, record.basis)
    for party in Party:
        if may_dispute(record.outcome, party) and record.outcome is not Outcome.LAPSE:
            gets = payout.buyer if party is Party.BUYER else payout.provider
            yield concede(
                case,
                party,
                payout,
                f"You accept {said(record.outcome)}: it is final at once, and you get {format_usdc(gets)}.",
            )
    yield settle(case, f"settled as {said(record.outcome)}", payout)


def _claim(case: Case) -> Offer:
    data = calls.claim(ZERO_ADDRESS, 0)
    return Offer(
        id="claim",
        title="Claim",
        who="whoever has free collateral",
        accounts=(),
        says=(
            "It pays all your free collateral out to your wallet.",
            "That is what you deposited and earned, and what closed jobs credited and could not pay.",
            "What is locked in running jobs stays there.",
        ),
        ways=(
            Way(
                id="claim",
                label="Claim",
                to=case.to,
                data="0x" + data.hex(),
                slots=(Slot(kind="account", at=4, size=32), Slot(kind="free", at=4 + 32, size=32)),
                command=f"oracle job claim {case.job}",
            ),
        ),
    )
