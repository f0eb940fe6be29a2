"""Solidity and Python agree on tabs: ids, digests, payouts; the contract takes what Python signs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from oracle.chain.abi import Abi, load_abi, parse_abi
from oracle.chain.quantities import Receipt
from oracle.chain.rpc import Rpc
from oracle.chain.tab_decoder import decode_tab_logs
from oracle.decide.tab_payouts import PeriodCase, PeriodSplit, agreed, overturned, stands, upheld
from oracle.domain import tab_terms
from oracle.domain.tab import Tally, digest_of, tabs_domain
from oracle.domain.tab_events import (
    PeriodJudged,
    PeriodSettled,
    Presented,
    TabEvent,
    TabOpened,
)
from oracle.domain.tab_terms import Phase as TabPhase
from oracle.domain.tab_terms import TabAgreement, TabOpening, TabTerms
from oracle.domain.types import Outcome
from scripts.local.anvil import CHAIN_ID, Anvil
from scripts.local.market import UNIT, Market
from scripts.local.tab_desk import TabDesk
from tests.markets import running_market

ROOT = Path(__file__).parents[3]
SOURCE = "tests/contracts/harness/TabsHarness.sol"
HARNESS = "0x" + "4b" * 20
CASES = 40  # in one example
EXAMPLES = settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # no shrinking: a failure names its case
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
hashes = st.binary(min_size=32, max_size=32).map(lambda b: "0x" + b.hex())
addresses = st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex())


def uints(bits: int) -> st.SearchStrategy[int]:
    return st.one_of(st.integers(0, 2**bits - 1), st.sampled_from([0, 1, 2**bits - 1]))


class Harness:
    """The libraries of tabs, on a chain."""

    def __init__(self, rpc: Rpc, abi: Abi) -> None:
        self.rpc, self.abi = rpc, abi

    def ask(self, requests: Sequence[tuple[str, tuple[Any, ...]]]) -> list[Any]:
        """What each function returns, in one batch."""
        functions = [self.abi.functions[name] for name, _ in requests]
        data = [(HARNESS, f.encode(*values)) for f, (_, values) in zip(functions, requests, strict=True)]
        answers = self.rpc.eth_calls(data)
        return [f.decode(answer)[0] for f, answer in zip(functions, answers, strict=True)]


@pytest.fixture(scope="module")
def market() -> Iterator[tuple[Anvil, Market]]:
    with running_market(with_tabs=True) as made:
        yield made


@pytest.fixture(scope="module")
def harness(market: tuple[Anvil, Market]) -> Harness:
    built = ROOT / ".build" / "tabs-harness"
    forge = ROOT / ".tools" / "bin" / "forge"
    command = [str(forge), "build", SOURCE, "--out", str(built / "out"), "--cache-path", str(built / "cache")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=350)
    artifact = json.loads((built / "out" / "TabsHarness.sol" / "TabsHarness.json").read_text())
    rpc = market[1].rpc
    rpc.call("anvil_setCode", [HARNESS, artifact["deployedBytecode"]["object"]], retry=False)
    return Harness(rpc, parse_abi(artifact["abi"]))


terms = st.builds(
    TabTerms,
    addresses,
    addresses,
    hashes,
    *([uints(64)] * 7),
    uints(40),
    *([uints(32)] * 7),
    uints(16),
)
openings = st.builds(TabOpening, hashes, hashes, uints(256), uints(40), uints(256))
outcomes = st.sampled_from(Outcome)


def raw(value: str) -> bytes:
    return bytes.fromhex(value[2:])


def terms_tuple(t: TabTerms) -> tuple[Any, ...]:
    buyer, provider, committee, *numbers = astuple(t)
    return (buyer, provider, raw(committee), *numbers)


def opening_tuple(o: TabOpening) -> tuple[Any, ...]:
    pact, offchain, *numbers = astuple(o)
    return (raw(pact), raw(offchain), *numbers)


@EXAMPLES
@given(
    cases=st.lists(
        st.tuples(terms, openings, hashes, uints(64), uints(64), uints(256), outcomes, outcomes),
        min_size=20,
        max_size=20,
    )
)
def test_ids_digests_and_deliverables_agree(harness: Harness, cases: list[tuple[Any, ...]]) -> None:
    domain = tabs_domain(CHAIN_ID, HARNESS)
    requests: list[tuple[str, tuple[Any, ...]]] = []
    expected: list[str] = []
    for t, o, root, count, amount, expiry, was, sought in cases:
        opening = tab_terms.tab_opening_hash(o)
        tab = tab_terms.tab_id(domain, TabAgreement(t, o))
        tally = Tally(tab=tab, count=count, amount=amount, root=root)
        signed = (count, amount, raw(root))
        rows = [
            ("opening", (opening_tuple(o),), opening),
            ("tab", (terms_tuple(t), raw(opening)), tab),
            ("tally", (raw(tab), signed), "0x" + digest_of(domain, tally).hex()),
            ("subject", (raw(tab), count), tab_terms.period_subject(tab, count)),
            ("deliverable", (raw(tab), count, signed), tab_terms.period_deliverable(tab, count, tally)),
            ("topUp", (raw(tab), amount, expiry, 9), tab_terms.top_up_digest(domain, tab, amount, expiry, 9)),
            (
                "dispute",
                (raw(tab), count, t.buyer, int(was), amount, int(sought), count, expiry),
                tab_terms.tab_dispute_digest(
                    domain, tab, count, t.buyer, (was, amount), (sought, count), expiry
                ),
            ),
            (
                "notice",
                (raw(tab), t.provider, expiry),
                tab_terms.notice_digest(domain, tab, t.provider, expiry),
            ),
            (
                "split",
                (raw(tab), count, int(TabPhase.OWING), 7, amount, expiry),
                tab_terms.tab_split_digest(domain, tab, count, TabPhase.OWING, 7, amount, expiry),
            ),
        ]
        for name, arguments, digest in rows:
            requests.append((name, arguments))
            expected.append(digest)
    assert ["0x" + answer.hex() for answer in harness.ask(requests)] == expected


@st.composite
def period_cases(draw: st.DrawFn) -> PeriodCase:
    members = draw(st.integers(1, 32))
    cost = draw(uints(64))
    silent = draw(st.booleans())
    return PeriodCase(
        bond=draw(uints(64)),
        verdict_fee=draw(uints(64)),
        fee=draw(uints(64)),
        deposit=cost + draw(uints(64)),
        arbiter_cost=cost,
        silence=draw(uints(64)),
        threshold=draw(st.integers(members // 2 + 1, members)),
        members=members,
        provisional=Outcome.LAPSE if silent else draw(st.sampled_from([o for o in Outcome if o])),
        payable=0 if silent else draw(uints(64)),
        by_silence=silent,
        buyer_disputes=draw(st.booleans()),
    )


@EXAMPLES
@given(
    cases=st.lists(
        st.tuples(period_cases(), st.sampled_from([o for o in Outcome if o]), uints(64)),
        min_size=CASES,
        max_size=CASES,
    )
)
def test_payouts_agree(harness: Harness, cases: list[tuple[PeriodCase, Outcome, int]]) -> None:
    requests: list[tuple[str, tuple[Any, ...]]] = []
    expected: list[PeriodSplit] = []
    for case, outcome, payable in cases:
        told = (*astuple(case)[:8], int(case.provisional), *astuple(case)[9:])
        requests += [
            ("stands", (told,)),
            ("upheld", (told,)),
            ("agreed", (told,)),
            ("overturned", (told, int(outcome), payable)),
        ]
        expected += [stands(case), upheld(case), agreed(case), overturned(case, outcome, payable)]
    assert [PeriodSplit(*answer) for answer in harness.ask(requests)] == expected


def test_the_contract_takes_what_python_signs_and_python_reads_what_it_says(
    market: tuple[Anvil, Market],
) -> None:
    chain, m = market
    desk = TabDesk(m)
    agreement = desk.agreement()
    tab = desk.id_of(agreement)
    answer = m.rpc.eth_call(
        m.tabs,
        load_abi("Tabs")
        .functions["tabId"]
        .encode(terms_tuple(agreement.terms), raw(tab_terms.tab_opening_hash(agreement.opening))),
    )
    assert "0x" + bytes(answer).hex() == tab
    [opened] = events(m, desk.open(agreement))
    assert opened == TabOpened(tab, m.buyer.address.lower(), m.provider.address.lower(), agreement, 0b11111)

    chain.warp(m.rpc, 3_600)
    tally = desk.tally(agreement, 1_000, 10 * UNIT)
    [presented] = events(m, desk.send(m.provider, desk.present_call(agreement, tally)))
    assert isinstance(presented, Presented)
    assert (presented.count, presented.amount, presented.root) == (1_000, 10 * UNIT, tally.root)
    assert not presented.last

    [judged] = events(m, desk.send(m.relayer, desk.judge_call(agreement, tally, 1, Outcome.PASS, 9 * UNIT)))
    assert isinstance(judged, PeriodJudged)
    assert (judged.outcome, judged.payable, judged.signers) == (Outcome.PASS, 9 * UNIT, 0b111)
    assert judged.evidence == tuple("0x" + bytes([0xC0 + i]).hex() * 32 for i in range(3))

    chain.warp(m.rpc, 86_400)
    [settled] = events(m, desk.send(m.relayer, desk.settle_call(agreement)))
    assert settled == PeriodSettled(tab, 1, Outcome.PASS, 9 * UNIT, 9 * UNIT, 0, 0, UNIT, 0b111)


def events(market: Market, receipt: Receipt) -> list[TabEvent]:
    """What the tab contract said in one transaction."""
    logs = [log for log in receipt.logs if log.address == market.tabs]
    return [occurrence.event for occurrence in decode_tab_logs(logs, market.tabs)]
