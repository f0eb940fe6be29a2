"""The client against a real node: its refusals, its reverts, its logs."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from oracle.chain import calls, errors
from oracle.chain.rpc import Fees
from oracle.chain.transactions import Transaction, bumped, sign_transaction
from oracle.domain import typed
from oracle.domain.events import CommitteeCreated, Delivered, JobOpened, Joined, UpFrontPaid
from oracle.domain.job import mark_of
from oracle.domain.types import Outcome, State
from scripts.local.anvil import CHAIN_ID
from scripts.local.market import UNIT
from tests.integration.chain.conftest import Desk

DELIVERABLE = "0x" + "d1" * 32


def plain(desk: Desk, **changes: Any) -> Transaction:
    """A transfer of nothing to the escrow's neighbour, good as it stands."""
    rpc = desk.market.rpc
    fees = rpc.fees()
    good = Transaction(
        chain_id=CHAIN_ID,
        nonce=rpc.nonce(desk.market.relayer.address.lower()),
        to="0x" + "f3" * 20,
        data=b"",
        gas=21_000,
        max_fee_per_gas=fees.max_fee_per_gas,
        max_priority_fee_per_gas=fees.max_priority_fee_per_gas,
    )
    return replace(good, **changes)


def send(desk: Desk, transaction: Transaction, who: str = "relayer") -> str:
    signed = sign_transaction(transaction, bytes(desk.account(who).key))
    assert desk.market.rpc.send_raw(signed.raw) == signed.hash
    return signed.hash


def wait_mined(desk: Desk, sent: str) -> None:
    """The node answers a sending before it mines it, and a busy one long before."""
    deadline = time.monotonic() + 60
    while desk.market.rpc.receipts([sent]) == [None]:
        assert time.monotonic() < deadline, "the node mined nothing within a minute"
        time.sleep(0.01)


def test_the_node_s_refusals_have_types(desk: Desk) -> None:
    rpc = desk.market.rpc
    mined = plain(desk)
    wait_mined(desk, send(desk, mined))
    with pytest.raises(errors.NonceTooLowError):
        send(desk, mined)
    with pytest.raises(errors.IntrinsicGasError):
        send(desk, plain(desk, gas=20_000))
    with pytest.raises(errors.GasLimitError):
        send(desk, plain(desk, gas=10**12))
    with pytest.raises(errors.InsufficientFundsError):
        send(desk, plain(desk, value=10**30))
    with pytest.raises(errors.FeeTooLowError):
        send(desk, plain(desk, max_fee_per_gas=1, max_priority_fee_per_gas=1))

    rpc.call("evm_setAutomine", [False], retry=False)
    try:
        pending = plain(desk)
        first = send(desk, pending)
        with pytest.raises(errors.AlreadyKnownError):
            send(desk, pending)
        with pytest.raises(errors.ReplacementUnderpricedError):
            send(desk, replace(pending, data=b"\x01", gas=30_000))
        old = Fees(pending.max_fee_per_gas, pending.max_priority_fee_per_gas, 0)
        new = bumped(old, rpc.fees())
        second = send(
            desk,
            replace(
                pending,
                max_fee_per_gas=new.max_fee_per_gas,
                max_priority_fee_per_gas=new.max_priority_fee_per_gas,
            ),
        )
        rpc.call("evm_mine", [], retry=False)
        first_receipt, second_receipt = rpc.receipts([first, second])
        assert first_receipt is None
        assert second_receipt is not None
    finally:
        rpc.call("evm_setAutomine", [True], retry=False)
    assert rpc.transaction_known(second)
    assert not rpc.transaction_known("0x" + "12" * 32)


