"""A real chain, a real evaluator that serves its pages, and people who act on both."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import httpx
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address
from web3 import HTTPProvider, Web3

from oracle.chain import calls
from oracle.domain import typed
from oracle.domain.agreement_file import (
    AGREEMENT_SCHEMA,
    AgreementFile,
    OpeningPart,
    TermsPart,
    TokenPart,
)
from oracle.domain.terms import Agreement
from oracle.domain.types import Address, Funding, Hash, Outcome
from oracle.evidence.store import ContentStore
from oracle.pact.delivery import Declaration
from oracle.pact.document import Pact
from oracle.pact.methodology import Methodology
from oracle.pact.packing import hand_over, pack, publish
from scripts.deployment.sender import KeySender
from scripts.local.anvil import CHAIN_ID, Anvil
from scripts.local.market import UNIT, Market, evaluators_from, found_committee, fund_collateral
from scripts.local.ports import free_ports
from scripts.local.usdc import mint_usdc
from tests.markets import running_market

EXAMPLES = Path(__file__).parents[2] / "examples"
EXTRACTION = EXAMPLES / "extraction"
CHALLENGE = 600  # seconds, of the chain's time
_DILIGENT = 3  # evaluators of the first committee whose keys the daemon has
_STAKE = 10_000 * UNIT
_PATIENCE = 150.0  # seconds


@dataclass
class Town:
    """What there is. `market` has the committee that looks; `careless` the same with one that does not."""

    chain: Anvil
    market: Market
    careless: Market
    store: ContentStore
    url: str

    def proposal(self) -> AgreementFile:
        """An agreement nobody has signed, as `oracle agreement new` writes it."""
        made = self.market.agreement(gated=1_000 * UNIT, bond=300 * UNIT, fee=20 * UNIT, challenge=CHALLENGE)
        terms, opening = made.terms, made.opening
        return AgreementFile(
            schema_=AGREEMENT_SCHEMA,
            chain_id=CHAIN_ID,
            escrow=self.market.escrow.address,
            usdc=TokenPart(address=self.market.usdc),
            terms=TermsPart(**asdict(terms)),
            opening=OpeningPart(**asdict(opening)),
        )

    def job(self, market: Market) -> tuple[Agreement, Hash]:
        """An open job over 1,000 USDC under the pact of the extraction example."""
        pact = Pact.parse((EXTRACTION / "pact.json").read_bytes())
        publish(pact, EXTRACTION / "materials", self.store)
        bond = 300 * UNIT
        if market.escrow.collateral_of(market.provider.address.lower()) < bond:
            fund_collateral(market, Web3(HTTPProvider(self.chain.url)), market.provider, 10 * bond)
        agreement = market.agreement(gated=1_000 * UNIT, bond=bond, fee=20 * UNIT, challenge=CHALLENGE)
        agreement = replace(agreement, opening=replace(agreement.opening, pact=pact.hash()))
        market.open(agreement)
        return agreement, typed.job_id(market.escrow.domain, agreement)

    def pack(self, who: str) -> Hash:
        """Hand an example's delivery over. Returns the hash of its manifest."""
        folder = EXTRACTION / "deliveries" / who
        pact = Pact.parse((EXTRACTION / "pact.json").read_bytes())
        declared = Declaration.parse((folder / "declared.json").read_bytes())
        packed = pack(folder / "files", pact=pact.hash(), declared=declared)
        hand_over(packed, self.store)
        return packed.hash

    def deliver(self, job: Hash, deliverable: Hash) -> None:
        """Anchor a delivery, as the provider."""
        self.market.send(self.market.provider, calls.deliver(job, deliverable))

    def judge_wrongly(self, agreement: Agreement, deliverable: Hash) -> None:
        """The careless committee passes work it never opened."""
        verdict = self.careless.verdict(agreement, deliverable, Outcome.PASS, (0, 1))
        self.market.send(self.market.relayer, calls.judge(verdict))

    def dispute(self, agreement: Agreement) -> None:
        """The buyer asks for Fail, and pays the deposit from free collateral."""
        market = self.market
        fund_collateral(market, Web3(HTTPProvider(self.chain.url)), market.buyer, 260 * UNIT)
        data = calls.dispute(
            agreement.terms,
            typed.opening_hash(agreement.opening),
            party=agreement.terms.buyer,
            sought=Outcome.FAIL,
            funding=Funding.COLLATERAL,
        )
        market.send(market.buyer, data)

    def warp(self, seconds: int) -> None:
        """Let the chain's time pass."""
        self.chain.warp(self.market.rpc, seconds)

    def mine(self) -> None:
        """A block."""
        self.market.rpc.call("anvil_mine", ["0x1"], retry=False)

    def read(self, path: str) -> dict[str, object]:
        """What the API says; empty where it says no."""
        answer = httpx.get(f"{self.url}/v1{path}", timeout=60)
        found: dict[str, object] = answer.json() if answer.status_code == 200 else {}
        return found

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Make blocks until something is so."""
        end = time.monotonic() + _PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"after {_PATIENCE:.0f} s not yet: {what}")
            self.mine()
            time.sleep(0.3)

    def state(self, job: Hash) -> str:
        """Where the API says a job stands."""
        found = self.read(f"/jobs/{job}").get("job")
        return str(found["state"]) if isinstance(found, dict) else "unknown"

    def evidence(self, agent: Address) -> set[Hash]:
        """What the API says an agent's score is made of."""
        found = self.read(f"/agents/{agent}/evidence?limit=200").get("items")
        return {one["subject"] for one in found} if isinstance(found, list) else set()

    def play(self, delivery: str = "careful") -> Hash:
        """A whole job of the committee that looks: delivered, judged, settled, and made into evidence."""
        agreement, job = self.job(self.market)
        self.deliver(job, self.pack(delivery))
        self.until(lambda: self.state(job) == "judged", "a verdict")
        self.warp(agreement.terms.challenge)
        self.until(lambda: self.state(job) == "closed", "the job is settled")
        self.until(lambda: job in self.evidence(agreement.terms.provider), "it is evidence")
        return job


