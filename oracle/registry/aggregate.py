"""What one evaluator says of an agent for one period: a document anyone can recompute from the chain.

Pure. The share of passes among the jobs and settled periods of tabs that were checked, as `successRate` of
ERC-8004: per cent with two decimals, rounded down. Each job counts once, and each period of a tab. What says
nothing (no verdict, nobody's fault, unsecured) is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from oracle.domain.canonical import JsonValue, canonical_bytes, keccak_hex
from oracle.domain.keccak import keccak
from oracle.domain.types import Address, Hash
from oracle.score.evidence import Finding
from oracle.store.closed import Closed

TAG = "successRate"
DECIMALS = 2
_SCHEMA = "earnest/feedback/1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a registry and the escrow stand."""

    chain_id: int
    escrow: Address
    registry: Address


@dataclass(frozen=True, slots=True)
class Period:
    """From one Unix time up to, and without, another."""

    start: int
    end: int

    @property
    def name(self) -> str:
        """From when, and how long: Unix seconds, and seconds."""
        return f"earnest:{self.start}/{self.end - self.start}"

    def tag(self, provider: Address) -> str:
        """The second tag of feedback about an account: one of this tag, once an evaluator and agent.

        An identity has an owner and a wallet, and both may be providers: what is found under the tag of one
        must not pass for what was said of the other.
        """
        return f"{self.name}/{provider}"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An agent's checked jobs, and checked periods of its tabs, that ended in a period of time.

    `passes` and `failures` count both; `failures` counts lost disputes too.
    """

    agent_id: int
    provider: Address
    period: Period
    passes: int
    failures: int
    committees: tuple[Hash, ...]

    @property
    def value(self) -> int:
        """Share of passes, hundredths of a per cent."""
        return 10_000 * self.passes // (self.passes + self.failures)

    def document(self, place: Place) -> bytes:
        """The canonical document whose hash goes with the feedback."""
        told: dict[str, JsonValue] = {
            "schema": _SCHEMA,
            "registry": f"eip155:{place.chain_id}:{place.registry}",
            "escrow": f"eip155:{place.chain_id}:{place.escrow}",
            "agent_id": str(self.agent_id),
            "provider": self.provider,
            "from": self.period.start,
            "to": self.period.end,
            "passes": self.passes,
            "failures": self.failures,
            "committees": list(self.committees),
            "tag": TAG,
            "value": self.value,
            "decimals": DECIMALS,
        }
        return canonical_bytes(told)

    def subject(self, place: Place, client: Address) -> Hash:
        """The one name of what this client says of this agent and period."""
        told = f"{_SCHEMA}\n{place.chain_id}\n{place.registry}\n{client}\n{self.agent_id}\n{self.period.name}"
        return "0x" + keccak(f"{told}\n{self.provider}".encode()).hex()


def digest_of(document: bytes) -> Hash:
    """What `feedbackHash` says: keccak-256 of the document."""
    return keccak_hex(document)


def aggregates(closed: Iterable[Closed], committees: Collection[Hash], period: Period) -> list[Aggregate]:
    """One for each agent with an id that one of these committees checked in a period, by provider."""
    counted: dict[tuple[int, Address], tuple[int, int, set[Hash]]] = {}
    for one in closed:
        piece = one.evidence
        if not one.agent_id or piece.committee not in committees or not piece.secured or piece.own:
            continue
        if piece.finding is Finding.NOTHING or not period.start <= piece.at < period.end:
            continue
        passes, failures, judged = counted.get((one.agent_id, one.provider), (0, 0, set()))
        passed = piece.finding is Finding.PASS
        counted[one.agent_id, one.provider] = (
            passes + passed, failures + (not passed), judged | {piece.committee},
        )  # fmt: skip
    return [
        Aggregate(agent_id, provider, period, passes, failures, tuple(sorted(judged)))
        for (agent_id, provider), (passes, failures, judged) in sorted(counted.items())
    ]


def ended(now: int, *, length: int, back: int) -> list[Period]:
    """The last periods that ended by a time, the oldest first; they begin at multiples of their length."""
    last = now // length
    return [Period(index * length, (index + 1) * length) for index in range(max(0, last - back), last)]
