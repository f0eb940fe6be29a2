"""Peers that answer badly: it is recorded, waited out, and stops nobody else."""

from __future__ import annotations

import httpx
import pytest

from oracle.domain.types import Outcome
from oracle.peers.client import PeerClient, PeerError
from oracle.peers.limits import Breaker, Rates
from oracle.peers.messages import MAX_ANSWER_BYTES, ExchangeAnswer
from tests.unit.daemon.peer_nodes import (
    ACCOUNTS,
    STRANGER,
    Chain,
    Node,
    delivered,
    statement,
    streamed,
)


def client_for(answer: httpx.Response | Exception) -> PeerClient:
    def handle(_request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return PeerClient("http://peer", seconds=60.0, http=httpx.Client(transport=httpx.MockTransport(handle)))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.ConnectError("refused"), "unreachable"),
        (httpx.ReadTimeout("slow"), "unreachable"),
        (streamed(500, b"x" * 500), "unreachable"),
        (streamed(302, b"", location="http://127.0.0.1:8545"), "unreachable"),
        (streamed(200, b"not JSON"), "bad-answer"),
        (streamed(200, b" " * (MAX_ANSWER_BYTES + 1)), "bad-answer"),
        (streamed(200, ExchangeAnswer(results=(), statements=()).canonical()), "bad-answer"),
    ],
)
def test_an_answer_that_is_none__is_recorded_and_waited_out(
    chain: Chain, trio: list[Node], answer: httpx.Response | Exception, kind: str
) -> None:
    a = trio[0]
    job = delivered(chain, trio)
    a.attest(job)
    link = next(link for link in a.peering.exchange.links if link.evaluator == ACCOUNTS[1])
    link.client = client_for(answer)
    with pytest.raises(PeerError):
        a.peering.exchange.step(link)
    assert a.kinds(1) == {kind}
    assert link.breaker.failures == 1
    a.tell(2)
    assert trio[2].committed(job) == {0}, "the other peer is told all the same"


def test_lies_in_an_answer__are_checked_like_requests(chain: Chain, trio: list[Node]) -> None:
    a = trio[0]
    job = delivered(chain, trio)
    a.attest(job)
    lies = ExchangeAnswer(
        results=("stored",),
        statements=(
            statement(1, job, attester=2),
            statement(1, job, signer=STRANGER, salt="0x" + "5b" * 32),
        ),
    )
    link = next(link for link in a.peering.exchange.links if link.evaluator == ACCOUNTS[1])
    link.client = client_for(streamed(200, lies.canonical()))
    a.peering.exchange.step(link)
    assert a.attested(job) == {0: Outcome.PASS}
    assert a.kinds(1) == {"bad-attestation", "bad-commitment"}


def test_the_breaker_waits_longer_each_time__and_closes_again() -> None:
    now = [0.0]
    breaker = Breaker(first=1.0, longest=8.0, clock=lambda: now[0])
    assert breaker.waits == 0
    assert [breaker.failed() for _ in range(5)] == [1.0, 2.0, 4.0, 8.0, 8.0]
    now[0] += 7.9
    assert breaker.waits > 0
    now[0] += 0.2
    assert breaker.waits == 0
    assert breaker.worked()
    assert not breaker.worked()


def test_rates_forget_the_longest_silent_and_refill() -> None:
    now = [0.0]
    rates = Rates(per_second=1.0, burst=2, most=2, clock=lambda: now[0])
    assert [rates.allows("a") for _ in range(3)] == [True, True, False]
    now[0] += 1
    assert rates.allows("a")
    assert not rates.allows("a")
    assert [rates.allows("b"), rates.allows("c")] == [True, True]
    assert rates.allows("a"), "forgotten: its bucket is full again, and memory is bounded"