@contextmanager
def running_town(folder: Path) -> Iterator[Town]:
    """Chain, two committees, and one daemon with the keys of the first, serving pages."""
    methodology = Methodology.parse((EXAMPLES / "methodology/demo.json").read_bytes())
    with running_market(methodology=methodology.hash(), size=_DILIGENT, threshold=2) as (chain, market):
        careless = _careless(chain, market)
        store = ContentStore(folder / "evidence")
        store.put(methodology.canonical())
        [port] = free_ports(1)
        _configure(folder, chain, market, careless, port)
        with _daemon(folder, market, f"http://127.0.0.1:{port}") as url:
            yield Town(chain, market, careless, store, url)


def _careless(chain: Anvil, market: Market) -> Market:
    members = evaluators_from(_DILIGENT, _DILIGENT)
    web3 = Web3(HTTPProvider(chain.url))
    sender = KeySender(web3, market.deployer)
    for member in members:
        mint_usdc(sender, to_checksum_address(market.usdc), member.account.address, _STAKE)
    sender.finish()
    names = tuple(member.account.address.lower() for member in members)
    committee = replace(market.committee, evaluators=names)
    made = found_committee(market, web3, committee, members)
    return replace(market, evaluators=members, committee=committee, committee_id=made)


def _configure(folder: Path, chain: Anvil, market: Market, careless: Market, port: int) -> None:
    market.write_deployment(folder / "deployment.json")
    keys = "\n".join(f'[[keys.evaluators]]\nenv = "TOWN_EVALUATOR_{i}"' for i in range(_DILIGENT))
    text = f"""
[chain]
rpc = "{chain.url}"
chain_id = {CHAIN_ID}
deployment = "deployment.json"
poll = 0.2
[policy]
work_at = "latest"
sign_at = "latest"
[committees."{careless.committee_id}"]
serve = true
[evidence]
directory = "evidence"
[evaluation]
wait = 0.2
drand = []
[web]
port = {port}
[api]
key = "api.key"
[score]
roots = ["{market.committee_id}", "{careless.committee_id}"]
[keys.sender]
env = "TOWN_SENDER"
{keys}
"""
    (folder / "oracle.toml").write_text(text, encoding="utf-8")


@contextmanager
def _daemon(folder: Path, market: Market, url: str) -> Iterator[str]:
    oracle = [str(Path(sys.executable).parent / "oracle")]
    secrets = {"TOWN_SENDER": market.deployer} | {
        f"TOWN_EVALUATOR_{index}": member.key for index, member in enumerate(market.evaluators)
    }
    environment = os.environ | {name: _secret(key) for name, key in secrets.items()}
    config = ["--config", str(folder / "oracle.toml")]
    subprocess.run([*oracle, "db", "upgrade", *config], env=environment, check=True, capture_output=True)
    with (folder / "daemon.log").open("wb") as log:
        process = subprocess.Popen([*oracle, "run", *config], env=environment, stdout=log, stderr=log)
    try:
        _wait(process, url, folder / "daemon.log")
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(120)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _secret(key: LocalAccount) -> str:
    return "0x" + bytes(key.key).hex()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            if httpx.get(f"{url}/v1/status", timeout=30).status_code == 200:
                return
        except httpx.TransportError:
            pass  # not listening yet
        if process.poll() is not None or time.monotonic() > end:
            raise AssertionError(f"the daemon does not serve:\n{log.read_text()[-3000:]}")
        time.sleep(0.1)
