"""Who may ask a peer: whom it does not know, or has heard enough of, changes nothing."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from oracle.domain import events
from oracle.peers.limits import Rates
from oracle.peers.messages import ROUTE
from oracle.peers.router import peer_router
from oracle.web.app import make_app
from oracle.web.limits import Limits
from tests.unit.daemon.peer_nodes import (
    COMMITTEE,
    SIGNERS,
    STRANGER,
    Chain,
    Node,
    delivered,
    nodes,
    post,
    results,
    signed,
    statement,
)


@pytest.mark.parametrize(
    ("named", "status"),
    [
        ({"signer": STRANGER}, 401),  # not the key of the evaluator it names
        ({"sender": 2, "signer": signed}, 401),
        ({"recipient": 2}, 404),  # meant for another: of no use here
        ({"committee": "0x" + "99" * 32}, 404),  # a committee nobody heard of
        ({"ahead": 3_600}, 401),
        ({"ahead": -3_600}, 401),
        ({"route": "/other"}, 401),  # signed for another purpose
        ({"change": lambda body: body.replace(b'"sender":1', b'"sender":2')}, 401),
        ({"change": lambda body: body[:-1]}, 400),
        ({"change": lambda body: b"[" * len(body)}, 400),
        ({"change": lambda body: body.replace(b"{", b'{"x":1,', 1)}, 400),
        ({"change": lambda body: b"{" + b" " * 300_000 + body[1:]}, 413),
    ],
)
def test_who_is_no_peer__is_refused_and_changes_nothing(
    chain: Chain, trio: list[Node], named: dict[str, object], status: int
) -> None:
    job = delivered(chain, trio)
    named = {name: SIGNERS[1] if value is signed else value for name, value in named.items()}
    refused = post(trio[0], statement(1, job), **named)  # type: ignore[arg-type]
    assert refused.status_code == status, refused.text
    assert not trio[0].committed(job)
    assert not trio[0].stored(job)


def test_a_request_seen_before__is_refused(chain: Chain, trio: list[Node]) -> None:
    job = delivered(chain, trio)
    same: dict[str, object] = {"nonce": "0x" + "11" * 16}
    assert post(trio[0], statement(1, job), **same).status_code == 200  # type: ignore[arg-type]
    again = post(trio[0], statement(1, job), **same)  # type: ignore[arg-type]
    assert again.status_code == 409
    assert trio[0].kinds(1) == {"replay"}


def test_a_key_that_was_replaced__opens_no_door(chain: Chain, trio: list[Node]) -> None:
    job = delivered(chain, trio)
    old = trio[1].signer
    chain.block(10_020, events.KeyRotated(COMMITTEE, 1, STRANGER.address, old.address))
    trio[0].sync()
    assert post(trio[0], statement(1, job), signer=old).status_code == 401
    fresh = post(trio[0], statement(1, job, signer=STRANGER, reveal=False), signer=STRANGER)
    assert results(fresh) == ("stored",)


def test_who_is_expelled__is_shut_out(chain: Chain, trio: list[Node]) -> None:
    job = delivered(chain, trio)
    chain.block(10_020, events.Expelled(COMMITTEE, 1, job, 1))
    trio[0].sync()
    assert post(trio[0], statement(1, job)).status_code == 403


def test_who_asks_too_often__is_told_to_wait__and_others_are_not(urls: list[str], chain: Chain) -> None:
    with nodes(urls, chain, requests_per_second=1.0) as trio:
        job = delivered(chain, trio)
        answers = [post(trio[0], statement(1, job)).status_code for _ in range(12)]
        assert answers[:5] == [200] * 5
        assert 429 in answers
        assert post(trio[0], statement(2, job), sender=2).status_code == 200
        assert trio[0].kinds(1) == {"too-many-requests"}


def test_strangers_are_limited_before_anything_is_read(chain: Chain, trio: list[Node]) -> None:
    rates = Rates(per_second=0.001, burst=3)
    client = TestClient(make_app([peer_router(trio[0].peering.desk, rates)], limits=Limits()))
    assert [client.post(ROUTE, content=b"{}").status_code for _ in range(5)] == [400] * 3 + [429] * 2
