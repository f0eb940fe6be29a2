"""Where a job stands: who may do what until when, and what happens if nobody does anything.

Pure: the caller brings what the contract stores, the terms, and the time. Times are Unix seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from oracle.decide.payouts import Payout, Stakes, may_dispute, ruled, stands
from oracle.domain.job import JobView
from oracle.domain.terms import Terms
from oracle.domain.types import Basis, Outcome, Party, State


@dataclass(frozen=True, slots=True)
class Rules:
    """What the next step depends on beside the job: figures of its committee and of the deployment.

    `threshold` k, `arbiter_cost` A and `silence` Z are the committee's; `lapse_challenge` (seconds) is the
    deployment's shortest challenge period after a lapse.
    """

    threshold: int
    arbiter_cost: int
    silence: int
    lapse_challenge: int


@dataclass(frozen=True, slots=True)
class Act:
    """Something that `who` may do from `since` on and strictly before `until`; None is no limit."""

    who: str
    what: str
    command: str
    since: int | None = None
    until: int | None = None

    def open_at(self, now: int) -> bool:
        """Whether it may be done at this time."""
        return (self.since is None or now >= self.since) and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class IfNobodyActs:
    """What time alone makes of the job, once anyone calls.

    `calls` are what anyone may call, each with the time from which; the second's time is the earliest, if
    the first is called at once. `outcome` then becomes final, and `payout` is what it gives.
    """

    outcome: Outcome
    basis: Basis
    calls: tuple[tuple[str, int], ...]
    payout: Payout


@dataclass(frozen=True, slots=True)
class NextStep:
    """Where a job stands."""

    state: State
    summary: str
    acts: tuple[Act, ...] = ()
    if_nobody_acts: IfNobodyActs | None = None
    payouts: tuple[tuple[str, Payout], ...] = ()
    """What each end that is still possible gives, by a label."""


def stakes_of(terms: Terms, view: JobView, rules: Rules, *, silent: int = 0) -> Stakes:
    """What the job's payouts depend on. `silent` is a set of evaluators."""
    return Stakes(
        gated=terms.gated,
        bond=terms.bond,
        fee=terms.fee,
        threshold=rules.threshold,
        arbiter_cost=rules.arbiter_cost,
        silence=rules.silence,
        members=view.members.bit_count(),
        silent=silent.bit_count(),
    )


def next_step(view: JobView, terms: Terms, rules: Rules, now: int, *, deliver_by: int = 0) -> NextStep:
    """Where the job stands at `now`.

    Args:
        view: What the contract stores of it.
        terms: Its terms.
        rules: Of its committee and the deployment.
        now: The chain's time.
        deliver_by: From the opening; used where the view no longer keeps it.
    """
    steps: dict[State, Callable[[], NextStep]] = {
        State.OPEN: lambda: (
            _delivered(view, terms, rules, now)
            if view.delivered
            else _awaiting_delivery(view, terms, rules, now, view.deliver_by or deliver_by)
        ),
        State.JUDGED: lambda: _judged(view, terms, rules, now),
        State.DISPUTED: lambda: _disputed(view, terms, rules, now),
        State.CLOSED: lambda: NextStep(State.CLOSED, _closed(view)),
        State.NONE: lambda: NextStep(State.NONE, "no job with these terms was ever opened"),
    }
    return steps[view.state]()


def _closed(view: JobView) -> str:
    if view.outcome is Outcome.NONE:
        return "closed: the parties agreed on a split"
    return f"closed as {view.outcome.word}"


def _awaiting_delivery(view: JobView, terms: Terms, rules: Rules, now: int, deliver_by: int) -> NextStep:
    stakes = stakes_of(terms, view, rules)
    lapsing = _from(deliver_by, now)
    return NextStep(
        State.OPEN,
        "open: waiting for the provider's delivery"
        if now < deliver_by
        else "open: nothing was delivered in time; anyone may call lapse, which makes it fail",
        acts=(
            Act("provider", "anchor the delivery", "oracle job deliver", until=deliver_by),
            *_open_concessions(),
            Act("anyone", "end the wait: provisional fail", "oracle job lapse", since=deliver_by),
        ),
        if_nobody_acts=IfNobodyActs(
            Outcome.FAIL,
            Basis.NO_SHOW,
            (("lapse", lapsing), ("settle", lapsing + max(terms.challenge, rules.lapse_challenge))),
            stands(stakes, Outcome.FAIL, Basis.NO_SHOW),
        ),
        payouts=_verdicts(stakes),
    )


