"""Solidity and Python agree: payouts, ids, digests and rules, on thousands of generated cases.

The pure libraries are reached through tests/contracts/harness/LibrariesHarness.sol, the rules through the
escrow itself. Each hypothesis example holds many cases, which go to the node in one batch.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from oracle.chain import calls
from oracle.chain.abi import Abi, parse_abi
from oracle.chain.errors import RevertedError
from oracle.chain.rpc import Rpc
from oracle.decide.payouts import Payout, Stakes, agreed, may_dispute, ruled, stands, upheld
from oracle.decide.rules import Constants, agreement_problems, committee_problems
from oracle.domain import typed
from oracle.domain.committee import CENT, MAX_CENTS, MAX_WHOLE, UNBOUNDED, WHOLE, Committee, reserved_share
from oracle.domain.terms import Agreement, Attestation, Opening, Terms
from oracle.domain.types import ZERO_ADDRESS, Basis, Funding, Outcome, Party, State
from scripts.local.anvil import CHAIN_ID, Anvil
from scripts.local.market import Market

ROOT = Path(__file__).parents[3]
SOURCE = "tests/contracts/harness/LibrariesHarness.sol"
HARNESS = "0x" + "4a" * 20
CASES = 60  # in one example
# `make verify` multiplies the generated cases.
FACTOR = int(os.environ.get("EARNEST_DIFFERENTIAL_FACTOR", "1"))
EXAMPLES = settings(
    max_examples=25 * FACTOR,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # no shrinking: a failure names its case
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
        HealthCheck.filter_too_much,
    ],
)

u64 = st.one_of(st.integers(0, 2**64 - 1), st.sampled_from([0, 1, 2, 3, 5, 7, 10, 2**64 - 1]))
hashes = st.binary(min_size=32, max_size=32).map(lambda b: "0x" + b.hex())
addresses = st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex())


def uints(bits: int) -> st.SearchStrategy[int]:
    return st.one_of(st.integers(0, 2**bits - 1), st.sampled_from([0, 1, 2**bits - 1]))


@dataclass
class Harness:
    """The libraries, on a chain."""

    rpc: Rpc
    abi: Abi

    def ask(self, requests: Sequence[tuple[str, tuple[Any, ...]]]) -> list[Any]:
        """What each function returns, in one batch."""
        functions = [self.abi.functions[name] for name, _ in requests]
        data = [(HARNESS, f.encode(*values)) for f, (_, values) in zip(functions, requests, strict=True)]
        answers = self.rpc.eth_calls(data)
        return [f.decode(answer)[0] for f, answer in zip(functions, answers, strict=True)]


@pytest.fixture(scope="module")
def harness(cli_market: tuple[Anvil, Market]) -> Harness:
    built = ROOT / ".build" / "harness"
    forge = ROOT / ".tools" / "bin" / "forge"
    command = [str(forge), "build", SOURCE, "--out", str(built / "out"), "--cache-path", str(built / "cache")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=350)
    artifact = json.loads((built / "out" / "LibrariesHarness.sol" / "LibrariesHarness.json").read_text())
    rpc = cli_market[1].rpc
    rpc.call("anvil_setCode", [HARNESS, artifact["deployedBytecode"]["object"]], retry=False)
    return Harness(rpc, parse_abi(artifact["abi"]))


@st.composite
def stakes(draw: st.DrawFn) -> Stakes:
    members = draw(st.integers(1, 32))
    return Stakes(
        gated=draw(u64),
        bond=draw(u64),
        fee=draw(u64),
        threshold=draw(st.integers(members // 2 + 1, members)),
        arbiter_cost=draw(u64),
        silence=draw(u64),
        members=members,
        silent=draw(st.integers(0, members)),
    )


rests = st.sampled_from(
    [
        *[(o, Basis.VERDICT) for o in Outcome if o],
        (Outcome.FAIL, Basis.NO_SHOW),
        (Outcome.LAPSE, Basis.SILENCE),
    ]
)


def case_tuple(s: Stakes, outcome: Outcome, basis: Basis, disputant: Party | None) -> tuple[Any, ...]:
    return (
        s.gated,
        s.bond,
        s.fee,
        s.deposit if disputant else 0,
        s.arbiter_cost if disputant else 0,
        s.silence,
        s.threshold,
        s.members,
        s.silent,
        int(outcome),
        int(basis),
        disputant is Party.BUYER,
    )


def split_of(payout: Payout) -> tuple[int, ...]:
    return payout.buyer, payout.provider, payout.evaluators, payout.arbiter, payout.slash_each


@EXAMPLES
@given(data=st.data())
def test_payouts_agree(harness: Harness, data: st.DataObject) -> None:
    cases = data.draw(
        st.lists(
            st.tuples(stakes(), rests, st.sampled_from(Party), uints(64)), min_size=CASES, max_size=CASES
        )
    )
    requests: list[tuple[str, tuple[Any, ...]]] = []
    expected: list[tuple[int, ...]] = []

    def add(name: str, arguments: tuple[Any, ...], payout: Payout) -> None:
        requests.append((name, arguments))
        expected.append(split_of(payout))

    for s, (outcome, basis), party, part in cases:
        add("stands", (case_tuple(s, outcome, basis, None),), stands(s, outcome, basis))
        disputant = party if may_dispute(outcome, party) else None
        to_buyer = part % (s.value + 1)
        silence = basis is Basis.SILENCE
        case = case_tuple(s, outcome, basis, disputant)
        add("agreed", (case, to_buyer), agreed(s, to_buyer, by_silence=silence, disputant=disputant))
        if disputant is None:
            continue
        add("stands", (case,), stands(s, outcome, basis, disputant))
        add("upheld", (case,), upheld(s, outcome, basis, disputant))
        for ruling in Outcome:
            if ruling not in (Outcome.NONE, outcome):
                payout = ruled(s, outcome, basis, disputant, ruling)
                add("overturned", (case, int(ruling)), payout)
    assert [tuple(answer) for answer in harness.ask(requests)] == expected


@EXAMPLES
@given(cases=st.lists(st.tuples(u64, u64, u64, st.integers(1, 32)), min_size=CASES, max_size=CASES))
def test_deposits_and_shares_agree(harness: Harness, cases: list[tuple[int, int, int, int]]) -> None:
    requests: list[tuple[str, tuple[Any, ...]]] = []
    expected = []
    for value, cost, silence, k in cases:
        requests += [("depositFor", (value, cost)), ("share", (value, silence, k))]
        expected += [
            Stakes(gated=value, bond=0, fee=0, threshold=k, arbiter_cost=cost).deposit,
            reserved_share(value=value, silence=silence, threshold=k),
        ]
    assert harness.ask(requests) == expected


terms = st.builds(Terms, addresses, addresses, hashes, u64, u64, u64, uints(40), uints(32), uints(32))
openings = st.builds(Opening, hashes, hashes, uints(256), u64, uints(40), uints(40), uints(256))
outcomes, states = st.sampled_from(Outcome), st.sampled_from(State)


@settings(EXAMPLES, max_examples=100 * FACTOR)
@given(
    cases=st.lists(
        st.tuples(terms, openings, hashes, hashes, addresses, outcomes, states, uints(256), uints(256)),
        min_size=20,
        max_size=20,
    )
)
def test_ids_and_digests_agree(
    harness: Harness, cli_market: tuple[Anvil, Market], cases: list[tuple[Any, ...]]
) -> None:
    domain = typed.Domain(CHAIN_ID, HARNESS)
    assert harness.ask([("domainSeparator", ())]) == [domain.separator]
    requests: list[tuple[str, tuple[Any, ...]]] = []
    expected: list[str] = []
    for t, o, one, two, who, outcome, state, number, expiry in cases:
        a, b = bytes.fromhex(one[2:]), bytes.fromhex(two[2:])
        opening = typed.opening_hash(o)
        attestation = Attestation(one, two, outcome, opening, number)
        opening_bytes = bytes.fromhex(opening[2:])
        rows = [
            ("openingHash", (calls.opening_tuple(o),), opening),
            ("job", (calls.terms_tuple(t), opening_bytes), typed.job_id(domain, Agreement(t, o))),
            ("milestones", ([a, b, a],), typed.milestones_digest(domain, [one, two, one])),
            (
                "attestation",
                (a, b, int(outcome), number, opening_bytes),
                typed.attestation_digest(domain, attestation),
            ),
            ("delivery", (a, b, expiry), typed.delivery_digest(domain, one, two, expiry)),
            (
                "dispute",
                (a, who, int(outcome), 1, expiry),
                typed.dispute_digest(domain, one, who, outcome, Outcome.PASS, expiry),
            ),
            (
                "concession",
                (a, who, int(state), int(outcome), expiry),
                typed.concession_digest(domain, one, who, state, outcome, expiry),
            ),
            (
                "split",
                (a, int(state), int(outcome), number, expiry),
                typed.split_digest(domain, one, state, outcome, number, expiry),
            ),
            ("deposit", (who, number, expiry, 7), typed.deposit_digest(domain, who, number, expiry, 7)),
            (
                "pledge",
                (who, t.buyer, a, number, expiry),
                typed.pledge_digest(domain, who, t.buyer, one, number, expiry),
            ),
            ("key", (a, who, t.provider), typed.key_digest(domain, one, who, t.provider)),
        ]
        for name, arguments, digest in rows:
            requests.append((name, arguments))
            expected.append(digest)
    assert ["0x" + answer.hex() for answer in harness.ask(requests)] == expected


committees = st.builds(
    Committee,
    st.one_of(
        st.lists(addresses, min_size=1, max_size=6).map(tuple),
        st.lists(st.one_of(addresses, st.just(ZERO_ADDRESS)), max_size=34).map(tuple),
    ),
    st.integers(0, 40),
    u64,
    hashes,
    st.one_of(addresses, st.just(ZERO_ADDRESS)),
    u64,
    st.one_of(
        st.integers(0, MAX_CENTS).map(lambda n: n * CENT), st.sampled_from([0, UNBOUNDED, UNBOUNDED - 1]), u64
    ),
    st.one_of(uints(16), st.sampled_from([0, 2**16 - 1, 2**16])),
    st.one_of(
        st.integers(0, MAX_WHOLE).map(lambda n: n * WHOLE), st.sampled_from([UNBOUNDED, UNBOUNDED - 1]), u64
    ),
    st.one_of(uints(24), st.sampled_from([2**24 - 1, 2**24])),
    st.one_of(uints(32), st.sampled_from([0, 1, 60 * 86_400, 60 * 86_400 + 1])),
    st.one_of(uints(32), st.sampled_from([0, 30 * 86_400, 30 * 86_400 + 1])),
    u64,
    uints(256),
)


@settings(EXAMPLES, max_examples=300 * FACTOR)
@given(
    committee=committees,
    ascending=st.sampled_from([True, True, True, False]),
    fitting=st.sampled_from([True, True, True, False]),
    escrow_is=st.sampled_from(["nobody"] * 6 + ["arbiter", "evaluator"]),
)
def test_committees_the_contract_refuses_are_found_offline(
    cli_market: tuple[Anvil, Market], committee: Committee, ascending: bool, fitting: bool, escrow_is: str
) -> None:
    market = cli_market[1]
    escrow = market.escrow.address
    if escrow_is == "arbiter":
        committee = replace(committee, arbiter=escrow)
    elif escrow_is == "evaluator":
        committee = replace(committee, evaluators=(*committee.evaluators, escrow))
    if ascending:
        committee = replace(committee, evaluators=tuple(sorted(set(committee.evaluators))))
    if fitting:
        n = len(committee.evaluators)
        committee = replace(committee, threshold=min(max(committee.threshold, n // 2 + 1), n))
    problems = {solidity(problem.field) for problem in committee_problems(committee, escrow)}
    refusal = refusal_of(market, calls.create_committee(committee))
    if not problems & {"feeFlat", "feeRate", "maxChallenge", "minRuling"}:  # which the id must be able to say
        assert market.escrow.committee_id(committee) == typed.committee_id(CHAIN_ID, escrow, committee)
    if refusal is None:
        assert not problems
    else:
        assert refusal.name == "BadCommittee"
        assert refusal.args_by_name["field"] in problems


def solidity(field: str) -> str:
    """A field of ours by the contract's name."""
    first, *rest = field.split("_")
    return first + "".join(word.title() for word in rest)


