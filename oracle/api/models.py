"""What the API answers. Amounts are decimal strings of USDC base units, times Unix seconds."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from oracle.domain.types import Address, Hash
from oracle.score.document import Amount, At, Document, EvidenceDocument, Thousandths

Item = TypeVar("Item")


class Page(Document, Generic[Item]):
    """Part of a list. `next` is the cursor of the rest; null at the end."""

    at: At
    items: tuple[Item, ...]
    next: str | None


class Status(Document):
    """What this oracle has read, and how it answers. `evidence_block`: up to where scores are ready."""

    at: At
    evidence_block: int | None
    score_version: int
    roots: tuple[Hash, ...]
    key: str
    software: str


class Key(Document):
    """The public key (ed25519, base64) that answers are signed with, and what it signs.

    `webhook_key`: the one deliveries to webhooks are signed with (`v1a` of Standard Webhooks).
    """

    key: str
    algorithm: str
    signs: str
    webhook_key: str


class AgentLine(Document):
    """A provider that ever had a job or tab. `price`: of the job opened last; `cap`: see its coverage."""

    agent: Address
    jobs: int
    first_block: int
    score: Thousandths | None
    interval: tuple[Thousandths, Thousandths]
    running: int
    exposure: Amount
    cap: Amount
    last_pass: int | None
    price: Amount | None


class Agent(Document):
    """A provider: its jobs by state, how many tabs, the pacts it worked under and the ERC-8004 ids it named.

    The most used first, at most 20.
    """

    at: At
    agent: Address
    jobs: dict[str, int]
    tabs: int
    pacts: tuple[Hash, ...]
    identities: tuple[Identity, ...]


class Identity(Document):
    """An ERC-8004 id that an agent's agreements name: its own word, until a feedback was posted for it.

    `registry`: the reputation registry as `eip155:CHAIN:ADDRESS`; null where none is configured here.
    `jobs` counts the closed jobs and the settled periods of tabs that name it.
    """

    agent_id: str
    registry: str | None
    jobs: int


class Feedback(Document):
    """What this oracle wrote, or is to write, of an agent and a period to the reputation registry.

    `value`: share of passes, hundredths of a per cent. `summary`: count and value that `getSummary` gave for
    it. `document`: the hash of what it was computed from, under /v1/feedback.
    """

    agent_id: str
    since: int
    until: int
    passes: int
    failures: int
    value: int
    state: str
    reason: str | None
    document: Hash
    summary: tuple[int, int] | None


class FeedbackAnswer(Document):
    """An agent's feedback, the last period first (at most 100)."""

    at: At
    agent: Address
    items: tuple[Feedback, ...]


class ScreeningLine(Document):
    """A public benchmark's result as its source gives it. Nobody here checked it; no score reads it."""

    id: int
    agent_id: str | None
    benchmark: str
    result: str
    source: str
    measured_on: str
    scope: str


class ScreeningAnswer(Document):
    """Results of public benchmarks about an agent, the last measured first (at most 200). Never counted."""

    at: At
    agent: Address
    counted: Literal[False]
    items: tuple[ScreeningLine, ...]


class ScorePoint(Document):
    """A score on a past day, at its midnight (UTC)."""

    time: int
    score: Thousandths | None
    interval: tuple[Thousandths, Thousandths]
    effective: str


class ScoreHistory(Document):
    """An agent's score at midnights, the oldest first, from what had happened by then."""

    at: At
    agent: Address
    agent_id: str | None
    version: int
    roots: tuple[Hash, ...]
    points: tuple[ScorePoint, ...]


class Job(Document):
    """A job: what was agreed, and where it stands. Signers and members are indices in the committee."""

    job: Hash
    block: int
    buyer: Address
    provider: Address
    agent_id: str
    committee: Hash
    pact: Hash
    offchain: Hash
    price: Amount
    up_front: Amount
    gated: Amount
    bond: Amount
    fee: Amount
    challenge: int
    secured: bool
    opened_at: int
    deliver_by: int
    judge_by: int
    state: str
    deliverable: Hash | None
    delivered_at: int | None
    outcome: str | None
    basis: str | None
    signers: tuple[int, ...]
    evidence: tuple[Hash, ...]
    deadline: int | None
    disputant: Address | None
    sought: str | None
    deposit: Amount | None
    ending: str | None
    to_buyer: Amount
    to_provider: Amount
    to_evaluators: Amount
    to_arbiter: Amount
    closed_at: int | None


class JobAnswer(Document):
    """One job."""

    at: At
    job: Job


class Tab(Document):
    """A tab: what was agreed, and where it stands. Members are indices in the committee.

    `phase`: open, presented, judged, disputed, ruled, owing or closed. `settled_count` interactions and
    `settled_amount` were gone through by settled periods, whatever of it was paid. From `ends` on nothing is
    presented.
    """

    tab: Hash
    block: int
    buyer: Address
    provider: Address
    agent_id: str
    committee: Hash
    members: tuple[int, ...]
    pact: Hash
    offchain: Hash
    deposit: Amount
    credit: Amount
    bond: Amount
    ceiling: Amount
    fee: Amount
    verdict_fee: Amount
    due: Amount
    end_by: int
    period: int
    periods: int
    window: int
    verdict: int
    challenge: int
    ruling: int
    grace: int
    notice: int
    secured: bool
    phase: str
    settled_periods: int
    settled_count: Amount
    settled_amount: Amount
    ends: int
    ending: str | None
    closed_at: int | None


