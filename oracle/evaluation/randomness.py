"""The public random value of a draw: where it comes from, and how anyone checks it offline."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from oracle.decide.draw import Draw, job_seed, quicknet_round, quicknet_time
from oracle.domain.canonical import HashHex
from oracle.domain.document import Part
from oracle.domain.errors import EarnestError
from oracle.pact.methodology import DrawRules

Signature = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{96}$")]


class RandomnessError(EarnestError):
    """A public random value is not what it claims to be, or not the one this delivery must use."""


class PublicRandomness(Part):
    """A public random value with what proves it.

    Args:
        source: `drand-quicknet`: a round of the drand network, signed by it. `block-hash`: the hash of a
            block,
            clearly weaker: who makes the block can influence it, and only the chain can tell that it is its.
        round, signature: of the drand round; the signature is 48 bytes of hex.
        block_number, block_hash, block_time: of the block; Unix seconds.
    """

    source: Literal["drand-quicknet", "block-hash"]
    round: Annotated[int, Field(ge=1)] | None = None
    signature: Signature | None = None
    block_number: Annotated[int, Field(ge=0)] | None = None
    block_hash: HashHex | None = None
    block_time: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _fields_fit_the_source(self) -> Self:
        beacon = (self.round, self.signature)
        block = (self.block_number, self.block_hash, self.block_time)
        wanted, unwanted = (beacon, block) if self.source == "drand-quicknet" else (block, beacon)
        if None in wanted or any(value is not None for value in unwanted):
            raise ValueError(f"the fields do not fit the source {self.source}")
        return self

    def value(self) -> bytes:
        """The 32 random bytes.

        Raises:
            RandomnessError: the network's signature is not valid for the round.
        """
        if self.source == "block-hash":
            return bytes.fromhex(str(self.block_hash)[2:])
        import drand_verify  # loads a pairing library: only where a draw is needed

        try:
            return bytes.fromhex(drand_verify.verify_quicknet(self.round, self.signature))
        except ValueError as error:
            raise RandomnessError(
                f"the signature of drand round {self.round} is not the network's", field="signature"
            ) from error


class DrawSection(Part):
    """The draw in a record.

    Args:
        randomness: the public value and its proof.
        anchored_at: Unix seconds of the block that anchored the delivery.
        delay_seconds: the methodology's.
        seed: 32 bytes of hex; see `oracle.decide.draw.job_seed`.
    """

    randomness: PublicRandomness
    anchored_at: Annotated[int, Field(ge=0)]
    delay_seconds: Annotated[int, Field(ge=0)]
    seed: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

    def draw(self) -> Draw:
        """The draw under this seed."""
        return Draw(bytes.fromhex(self.seed))


def make_draw(
    randomness: PublicRandomness, *, subject: str, deliverable: str, anchored_at: int, rules: DrawRules
) -> DrawSection:
    """Derive the seed of one evaluation, having checked that the value is the one it must use.

    Args:
        randomness: the value.
        subject: the job id.
        deliverable: the anchored hash.
        anchored_at: Unix seconds.
        rules: the methodology's: source and delay.

    Raises:
        RandomnessError: another source, another round than the first after the delay, an early block, or a
            bad signature.
    """
    delay_seconds = rules.delay_seconds
    if randomness.source != rules.source:
        raise RandomnessError(
            f"the methodology draws from {rules.source}, not {randomness.source}", field="source"
        )
    if randomness.source == "drand-quicknet":
        wanted = quicknet_round(anchored_at, delay_seconds)
        if randomness.round != wanted:
            raise RandomnessError(
                f"the draw uses drand round {wanted} (of {quicknet_time(wanted)}), not {randomness.round}",
                field="round",
            )
    elif (randomness.block_time or 0) < anchored_at + delay_seconds:
        raise RandomnessError(
            f"block {randomness.block_number} was made before {anchored_at + delay_seconds}",
            field="block_time",
        )
    seed = job_seed(randomness.source, randomness.value(), subject, deliverable)
    return DrawSection(
        randomness=randomness, anchored_at=anchored_at, delay_seconds=delay_seconds, seed=seed.hex()
    )