def refusal_of(market: Market, data: bytes) -> RevertedError | None:
    """What the escrow says to a call, without sending it."""
    try:
        market.rpc.eth_call(market.escrow.address, data, sender=market.relayer.address.lower())
    except RevertedError as error:
        return error
    return None


HOUR, DAY = 3_600, 86_400


@st.composite
def agreements(draw: st.DrawFn) -> dict[str, Any]:
    """Changes to a good agreement: each field good, at a boundary, or wrong."""
    return {
        "buyer": draw(st.sampled_from(["buyer", "buyer", "zero", "escrow"])),
        "provider": draw(st.sampled_from(["provider", "provider", "zero", "escrow", "buyer"])),
        "gated": draw(st.sampled_from([0, 1, 10**9, 20_000 * 10**6, 20_000 * 10**6 + 1, 2**64 - 1])),
        "bond": draw(st.sampled_from([0, 1, 10**8, 2**64 - 1])),
        "fee": draw(st.sampled_from([0, 10**6 - 1, 10**6, 10**8, 2**64 - 1])),
        "open_by": draw(st.sampled_from([-HOUR, HOUR, HOUR, DAY])),
        "delivery": draw(st.sampled_from([-1, 0, 1, 2, 3, DAY])),
        "verdict": draw(st.sampled_from([-1, 0, 1, 2, DAY, 200 * DAY])),
        "challenge": draw(st.sampled_from([0, 1, 3, 4, DAY, 7 * DAY, 7 * DAY + 1, 30 * DAY + 1, 2**32 - 1])),
        "ruling": draw(st.sampled_from([0, 1, DAY, 60 * DAY, 60 * DAY + 1])),
    }


