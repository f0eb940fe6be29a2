"""What the escrow says: typed reads, and its events by block range."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from oracle.chain.abi import load_abi
from oracle.chain.calls import attested_tuple, committee_tuple, terms_tuple
from oracle.chain.client import Client, Tag
from oracle.chain.decoder import TOPICS, Occurrence, decode_logs
from oracle.chain.errors import BadAnswerError, ChainError, RangeTooWideError
from oracle.chain.quantities import RawLog
from oracle.domain.committee import Committee, CommitteeView, EvaluatorView, KeyView
from oracle.domain.events import CommitteeCreated
from oracle.domain.job import JobView
from oracle.domain.terms import Attested, Terms
from oracle.domain.typed import Domain
from oracle.domain.types import Address, Basis, Hash, Outcome, Standing, State

_AT_ONCE = 64  # logs decoded at a time


class Escrow:
    """One escrow on one chain, read through one client."""

    def __init__(self, rpc: Client, address: Address, chain_id: int) -> None:
        self.rpc = rpc
        self.address = address
        self.chain_id = chain_id
        self.domain = Domain(chain_id, address)
        """What signatures for this escrow are bound to."""

    def job_state(self, job: Hash, *, block: Tag = "latest") -> JobView:
        """What is stored of a job; one that was never opened is `State.NONE`."""
        return _job_view(self._read("jobState", _b32(job), block=block)[0])

    def job_states(self, jobs: Sequence[Hash], *, block: Tag = "latest") -> list[JobView]:
        """The same for many, in one batch, all at one block if it is a number."""
        function = load_abi("Escrow").functions["jobState"]
        answers = self.rpc.eth_calls(
            [(self.address, function.encode(_b32(job))) for job in jobs], block=block
        )
        return [_job_view(self._decoded("jobState", answer)[0]) for answer in answers]

    def committee_state(self, committee: Hash, *, block: Tag = "latest") -> CommitteeView:
        """Terms and running figures of a committee.

        Raises:
            RevertedError: UnknownCommittee.
        """
        values = list(self._read("committeeState", _b32(committee), block=block)[0])
        values[10] = _hex(values[10])
        return CommitteeView(*values)

    def evaluator(self, committee: Hash, index: int, *, block: Tag = "latest") -> EvaluatorView:
        """One evaluator.

        Raises:
            RevertedError: UnknownCommittee or NotAMember.
        """
        return _evaluator_view(self._read("evaluator", _b32(committee), index, block=block)[0])

    def evaluators(self, committee: Hash, count: int, *, block: Tag = "latest") -> list[EvaluatorView]:
        """The first `count` evaluators, in one batch."""
        function = load_abi("Escrow").functions["evaluator"]
        answers = self.rpc.eth_calls(
            [(self.address, function.encode(_b32(committee), index)) for index in range(count)], block=block
        )
        return [_evaluator_view(self._decoded("evaluator", answer)[0]) for answer in answers]

    def key_of(self, committee: Hash, key: Address) -> KeyView:
        """Which evaluator a key speaks, or once spoke, for."""
        return KeyView(*self._read("keyOf", _b32(committee), key))

    def fees_of(self, committee: Hash, evaluator_set: int) -> int:
        """Fees a set of evaluators has earned and not drawn."""
        return int(self._read("feesOf", _b32(committee), evaluator_set)[0])

    def collateral_of(self, account: Address, *, block: Tag = "latest") -> int:
        """Free collateral of an account."""
        return int(self._read("collateralOf", account, block=block)[0])

    def constants(self) -> tuple[int, int, int, int, int, int]:
        """What the deployment fixes for all jobs, in seconds.

        Returns:
            Shortest challenge that is not zero, shortest after a lapse, shortest time from open_by to
            deliver_by, longest challenge, longest ruling, longest time from opening to judge_by.
        """
        values = self._read("constants")
        return values[0], values[1], values[2], values[3], values[4], values[5]

    def usdc(self) -> Address:
        """The token."""
        return str(self._read("usdc")[0]).lower()

    def domain_separator(self) -> bytes:
        """The contract's own EIP-712 separator."""
        return bytes(self._read("domainSeparator")[0])

    def check_domain(self) -> None:
        """Refuse a contract that is not this escrow on this chain, before anything is signed for it.

        Raises:
            ChainError: no contract there, or one with another domain.
        """
        if not self.rpc.code(self.address):
            raise ChainError(
                f"there is no contract at {self.address}",
                field="escrow",
                next_step="check the address, the chain, and that the contracts are deployed",
            )
        if self.domain_separator() != self.domain.separator:
            raise ChainError(
                f"the contract at {self.address} signs under another domain than Earnest 1 on chain "
                f"{self.chain_id}",
                field="escrow",
                next_step="check the escrow's address and the chain id",
            )

    def job_id(self, terms: Terms, opening_hash: Hash) -> Hash:
        """The job's id as the contract computes it."""
        return _hex(self._read("jobId", terms_tuple(terms), _b32(opening_hash))[0])

    def committee_id(self, committee: Committee) -> Hash:
        """The committee's id as the contract computes it."""
        return _hex(self._read("committeeId", committee_tuple(committee))[0])

    def check_attestations(
        self,
        committee: Hash,
        *,
        members: int,
        subject: Hash,
        deliverable: Hash,
        outcome: Outcome,
        payable: int,
        signers: int,
        attested: Sequence[Attested],
    ) -> None:
        """Ask the contract whether it would accept these attestations.

        Raises:
            RevertedError: it would not; `name` says why.
        """
        self._read(
            "checkAttestations",
            _b32(committee),
            members,
            _b32(subject),
            _b32(deliverable),
            int(outcome),
            payable,
            signers,
            [attested_tuple(item) for item in attested],
        )

    def events(
        self, from_block: int, to_block: int, *, topics: Sequence[Any] | None = None
    ) -> list[Occurrence]:
        """Everything that happened between two blocks, both included, in order.

        Args:
            from_block: First block.
            to_block: Last block.
            topics: `eth_getLogs` filter: for each position a topic, a list of them, or None.

        Raises:
            RangeTooWideError: ask for less at once.
            DecodeError: a log is no event of this escrow.
        """
        return list(self.decoded(self.logs(from_block, to_block, topics=topics)))

    def logs(self, from_block: int, to_block: int, *, topics: Sequence[Any] | None = None) -> list[RawLog]:
        """The same before it is decoded.

        Raises:
            RangeTooWideError: ask for less at once.
        """
        return self.rpc.logs(self.address, from_block, to_block, topics)

    def decoded(self, logs: Sequence[RawLog]) -> Iterator[Occurrence]:
        """What logs say, in their order; a few are decoded at a time.

        Raises:
            DecodeError: a log is no event of this escrow.
        """
        for start in range(0, len(logs), _AT_ONCE):
            yield from decode_logs(logs[start : start + _AT_ONCE], self.address)

    def search(
        self, from_block: int, to_block: int, *, topics: Sequence[Any] | None = None, at_once: int = 10_000
    ) -> Iterator[Occurrence]:
        """The same over any length, in pieces a node accepts: halved where it refuses.

        Raises:
            RangeTooWideError: refused even for a single block.
            DecodeError: a log is no event of this escrow.
        """
        start = from_block
        while start <= to_block:
            end = min(start + at_once - 1, to_block)
            try:
                found = self.events(start, end, topics=topics)
            except RangeTooWideError:
                if end == start:
                    raise
                at_once = max(1, (end - start + 1) // 2)
                continue
            yield from found
            start = end + 1

    def committee_terms(self, committee: Hash, from_block: int) -> Committee:
        """Everything fixed about a committee, from the event of its creation.

        Raises:
            ChainError: no such event from `from_block` on.
        """
        topics = [TOPICS["CommitteeCreated"], committee]
        for occurrence in self.search(from_block, self.rpc.block_number(), topics=topics):
            if isinstance(occurrence.event, CommitteeCreated):
                return occurrence.event.terms
        raise ChainError(
            f"committee {committee} was not created from block {from_block} on", field="committee"
        )

    def _read(self, function: str, *values: Any, block: Tag = "latest") -> tuple[Any, ...]:
        data = load_abi("Escrow").functions[function].encode(*values)
        return self._decoded(function, self.rpc.eth_call(self.address, data, block=block))

    def _decoded(self, function: str, answer: bytes) -> tuple[Any, ...]:
        try:
            return load_abi("Escrow").functions[function].decode(answer)
        except ValueError as error:
            raise BadAnswerError(
                f"{function} of {self.address} returned something else than expected",
                field=function,
                next_step="check the escrow's address: is there a contract, and is it this version?",
            ) from error


def _job_view(values: Sequence[Any]) -> JobView:
    try:
        return JobView(
            state=State(values[0]),
            delivered=values[1],
            epoch=values[2],
            members=values[3],
            opened_at=values[4],
            provider=values[5].lower(),
            deliver_by=values[6],
            mark=_hex(values[7]),
            outcome=Outcome(values[8]),
            basis=Basis(values[9]),
            signers=values[10],
            deadline=values[11],
            sought=Outcome(values[12]),
            buyer_disputes=values[13],
            attested=values[14],
        )
    except ValueError as error:
        raise BadAnswerError("jobState returned a number that names no state, outcome or basis") from error


def _evaluator_view(values: Sequence[Any]) -> EvaluatorView:
    account, key, standing, *rest = values
    try:
        return EvaluatorView(account.lower(), key.lower(), Standing(standing), *rest)
    except ValueError as error:
        raise BadAnswerError("evaluator returned a number that names no standing") from error


def _hex(value: bytes) -> Hash:
    return "0x" + value.hex()


def _b32(value: Hash) -> bytes:
    return bytes.fromhex(value[2:])
