"""Fetch a round of drand's quicknet from any of its relays. Its signature proves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from oracle.evaluation.randomness import PublicRandomness, RandomnessError
from oracle.evidence.errors import EvidenceError
from oracle.evidence.http import HttpFetcher

QUICKNET_CHAIN: Final = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
RELAYS: Final = ("https://api.drand.sh", "https://api2.drand.sh", "https://drand.cloudflare.com")

_ANSWER_BYTES: Final = 10_000


class _Beacon(BaseModel):
    """A relay's answer; fields beyond these are not looked at."""

    model_config = ConfigDict(frozen=True)

    round: int
    signature: str


def fetch_quicknet(
    round_number: int,
    relays: Sequence[str] = RELAYS,
    *,
    fetcher: HttpFetcher | None = None,
    seconds: float = 10.0,
) -> PublicRandomness:
    """The signed random value of a round, from the first relay that gives a valid one.

    Args:
        round_number: see `oracle.decide.draw.quicknet_round`.
        relays: base addresses, https only.
        fetcher: for tests.
        seconds: for each relay.

    Raises:
        RandomnessError: no relay gave a valid value; it may not be made yet.
    """
    fetch = fetcher or HttpFetcher()
    last = "no relay is configured"
    for relay in relays:
        url = f"{relay.rstrip('/')}/{QUICKNET_CHAIN}/public/{round_number}"
        try:
            beacon = _Beacon.model_validate_json(fetch.get(url, max_bytes=_ANSWER_BYTES, seconds=seconds))
            value = PublicRandomness(
                source="drand-quicknet", round=beacon.round, signature=beacon.signature.lower()
            )
            value.value()
        except EvidenceError as error:
            last = error.message
        except ValidationError:
            last = f"{relay} did not answer with a beacon"
        except RandomnessError as error:
            last = error.message
        else:
            if value.round == round_number:
                return value
            last = f"{relay} answered with round {value.round}"
    raise RandomnessError(
        f"drand round {round_number} could not be had: {last}",
        field="round",
        next_step="try again when the round has been made, or configure other relays",
    )
