"""Hold a record against the chain: what was judged, who attested it, and the block its draw came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from oracle.chain.quantities import Block
from oracle.cli.chain import Connection
from oracle.cli.job_found import FoundJob, find_job
from oracle.domain.errors import EarnestError
from oracle.domain.events import AttestationsPosted, Delivered, Judged
from oracle.domain.types import Address, Hash, members_of
from oracle.evaluation.record import Anchor, EvaluationRecord, Subject
from oracle.evaluation.verify import Difference, compare


class NotDeliveredYetError(EarnestError):
    """The chain has no delivery for the record's job."""


class Posted(NamedTuple):
    """An attestation on chain: who stands behind it, with which keys, and for what outcome."""

    signer: tuple[Address, ...]
    outcome: str


@dataclass(frozen=True)
class ChainFacts:
    """What the chain says about a record's job.

    Args:
        subject: the job and its anchored delivery.
        pact, methodology: hashes the agreement and the committee name.
        posted: attestations by evidence hash.
        block, parent: the block of the draw and the one before, where the draw came from a block.
    """

    subject: Subject
    pact: Hash
    methodology: Hash
    posted: Mapping[Hash, Posted]
    block: Block | None = None
    parent: Block | None = None


def ask_chain(connection: Connection, record: EvaluationRecord) -> ChainFacts:
    """Read everything that `hold_against` needs.

    Raises:
        JobNotFoundError: the record's job was never opened on this escrow.
        NotDeliveredYetError: nothing is anchored for it.
        ChainError: the node fails.
    """
    found = find_job(connection, record.subject.job)
    block = parent = None
    number = record.draw.randomness.block_number if record.draw is not None else None
    if number:
        parent, block = connection.rpc.blocks([number - 1, number])
    return ChainFacts(
        subject=_subject(connection, found),
        pact=found.agreement.opening.pact,
        methodology=found.committee.methodology,
        posted=_posted(connection, found),
        block=block,
        parent=parent,
    )


def hold_against(
    record: EvaluationRecord, record_hash: Hash, facts: ChainFacts
) -> tuple[list[Difference], list[str]]:
    """Lines of a record that the chain contradicts, and notes. Pure."""
    notes: list[str] = []
    differences = list(compare(record.subject.model_dump(), facts.subject.model_dump(), "/subject"))
    differences += compare({"pact": record.pact}, {"pact": facts.pact})
    differences += compare({"methodology": record.methodology}, {"methodology": facts.methodology})
    posted = facts.posted.get(record_hash)
    if posted is None and not facts.posted:
        notes.append("no attestation of this job is on chain yet")
    elif posted is None:
        differences.append(Difference("", record_hash, "no attestation on chain names this evidence"))
    else:
        if record.evaluator not in posted.signer:
            differences.append(Difference("/evaluator", record.evaluator, posted.signer[0]))
        if record.outcome != posted.outcome:
            differences.append(Difference("/aggregation/outcome", record.outcome, posted.outcome))
    differences += _draw_block(record, facts)
    return differences, notes


def _draw_block(record: EvaluationRecord, facts: ChainFacts) -> Iterator[Difference]:
    if record.draw is None or record.draw.randomness.source != "block-hash":
        return
    value = record.draw.randomness
    where = "/draw/randomness/block_"
    if facts.block is None:
        yield Difference(f"{where}number", str(value.block_number), "the chain has no such block")
        return
    if facts.block.hash != value.block_hash:
        yield Difference(f"{where}hash", str(value.block_hash), facts.block.hash)
    if facts.block.timestamp != value.block_time:
        yield Difference(f"{where}time", str(value.block_time), str(facts.block.timestamp))
    moment = record.draw.anchored_at + record.draw.delay_seconds
    if facts.parent is not None and facts.parent.timestamp >= moment:
        yield Difference(
            f"{where}number", str(value.block_number), f"block {facts.parent.number} was already due"
        )


def _subject(connection: Connection, found: FoundJob) -> Subject:
    anchor = next((each for each in found.history if isinstance(each.event, Delivered)), None)
    if anchor is None or found.deliverable is None:
        raise NotDeliveredYetError(f"nothing was delivered for job {found.id}", field="job")
    block = connection.rpc.block(anchor.block_number)
    return Subject(
        job=found.id,
        committee=found.terms.committee,
        buyer=found.terms.buyer,
        provider=found.terms.provider,
        deliverable=found.deliverable,
        anchor=Anchor(
            chain_id=connection.deployment.chain_id,
            escrow=connection.escrow.address,
            block_number=anchor.block_number,
            block_hash=anchor.block_hash,
            timestamp=block.timestamp,
        ),
    )


def _posted(connection: Connection, found: FoundJob) -> dict[Hash, Posted]:
    evaluators = connection.escrow.evaluators(found.terms.committee, found.committee.evaluators)
    posted: dict[Hash, Posted] = {}
    for occurrence in found.history:
        event = occurrence.event
        if isinstance(event, AttestationsPosted | Judged):
            # evidence hashes stand in the order of the signers' places in the committee
            for index, evidence in zip(members_of(event.signers), event.evidence, strict=True):
                view = evaluators[index]
                posted[evidence] = Posted((view.account, view.key), event.outcome.word)
    return posted
