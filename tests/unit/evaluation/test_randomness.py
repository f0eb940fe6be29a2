"""A public random value proves itself, and only the right one counts."""

from __future__ import annotations

import json

import httpx
import pytest
from pydantic import ValidationError

from oracle.decide.draw import quicknet_time
from oracle.evaluation.drand import fetch_quicknet
from oracle.evaluation.randomness import PublicRandomness, RandomnessError, make_draw
from oracle.evidence.http import HttpFetcher
from oracle.pact.methodology import DrawRules

# a real round of drand's quicknet, from drand-verify's own documentation
ROUND = 657413
SIGNATURE = "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b"
VALUE = "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587"
JOB, DELIVERABLE = "0x" + "11" * 32, "0x" + "22" * 32
RULES = DrawRules(source="drand-quicknet", delay_seconds=30)


def beacon(number: int = ROUND, signature: str = SIGNATURE) -> PublicRandomness:
    return PublicRandomness(source="drand-quicknet", round=number, signature=signature)


def draw_from(value: PublicRandomness, anchored_at: int = quicknet_time(ROUND) - 30) -> str:
    section = make_draw(value, subject=JOB, deliverable=DELIVERABLE, anchored_at=anchored_at, rules=RULES)
    return section.seed


def test_a_real_round_is_verified_offline() -> None:
    assert beacon().value().hex() == VALUE
    assert len(draw_from(beacon())) == 64


@pytest.mark.parametrize(
    ("number", "signature"), [(ROUND + 1, SIGNATURE), (ROUND, SIGNATURE[:-1] + "c"), (ROUND, "00" * 48)]
)
def test_a_forged_round_is_refused(number: int, signature: str) -> None:
    with pytest.raises(RandomnessError, match="not the network's"):
        beacon(number, signature).value()


@pytest.mark.parametrize("shift", [-3, 3, 60])
def test_another_round_than_the_one_due_is_refused(shift: int) -> None:
    with pytest.raises(RandomnessError, match="the draw uses drand round"):
        draw_from(beacon(), quicknet_time(ROUND) - 30 + shift)


def test_fields_of_another_source_are_refused() -> None:
    with pytest.raises(ValidationError, match="do not fit the source"):
        PublicRandomness(source="drand-quicknet", round=1)
    with pytest.raises(ValidationError, match="do not fit the source"):
        PublicRandomness(source="block-hash", round=1, signature=SIGNATURE)


def fetcher(**answers: httpx.Response) -> HttpFetcher:
    def answer(request: httpx.Request) -> httpx.Response:
        return answers[request.headers["host"].split(".")[0]]

    return HttpFetcher(resolver=lambda _host, _port: ["93.184.216.34"], transport=httpx.MockTransport(answer))


def answer_with(body: object, status: int = 200) -> httpx.Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.Response(status, stream=httpx.ByteStream(data))


def test_relays_that_fail_or_lie_are_passed_over() -> None:
    good = {"round": ROUND, "signature": SIGNATURE, "randomness": VALUE}
    chosen = fetcher(
        down=answer_with(b"", 503),
        rubbish=answer_with(b"<html>"),
        forged=answer_with(good | {"signature": SIGNATURE[:-1] + "c"}),
        other=answer_with(good | {"round": ROUND + 1}),
        good=answer_with(good),
    )
    names = ["down", "rubbish", "forged", "other", "good"]
    relays = [f"https://{name}.example" for name in names]
    assert fetch_quicknet(ROUND, relays, fetcher=chosen) == beacon()


def test_no_relay_is_an_error_that_names_the_round() -> None:
    chosen = fetcher(down=answer_with(b"", 404))
    with pytest.raises(RandomnessError, match=f"drand round {ROUND} could not be had"):
        fetch_quicknet(ROUND, ["https://down.example"], fetcher=chosen)