@settings(EXAMPLES, max_examples=20 * FACTOR)
@given(changes=st.lists(agreements(), min_size=CASES, max_size=CASES))
def test_agreements_the_contract_refuses_are_found_offline(
    cli_market: tuple[Anvil, Market], changes: list[dict[str, Any]]
) -> None:
    market = cli_market[1]
    escrow, now = market.escrow.address, market.now()
    constants = Constants(*market.escrow.constants())
    state = market.escrow.committee_state(market.committee_id)
    who = {
        "buyer": market.buyer.address.lower(),
        "provider": market.provider.address.lower(),
        "zero": ZERO_ADDRESS,
        "escrow": escrow,
    }
    made = []
    for change in changes:
        open_by = now + change["open_by"]
        deliver_by = open_by + change["delivery"]
        made.append(
            Agreement(
                Terms(
                    buyer=who[change["buyer"]],
                    provider=who[change["provider"]],
                    committee=market.committee_id,
                    gated=change["gated"],
                    bond=change["bond"],
                    fee=change["fee"],
                    judge_by=deliver_by + change["verdict"],
                    challenge=change["challenge"],
                    ruling=change["ruling"],
                ),
                Opening("0x" + "a1" * 32, "0x" + "b2" * 32, 0, 0, open_by, deliver_by, 1),
            )
        )
    requests = [
        (
            "eth_call",
            [
                {
                    "to": escrow,
                    "from": market.relayer.address,
                    "data": "0x"
                    + calls.open_job(a, Funding.AUTHORIZATION, provider_signature=b"\x01" * 65).hex(),
                },
                "latest",
            ],
        )
        for a in made
    ]
    for agreement, answer in zip(made, market.rpc.batch(requests), strict=True):
        problems = agreement_problems(agreement, escrow=escrow, now=now, constants=constants, committee=state)
        assert isinstance(answer, RevertedError), answer
        if not problems:
            # Only what the rules do not know is left: a signature that is none, a bond that is not there.
            assert answer.name in ("NotSignedBy", "MalformedSignature", "HighS", "InsufficientCollateral")
            continue
        found = {problem.field for problem in problems}
        assert blamed(answer) & found, (answer, problems)


def blamed(error: RevertedError) -> set[str]:
    """The fields of ours that a refusal of the contract is about."""
    by_field = {
        "buyer": {"terms.buyer"},
        "provider": {"terms.provider"},
        "gated": {"terms.gated"},
        "deliverBy": {"opening.deliver_by"},
        "judgeBy": {"terms.judge_by"},
        "challenge": {"terms.challenge"},
        "ruling": {"terms.ruling"},
    }
    by_name = {
        "TooLate": {"opening.open_by"},
        "FeeTooLow": {"terms.fee"},
        "ValueTooHigh": {"terms.gated"},
        "CoverageExhausted": {"terms.committee"},
        "TooFewMembers": {"terms.committee"},
    }
    if error.name == "BadTerms":
        return by_field[error.args_by_name["field"]]
    return by_name.get(error.name or "", set())
