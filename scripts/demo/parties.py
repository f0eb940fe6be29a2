"""What buyer, agents, the careless committee and the arbiter do. The daemon does the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from eth_utils.address import to_checksum_address

from oracle.chain import calls
from oracle.daemon.adapter import NodeChain
from oracle.daemon.evaluation import PipelineEvaluation
from oracle.daemon.ports import EvaluationResult, EvaluationTask
from oracle.domain import typed
from oracle.domain.signatures import compact, sign_digest
from oracle.domain.terms import Agreement, Attestation, Attested, Opening, Terms, Verdict
from oracle.domain.types import ZERO_HASH, Funding, Hash, Outcome
from oracle.durable.port import Direct
from oracle.evidence.store import ContentStore
from oracle.pact.delivery import Declaration
from oracle.pact.document import Pact
from oracle.pact.packing import hand_over, pack, publish
from scripts.demo.plan import UNIT, Bench, Plan
from scripts.demo.town import THRESHOLD, DemoError, Town
from scripts.deployment.sender import KeySender
from scripts.local.anvil import CHAIN_ID

EXAMPLES = Path(__file__).parents[2] / "examples"
FEE = 20 * UNIT
CHALLENGE = 6  # seconds
LONG_CHALLENGE = 60  # where the buyer disputes: it evaluates for itself first, beside three evaluators
RULING = 60  # seconds
_GAS = 500_000  # limit of each transaction that is sent without an estimate


@dataclass(frozen=True, slots=True)
class Deal:
    """One job: what was planned, what was signed, and what was packed for delivery."""

    plan: Plan
    agreement: Agreement
    job: Hash
    deliverable: Hash | None


def prepare(town: Town, plans: tuple[Plan, ...], store: ContentStore) -> list[Deal]:
    """Publish pacts, sign agreements, pack deliveries: everything before the first transaction."""
    store.put(town.methodology.canonical())
    deals = []
    packed = []
    for plan in plans:
        folder = EXAMPLES / plan.example
        pact = Pact.parse((folder / "pact.json").read_bytes(), what=f"{plan.example}/pact.json")
        publish(pact, folder / "materials", store)
        packed.append((plan, pact, _packed(plan, pact, store)))
    # Only now: the limits are short, and packing takes a while on a loaded machine.
    now = town.market.now()
    for number, (plan, pact, deliverable) in enumerate(packed, start=1):
        agreement = Agreement(
            Terms(
                buyer=town.market.buyer.address.lower(),
                provider=town.agents[plan.agent].address.lower(),
                committee=town.committees[plan.bench],
                gated=plan.gated,
                bond=plan.bond,
                fee=FEE,
                judge_by=now + plan.judge_within,
                challenge=LONG_CHALLENGE if plan.wrong else CHALLENGE,
                ruling=RULING,
            ),
            Opening(
                pact=pact.hash(),
                offchain=ZERO_HASH,
                agent_id=0,
                up_front=0,
                open_by=now + 10,
                deliver_by=now + 14,
                salt=number,
            ),
        )
        job = typed.job_id(town.market.escrow.domain, agreement)
        deals.append(Deal(plan, agreement, job, deliverable))
    return deals


def _packed(plan: Plan, pact: Pact, store: ContentStore) -> Hash | None:
    if plan.delivery is None:
        return None
    folder = EXAMPLES / plan.example / "deliveries" / plan.delivery
    forged = folder / "manifest.json"
    if forged.exists():
        # No packer makes such a manifest; whoever attacks writes it by hand, for the pact at hand.
        return store.put(forged.read_bytes().replace(ZERO_HASH.encode(), pact.hash().encode()))
    declared = Declaration.parse((folder / "declared.json").read_bytes(), what="declared.json")
    packed = pack(folder / "files", pact=pact.hash(), declared=declared)
    hand_over(packed, store)
    return packed.hash


def open_all(town: Town, deals: list[Deal]) -> None:
    """Relay every opening in one block: the buyer pays and signs with one signature a job."""
    market = town.market
    relayer = KeySender(town.web3, market.relayer)
    for deal in deals:
        agreement = deal.agreement
        pays = typed.receive_authorization_digest(
            market.usdc_domain, agreement.terms.buyer, market.escrow.address, agreement.pays_in,
            0, agreement.opening.open_by, deal.job,
        )  # fmt: skip
        data = calls.open_job(
            agreement,
            Funding.AUTHORIZATION,
            buyer_signature=sign_digest(bytes(market.buyer.key), pays),
            provider_signature=sign_digest(bytes(town.agents[deal.plan.agent].key), deal.job),
        )
        relayer.call(to_checksum_address(market.escrow.address), data, gas=_GAS)
    relayer.finish()


def deliver_all(town: Town, deals: list[Deal]) -> None:
    """Every agent anchors the hashes of what it delivers."""
    senders = {agent: KeySender(town.web3, key) for agent, key in town.agents.items()}
    for deal in deals:
        if deal.deliverable is not None:
            data = calls.deliver(deal.job, deal.deliverable)
            senders[deal.plan.agent].call(to_checksum_address(town.market.escrow.address), data, gas=_GAS)
    for sender in senders.values():
        sender.finish()


def judge_without_looking(town: Town, deal: Deal) -> None:
    """The careless committee attests Pass to work it never opened."""
    if deal.deliverable is None:
        raise DemoError(f"{deal.plan.name}: nothing was delivered")
    evidence = "0x" + "00" * 31 + "01"
    attestation = Attestation(deal.job, deal.deliverable, Outcome.PASS, evidence)
    digest = typed.attestation_digest(town.market.escrow.domain, attestation)
    attested = []
    for member in town.evaluators[Bench.CARELESS][:THRESHOLD]:
        r, vs = compact(sign_digest(bytes(member.key.key), digest))
        attested.append(Attested(r, vs, evidence))
    verdict = Verdict(
        deal.agreement.terms,
        typed.opening_hash(deal.agreement.opening),
        deal.deliverable,
        Outcome.PASS,
        (1 << THRESHOLD) - 1,
        tuple(attested),
    )
    town.market.send(town.market.relayer, calls.judge(verdict))


def look_again(town: Town, deal: Deal, store: ContentStore) -> EvaluationResult:
    """What buyer and arbiter do: run the same evaluation themselves, from the same documents."""
    chain = NodeChain(town.market.escrow)
    for logged in chain.logged(0, chain.heights().latest).events:
        if getattr(logged.event, "job", None) == deal.job and getattr(logged.event, "deliverable", None):
            header = chain.headers([logged.block_number])[0]
            break
    else:
        raise DemoError(f"{deal.plan.name}: its delivery is not on the chain")
    if header is None or deal.deliverable is None:
        raise DemoError(f"{deal.plan.name}: the block of its delivery is gone")
    evaluation = PipelineEvaluation(store, chain, chain_id=CHAIN_ID, escrow=town.market.escrow.address)
    try:
        return evaluation.evaluate(
            EvaluationTask(
                job=deal.job,
                agreement=deal.agreement,
                methodology=town.methodology.hash(),
                evaluator=town.market.arbiter.address.lower(),
                deliverable=deal.deliverable,
                delivered_at=header.timestamp,
                anchor_block=header.number,
                anchor_hash=header.hash,
                last_try=True,
                last_chance=True,
            ),
            Direct(),
        )
    finally:
        evaluation.close()


def dispute(town: Town, deal: Deal, sought: Outcome) -> None:
    """The buyer puts a deposit down against the provisional outcome."""
    terms = deal.agreement.terms
    data = calls.dispute(
        terms,
        typed.opening_hash(deal.agreement.opening),
        party=terms.buyer,
        sought=sought,
        funding=Funding.COLLATERAL,
    )
    town.market.send(town.market.buyer, data)


def rule(town: Town, deal: Deal, outcome: Outcome) -> None:
    """The arbiter's final word."""
    data = calls.rule(deal.agreement.terms, typed.opening_hash(deal.agreement.opening), outcome, pay_out=True)
    town.market.send(town.market.arbiter, data)


def relabelled(plans: tuple[Plan, ...], *, jury: bool) -> tuple[Plan, ...]:
    """Without a jury, nobody can judge prose: those jobs must lapse."""
    if jury:
        return plans
    lapse = frozenset({Outcome.LAPSE})
    return tuple(replace(plan, ends=lapse) if plan.jury else plan for plan in plans)