class TabVerdict(Document):
    """What the committee attested about a period, with the hash of each signer's evidence."""

    outcome: str
    payable: Amount
    signers: tuple[int, ...]
    evidence: tuple[Hash, ...]
    challenge_ends: int


class TabDispute(Document):
    """A dispute about a period; `ruled` is null while, or where, the arbiter says nothing."""

    party: Address
    sought: str
    sought_payable: Amount
    deposit: Amount
    ruling_ends: int
    ruled: str | None
    ruled_payable: Amount | None


class TabPeriod(Document):
    """A period of a tab. Count and amount are the tally's, since opening; `presented` is this period's part.

    `silent`: members that attested nothing, where nobody judged in time.
    """

    number: int
    count: Amount
    amount: Amount
    presented: Amount
    root: Hash
    presented_at: int
    window_ends: int
    last: bool
    verdict: TabVerdict | None
    silent: tuple[int, ...]
    dispute: TabDispute | None
    outcome: str | None
    payable: Amount | None
    paid: Amount | None
    settled_at: int | None


class TabAnswer(Document):
    """One tab; its periods are a list of their own."""

    at: At
    tab: Tab


class Event(Document):
    """An event of the escrow or the tab contract as it was emitted; whole numbers are decimal strings."""

    block: int
    log_index: int
    tx_hash: Hash
    name: str
    subject: str | None
    arguments: dict[str, Any]


class Evaluator(Document):
    """An evaluator of one committee, and what happened to its stake.

    `overturned` and `silent` count the jobs and periods of tabs it was slashed for; `equivocated` is whether
    it was expelled.
    """

    committee: Hash
    index: int
    account: Address
    key: Address | None
    standing: str
    stake: Amount
    owed: Amount
    slashed: Amount
    overturned: int
    silent: int
    equivocated: bool


class Rate(Document):
    """Errors of a juror on one class of probes.

    `wrong`: with halves for what was void or undecided (`unheard` counts those); `share`, and the limits of
    its 95 % interval, in thousandths.
    """

    asked: int
    wrong: str
    unheard: int
    share: Thousandths
    low: Thousandths
    high: Thousandths


class JurorRate(Document):
    """How often a juror did not pass good work, passed bad work, and passed work made to mislead it."""

    juror: str
    good_not_passed: Rate
    bad_passed: Rate
    adversarial: Rate


class Measurement(Document):
    """Jurors' error rates on known-answer probes, measured here: over all probes, and by kind of criterion.

    `not_measured`: jurors that could not be asked, and why.
    """

    methodology: Hash
    probe_set: Hash
    measured_at: int
    probes: int
    jurors: tuple[JurorRate, ...]
    kinds: dict[str, tuple[JurorRate, ...]]
    not_measured: dict[str, str]


class Committee(Document):
    """A committee's terms."""

    committee: Hash
    block: int
    threshold: int
    evaluators: tuple[Address, ...]
    stake: Amount
    methodology: Hash
    arbiter: Address
    arbiter_cost: Amount
    fee_flat: Amount
    fee_rate: int
    max_value: Amount
    min_verdict: int
    min_ruling: int
    max_challenge: int
    silence: Amount


class CommitteeAnswer(Document):
    """One committee, with its evaluators and what its methodology's jurors were measured to get wrong.

    `measurement`: null where this oracle measured none.
    """

    at: At
    committee: Committee
    evaluators: tuple[Evaluator, ...]
    measurement: Measurement | None


class PactLine(Document):
    """A pact some job or tab was opened under."""

    pact: Hash
    jobs: int
    tabs: int
    first_block: int


class Stored(Document):
    """A document by its hash, as it is kept: pact, methodology, or an evaluation record that is public."""

    hash: Hash
    kind: str
    document: dict[str, Any]


class MethodologyAnswer(Stored):
    """A methodology, and what its jurors were measured to get wrong; null where this oracle measured none."""

    measurement: Measurement | None


EvidencePage = Page[EvidenceDocument]


class Refusal(Document):
    """Why an agreement is refused, and what would be admitted."""

    policy: str
    rule: str | None
    says: str
    fix: str


class Admission(Document):
    """Whether a new agreement is admitted now. `largest`: the highest price that is, null without limit.

    `bond`: the least bond for the price asked. `policies`: hashes of those that were asked.
    """

    at: At
    agent: Address
    price: Amount
    admitted: bool
    largest: Amount | None
    bond: Amount
    policies: tuple[Hash, ...]
    refusals: tuple[Refusal, ...]


class PolicyLine(Document):
    """A policy in force."""

    name: str
    hash: Hash
    events: int
    document: dict[str, Any]


class Policies(Document):
    """All of them."""

    at: At
    policies: tuple[PolicyLine, ...]
