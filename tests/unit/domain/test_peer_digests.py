"""What evaluators sign for each other: EIP-712 as others compute it, and of no use to any contract."""

from __future__ import annotations

from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.domain import typed
from oracle.domain.terms import Attestation
from oracle.domain.types import Outcome
from tests.unit.domain.test_typed import domains, hashes, reference


@settings(max_examples=30, deadline=None)
@given(domains, hashes, st.integers(0, 31), hashes, hashes, hashes)
def test_commitment(
    domain: typed.Domain, committee: str, evaluator: int, job: str, deliverable: str, commitment: str
) -> None:
    peers = typed.peers_domain(domain)
    assert typed.commitment_digest(peers, committee, evaluator, job, deliverable, commitment) == reference(
        peers, typed.COMMITMENT_TYPE, [committee, evaluator, job, deliverable, commitment]
    )


@settings(max_examples=30, deadline=None)
@given(domains, st.text("abc/123", max_size=30), st.binary(max_size=200))
def test_request(domain: typed.Domain, route: str, body: bytes) -> None:
    peers = typed.peers_domain(domain)
    expected = reference(peers, typed.REQUEST_TYPE, [route, "0x" + keccak(body).hex()])
    assert typed.request_digest(peers, route, body) == expected


@given(domains, hashes, hashes, hashes, st.sampled_from([Outcome.PASS, Outcome.FAIL]), hashes)
def test_a_commitment_binds_to_one_attestation_and_hides_it(
    domain: typed.Domain, job: str, deliverable: str, evidence: str, outcome: Outcome, salt: str
) -> None:
    digest = typed.attestation_digest(domain, Attestation(job, deliverable, outcome, evidence))
    other = Outcome.FAIL if outcome is Outcome.PASS else Outcome.PASS
    against = typed.attestation_digest(domain, Attestation(job, deliverable, other, evidence))
    made = typed.commitment_to(digest, salt)
    assert made != typed.commitment_to(against, salt)
    assert made != typed.commitment_to(digest, "0x" + keccak(bytes.fromhex(salt[2:])).hex())
    assert made == "0x" + keccak(b"earnest/commitment/1" + bytes.fromhex(digest[2:] + salt[2:])).hex()


@given(domains)
def test_the_domain_is_of_this_chain_and_escrow__and_not_the_escrows(domain: typed.Domain) -> None:
    peers = typed.peers_domain(domain)
    assert (peers.chain_id, peers.contract) == (domain.chain_id, domain.contract)
    assert peers.separator != domain.separator
    assert peers.separator != typed.usdc_domain(domain.chain_id, domain.contract).separator
