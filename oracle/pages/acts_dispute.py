"""Disputing, and ruling on it: what each ruling gives, and how the deposit is paid."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.chain import calls
from oracle.decide.payouts import may_dispute, ruled, stands
from oracle.domain.amounts import format_usdc
from oracle.domain.fields import show_time
from oracle.domain.typed import Domain, dispute_digest
from oracle.domain.types import Funding, Outcome, Party
from oracle.pages.acts_case import Case, concede, gives_of, plain_way, said, settle
from oracle.pages.acts_typed import payment
from oracle.pages.acts_view import Offer, Slot, Typed, Way
from oracle.pages.text import duration

_HOUR = 3_600
_OUTCOMES = (Outcome.PASS, Outcome.FAIL, Outcome.LAPSE)
_MARK = b"\xee" * 65  # where a signature will stand in calldata


def seeks(provisional: Outcome, party: Party) -> tuple[Outcome, ...]:
    """The outcomes a party may seek against a provisional one: those better for it."""
    if not may_dispute(provisional, party):
        return ()
    if provisional is Outcome.LAPSE:
        return (Outcome.FAIL,) if party is Party.BUYER else (Outcome.PASS,)
    first = Outcome.FAIL if party is Party.BUYER else Outcome.PASS
    return first, Outcome.LAPSE


def dispute(case: Case, party: Party, sought: Outcome) -> Offer:
    record, terms, stakes = case.record, case.agreement.terms, case.stakes
    deposit = stakes.deposit
    won = ruled(stakes, record.outcome, record.basis, party, sought)
    lost = ruled(stakes, record.outcome, record.basis, party, record.outcome)
    mine = won.buyer if party is Party.BUYER else won.provider
    left = lost.buyer if party is Party.BUYER else lost.provider
    rows = [
        gives_of(f"ruled {said(ruling)}", ruled(stakes, record.outcome, record.basis, party, ruling))
        for ruling in _OUTCOMES
    ]
    rows.append(gives_of("the arbiter is silent", stands(stakes, record.outcome, record.basis, party)))
    return Offer(
        id=f"dispute-{party.value}-{sought.word}",
        title=f"Dispute, and ask for {said(sought)}",
        who=f"the {party}",
        accounts=(case.account(party),),
        says=(
            f"You pay a deposit of {format_usdc(deposit)} now. A job can be disputed once.",
            f"The arbiter then has {duration(terms.ruling)} to rule, and its ruling is final.",
            f"If it rules {said(sought)}, you get {format_usdc(mine)}, what is left of the deposit among it.",
            f"If it upholds {said(record.outcome)}, you lose the deposit and get {format_usdc(left)}.",
            f"If it says nothing in time, {said(record.outcome)} stands and the deposit comes back.",
        ),
        gives=tuple(rows),
        until=record.deadline,
        grave=True,
        ways=tuple(_ways(case, party, sought, deposit)),
    )


def disputed(case: Case) -> Iterator[Offer]:
    record, stakes, party = case.record, case.stakes, case.disputant
    for ruling in _OUTCOMES:
        payout = ruled(stakes, record.outcome, record.basis, party, ruling)
        fate = (
            f"It upholds {said(record.outcome)}."
            if ruling is record.outcome
            else f"It overturns {said(record.outcome)}"
            + (
                f": {payout.slashed} evaluators lose {format_usdc(payout.slash_each)} each."
                if payout.slashed
                else "."
            )
        )
        data = calls.rule(case.agreement.terms, case.opening, ruling, pay_out=True)
        yield Offer(
            id=f"rule-{ruling.word}",
            title=f"Rule {said(ruling)}",
            who="the arbiter",
            accounts=(case.committee.arbiter,),
            says=(
                fate,
                "Your ruling is final and closes the job.",
                f"You are paid {format_usdc(stakes.arbiter_cost)} whatever you rule.",
            ),
            gives=(gives_of(f"ruled {said(ruling)}", payout),),
            until=record.deadline,
            grave=True,
            ways=(
                plain_way(case, f"rule-{ruling.word}", f"Rule {said(ruling)}", data, f"rule {ruling.word}"),
            ),
        )
    if record.outcome is not Outcome.LAPSE:
        payout = ruled(stakes, record.outcome, record.basis, party, record.outcome)
        gets = payout.buyer if party is Party.BUYER else payout.provider
        yield concede(
            case,
            party,
            payout,
            f"You withdraw the dispute as if {said(record.outcome)} had been upheld: you lose the deposit "
            f"of {format_usdc(stakes.deposit)} and get {format_usdc(gets)}.",
        )
    yield settle(
        case, f"settled as {said(record.outcome)}", stands(stakes, record.outcome, record.basis, party)
    )


def _ways(case: Case, party: Party, sought: Outcome, deposit: int) -> Iterator[Way]:
    account, terms = case.account(party), case.agreement.terms
    name = f"dispute-{party.value}-{sought.word}"
    command = f"oracle job dispute {case.job} --as {party.value} --seek {sought.word}"
    if case.site.usdc is not None:
        yield _from_wallet(case, case.site.usdc, party, sought, deposit)
    free = calls.dispute(terms, case.opening, party=account, sought=sought, funding=Funding.COLLATERAL)
    yield Way(
        id=f"{name}-free",
        label="Pay it from your free collateral",
        to=case.to,
        data="0x" + free.hex(),
        command=f"{command} --from-collateral",
    )


def _from_wallet(case: Case, usdc: Domain, party: Party, sought: Outcome, deposit: int) -> Way:
    account = case.account(party)
    # Whole hours, so that the page stays the same while nothing happens; good for one to two of them.
    expiry = (case.now // _HOUR + 2) * _HOUR
    nonce = dispute_digest(case.site.domain, case.job, account, case.record.outcome, sought, expiry)
    data = calls.dispute(
        case.agreement.terms,
        case.opening,
        party=account,
        sought=sought,
        funding=Funding.AUTHORIZATION,
        expiry=expiry,
        signature=_MARK,
    )
    return Way(
        id=f"dispute-{party.value}-{sought.word}-wallet",
        label="Pay the deposit from your wallet",
        to=case.to,
        data="0x" + data.hex(),
        slots=(Slot(kind="signature", at=data.index(_MARK), size=len(_MARK)),),
        typed=Typed(
            says=(
                f"First you sign a payment of {format_usdc(deposit)} to the escrow, good for this dispute "
                f"only and until {show_time(expiry)}; then you send the transaction that uses it."
            ),
            data=payment(usdc, account, case.to, deposit, expiry, nonce),
        ),
        command=f"oracle job dispute {case.job} --as {party.value} --seek {sought.word}",
    )
