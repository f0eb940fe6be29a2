"""A job as its acts see it, and the acts that several states share."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.chain import calls
from oracle.decide.jobs import JobRecord, view_of
from oracle.decide.next_step import Rules, stakes_of
from oracle.decide.payouts import Payout, Stakes
from oracle.domain.amounts import format_usdc
from oracle.domain.committee import Committee
from oracle.domain.terms import Agreement
from oracle.domain.typed import Domain, job_id, opening_hash
from oracle.domain.types import Address, Basis, Hash, Outcome, Party, State
from oracle.pages.acts_view import Gives, Offer, Way


@dataclass(frozen=True, slots=True)
class Site:
    """Where the contract stands, and what its deployment fixes.

    Args:
        domain: The escrow's; what signatures for it are bound to.
        usdc: The token's; None where it is not known: then nothing is paid from a wallet.
        lapse_challenge: Shortest challenge after a lapse, seconds.
    """

    domain: Domain
    usdc: Domain | None
    lapse_challenge: int


@dataclass(frozen=True, slots=True)
class Case:
    agreement: Agreement
    record: JobRecord
    committee: Committee
    site: Site
    now: int

    @property
    def job(self) -> Hash:
        return job_id(self.site.domain, self.agreement)

    @property
    def opening(self) -> Hash:
        return opening_hash(self.agreement.opening)

    @property
    def to(self) -> Address:
        return self.site.domain.contract

    @property
    def stakes(self) -> Stakes:
        view = view_of(self.record, self.agreement)
        silent = 0
        if view.state is State.OPEN:
            silent = view.members & ~view.attested
        elif view.basis is Basis.SILENCE:
            silent = view.signers
        committee = self.committee
        rules = Rules(
            committee.threshold, committee.arbiter_cost, committee.silence, self.site.lapse_challenge
        )
        return stakes_of(self.agreement.terms, view, rules, silent=silent)

    def account(self, party: Party) -> Address:
        terms = self.agreement.terms
        return terms.buyer if party is Party.BUYER else terms.provider

    @property
    def disputant(self) -> Party:
        return Party.BUYER if self.record.disputant == self.agreement.terms.buyer else Party.PROVIDER


def concede(case: Case, party: Party, payout: Payout, says: str) -> Offer:
    data = calls.concede(case.agreement.terms, case.opening, party=case.account(party), pay_out=True)
    name = f"concede-{party.value}"
    return Offer(
        id=name,
        title=f"Concede as the {party}",
        who=f"the {party}",
        accounts=(case.account(party),),
        says=(says, "It closes the job, pays both sides out, and cannot be taken back."),
        gives=(gives_of("conceded", payout),),
        grave=True,
        ways=(plain_way(case, name, "Concede", data, f"concede --as {party.value}"),),
    )


def settle(case: Case, end: str, payout: Payout) -> Offer:
    data = calls.settle(case.agreement.terms, case.opening, pay_out=True)
    return Offer(
        id="settle",
        title="Settle",
        who="anyone",
        accounts=(),
        says=(
            "It closes the job with the outcome that stands and pays both sides out.",
            f"The buyer gets {format_usdc(payout.buyer)}, the provider {format_usdc(payout.provider)}.",
            "Whoever sends it gets nothing and only pays for gas.",
        ),
        gives=(gives_of(end, payout),),
        since=case.record.deadline,
        ways=(plain_way(case, "settle", "Settle", data, "settle"),),
    )


def plain_way(case: Case, name: str, label: str, data: bytes, command: str) -> Way:
    verb, *options = command.split(" ")
    words = ["oracle", "job", verb, case.job, *(["--outcome"] if verb == "rule" else []), *options]
    return Way(id=name, label=label, to=case.to, data="0x" + data.hex(), command=" ".join(words))


def gives_of(end: str, payout: Payout) -> Gives:
    return Gives(
        end=end,
        buyer=payout.buyer,
        provider=payout.provider,
        evaluators=payout.evaluators,
        arbiter=payout.arbiter,
        slashed=payout.taken,
    )


def said(outcome: Outcome) -> str:
    return outcome.word.capitalize()