def _delivered(view: JobView, terms: Terms, rules: Rules, now: int) -> NextStep:
    silent = view.members & ~view.attested
    stakes = stakes_of(terms, view, rules, silent=silent)
    lapsing = _from(terms.judge_by, now)
    return NextStep(
        State.OPEN,
        "delivered: waiting for the committee's verdict"
        if now < terms.judge_by
        else "delivered, and no verdict in time; anyone may call lapse",
        acts=(
            Act("committee", "post a verdict", "oracle run", until=terms.judge_by),
            *_open_concessions(),
            Act("anyone", "end the wait: provisional lapse", "oracle job lapse", since=terms.judge_by),
        ),
        if_nobody_acts=IfNobodyActs(
            Outcome.LAPSE,
            Basis.SILENCE,
            (("lapse", lapsing), ("settle", lapsing + max(terms.challenge, rules.lapse_challenge))),
            stands(stakes, Outcome.LAPSE, Basis.SILENCE),
        ),
        payouts=_verdicts(stakes),
    )


def _judged(view: JobView, terms: Terms, rules: Rules, now: int) -> NextStep:
    stakes = stakes_of(terms, view, rules, silent=_silent(view))
    payout = stands(stakes, view.outcome, view.basis)
    against = [party for party in Party if may_dispute(view.outcome, party)]
    disputes = tuple(
        Act(
            party.value,
            f"dispute it, with a deposit of {stakes.deposit}",
            "oracle job dispute",
            until=view.deadline,
        )
        for party in against
    )
    concessions = tuple(
        Act(party.value, "concede, which makes it final", "oracle job concede")
        for party in against
        if view.outcome is not Outcome.LAPSE
    )
    over = now >= view.deadline
    return NextStep(
        State.JUDGED,
        f"provisionally {view.outcome.word} ({_reason(view.basis)}); "
        + (
            "the challenge is over: anyone may settle"
            if over
            else "it may be disputed until the challenge ends"
        ),
        acts=(
            *disputes,
            *concessions,
            Act("both parties", "agree on another split", "oracle job offer, then agree"),
            Act("anyone", "settle", "oracle job settle", since=view.deadline),
        ),
        if_nobody_acts=IfNobodyActs(
            view.outcome, view.basis, (("settle", _from(view.deadline, now)),), payout
        ),
        payouts=((f"settled as {view.outcome.word}", payout),),
    )


def _disputed(view: JobView, terms: Terms, rules: Rules, now: int) -> NextStep:
    stakes = stakes_of(terms, view, rules, silent=_silent(view))
    disputant = Party.BUYER if view.buyer_disputes else Party.PROVIDER
    payout = stands(stakes, view.outcome, view.basis, disputant)
    rulings = tuple(
        (f"ruled {ruling.word}", ruled(stakes, view.outcome, view.basis, disputant, ruling))
        for ruling in (Outcome.PASS, Outcome.FAIL, Outcome.LAPSE)
    )
    concession = (
        ()
        if view.outcome is Outcome.LAPSE
        else (Act(disputant.value, "concede, as if the outcome were upheld", "oracle job concede"),)
    )
    over = now >= view.deadline
    return NextStep(
        State.DISPUTED,
        f"the {disputant} disputes {view.outcome.word} ({_reason(view.basis)}) and seeks {view.sought.word}; "
        + ("the arbiter was silent: anyone may settle" if over else "the arbiter may rule"),
        acts=(
            Act("arbiter", "rule", "oracle job rule", until=view.deadline),
            *concession,
            Act("both parties", "agree on another split", "oracle job offer, then agree"),
            Act("anyone", "settle", "oracle job settle", since=view.deadline),
        ),
        if_nobody_acts=IfNobodyActs(
            view.outcome, view.basis, (("settle", _from(view.deadline, now)),), payout
        ),
        payouts=(*rulings, ("the arbiter silent", payout)),
    )


def _open_concessions() -> tuple[Act, ...]:
    return (
        Act("buyer", "concede: everything to the provider", "oracle job concede --as buyer"),
        Act("provider", "concede: everything to the buyer", "oracle job concede --as provider"),
        Act("both parties", "agree on a split", "oracle job offer, then agree"),
    )


def _verdicts(stakes: Stakes) -> tuple[tuple[str, Payout], ...]:
    plain = replace(stakes, silent=0)
    return tuple(
        (f"judged {outcome.word}", stands(plain, outcome, Basis.VERDICT))
        for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.LAPSE)
    )


def _silent(view: JobView) -> int:
    return view.signers if view.basis is Basis.SILENCE else 0


def _reason(basis: Basis) -> str:
    return {
        Basis.VERDICT: "by verdict",
        Basis.NO_SHOW: "nothing was delivered",
        Basis.SILENCE: "the committee was silent",
    }[basis]


def _from(limit: int, now: int) -> int:
    """The earliest time from now at which what is allowed from `limit` on can be done."""
    return max(limit, now)