def test_events_and_views_tell_the_same_story(desk: Desk) -> None:
    market = desk.market
    escrow, rpc = market.escrow, market.rpc
    agreement = market.agreement(gated=1_000 * UNIT, bond=200 * UNIT, fee=20 * UNIT, up_front=5 * UNIT)
    market.open(agreement)
    job = typed.job_id(escrow.domain, agreement)
    market.send(market.provider, calls.deliver(job, DELIVERABLE))
    head = rpc.block_number()
    happened = list(escrow.search(0, head, at_once=3))
    assert [o.event for o in happened] == [o.event for o in escrow.events(0, head)]
    events = [o.event for o in happened]
    assert JobOpened(job, agreement.terms.buyer, agreement.terms.provider, agreement, 0b11111, 0) in events
    assert Delivered(job, DELIVERABLE) in events
    assert UpFrontPaid(job, 5 * UNIT, paid=True) in events
    assert CommitteeCreated(market.committee_id, market.committee) in events
    assert escrow.committee_terms(market.committee_id, 0) == market.committee
    joined = [event for event in events if isinstance(event, Joined)]
    assert [(e.index, e.key) for e in joined] == [
        (i, evaluator.key.address.lower()) for i, evaluator in enumerate(market.evaluators)
    ]

    view = escrow.job_state(job)
    assert (view.state, view.delivered, view.mark) == (State.OPEN, True, mark_of(DELIVERABLE))
    assert escrow.job_states([job, "0x" + "00" * 32])[1].state is State.NONE
    assert escrow.job_id(agreement.terms, typed.opening_hash(agreement.opening)) == job
    key = escrow.key_of(market.committee_id, market.evaluators[2].key.address.lower())
    assert (key.index, key.known, key.retired_at) == (2, True, 0)
    assert escrow.evaluator(market.committee_id, 4) == escrow.evaluators(market.committee_id, 5)[4]
    assert escrow.usdc() == market.usdc


def test_attestations_can_be_asked_about_before_gas_is_spent(desk: Desk) -> None:
    market = desk.market
    agreement = market.agreement(gated=1_000 * UNIT, bond=0, fee=20 * UNIT)
    verdict = market.verdict(agreement, DELIVERABLE, Outcome.PASS, (0, 1, 2))
    subject = typed.job_id(market.escrow.domain, agreement)

    def ask(signers: int, outcome: Outcome = Outcome.PASS) -> None:
        market.escrow.check_attestations(
            market.committee_id,
            members=0b11111,
            subject=subject,
            deliverable=DELIVERABLE,
            outcome=outcome,
            payable=0,
            signers=signers,
            attested=verdict.attested,
        )

    ask(verdict.signers)
    for signers, outcome, name in (
        (0b11001, Outcome.PASS, "NotTheKey"),
        (0b00111, Outcome.FAIL, "NotTheKey"),
        (0b01111, Outcome.PASS, "SignerCount"),
        (0b00111, Outcome.NONE, "BadOutcome"),
    ):
        with pytest.raises(errors.RevertedError) as caught:
            ask(signers, outcome)
        assert caught.value.name == name


def test_the_escrow_is_told_from_other_contracts(desk: Desk) -> None:
    market = desk.market
    market.escrow.check_domain()
    elsewhere = type(market.escrow)(market.rpc, "0x" + "f3" * 20, CHAIN_ID)
    with pytest.raises(errors.ChainError, match="there is no contract at"):
        elsewhere.check_domain()
    other_chain = type(market.escrow)(market.rpc, market.escrow.address, 1)
    with pytest.raises(errors.ChainError, match="under another domain"):
        other_chain.check_domain()
    token = type(market.escrow)(market.rpc, market.usdc, CHAIN_ID)
    with pytest.raises(errors.ChainError):
        token.check_domain()


def test_a_committee_that_does_not_exist_is_named(desk: Desk) -> None:
    with pytest.raises(errors.RevertedError) as caught:
        desk.market.escrow.committee_state("0x" + "12" * 32)
    assert caught.value.name == "UnknownCommittee"
    with pytest.raises(errors.ChainError, match="was not created"):
        desk.market.escrow.committee_terms("0x" + "12" * 32, 0)
