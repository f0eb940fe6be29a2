"""Acts from the page of a job, by a wallet in the browser, on a real chain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from oracle.domain.terms import Agreement
from oracle.domain.types import Hash, Outcome, State, checksum
from scripts.local.anvil import CHAIN_ID
from scripts.local.browser import DESKTOP, page_of
from scripts.local.market import UNIT
from tests.browser.town import Town
from tests.browser.wallets import Wallet

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_SOON = 60_000  # milliseconds
_ANOTHER_WALLET = """() => {
  const detail = { info: { uuid: "late", name: "Late wallet" }, provider: {} };
  window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
}"""

_SILENT_WALLET = """() => {
  const provider = { request: () => new Promise(() => {}) };
  const detail = { info: { uuid: "silent", name: "Silent wallet" }, provider };
  window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
}"""


@pytest.fixture
def buyer(town: Town) -> Wallet:
    return Wallet(town.chain.url, town.market.buyer, CHAIN_ID)


@pytest.fixture
def wrong(town: Town) -> tuple[Agreement, Hash]:
    """A job whose bad work was passed by a committee that did not look."""
    agreement, job = town.job(town.careless)
    deliverable = town.pack("careless")
    town.deliver(job, deliverable)
    town.judge_wrongly(agreement, deliverable)
    town.until(lambda: town.state(job) == "judged", "the verdict is read")
    return agreement, job


def begin(page: Page, offer: str, way: str) -> None:
    """Open an act's words, and press its button."""
    page.locator(f"#offer-{offer} > summary").click()
    page.locator(f"[data-send='{way}']").click()


def visit(page: Page, town: Town, wallet: Wallet, job: Hash) -> None:
    wallet.inject(page)
    page.goto(f"{town.url}/jobs/{job}")


def test_deliver_then_follow_to_its_end_and_claim(desk: Page, town: Town) -> None:
    agreement, job = town.job(town.market)
    provider = Wallet(town.chain.url, town.market.provider, CHAIN_ID)
    town.until(lambda: town.state(job) == "open", "the job is read")
    visit(desk, town, provider, job)
    manifest = town.pack("careful")
    desk.locator("#offer-deliver > summary").click()
    desk.locator("[data-send='deliver']").click()
    expect(desk.locator("#wallet-said")).to_contain_text("Enter the hash", timeout=_SOON)
    desk.locator("#hash-deliver").fill(manifest)
    desk.locator("[data-send='deliver']").click()
    expect(desk.locator("#wallet-said")).to_contain_text("Done in block", timeout=_SOON)
    # Nobody touches the page from here on: the committee judges, time passes, the daemon settles.
    town.until(lambda: town.state(job) == "judged", "a verdict")
    expect(desk.locator("#state")).to_contain_text("judged", timeout=_SOON)
    expect(desk.locator("#state")).to_contain_text("pass")
    town.warp(agreement.terms.challenge)
    town.until(lambda: town.state(job) == "closed", "the job is settled")
    expect(desk.locator("#state")).to_contain_text("closed", timeout=_SOON)
    expect(desk.locator("#timeline")).to_contain_text("Closed", timeout=_SOON)
    free = town.market.escrow.collateral_of(town.market.provider.address.lower())
    assert free > 0
    delivered = desk.locator("#wallet-said").inner_text()
    begin(desk, "claim", "claim")
    expect(desk.locator("#wallet-said")).not_to_have_text(delivered, timeout=_SOON)
    expect(desk.locator("#wallet-said")).to_contain_text("Done in block", timeout=_SOON)
    assert town.market.escrow.collateral_of(town.market.provider.address.lower()) == 0
    desk.locator("[data-send='claim']").click()
    expect(desk.locator("#wallet-said")).to_contain_text("there is nothing to claim", timeout=_SOON)


def test_a_provider_concedes_before_it_delivers(desk: Page, town: Town) -> None:
    agreement, job = town.job(town.careless)
    provider = Wallet(town.chain.url, town.market.provider, CHAIN_ID)
    town.until(lambda: town.state(job) == "open", "the job is read")
    visit(desk, town, provider, job)
    desk.locator("#offer-concede-provider > summary").click()
    expect(desk.locator("#offer-concede-provider")).to_contain_text("cannot be taken back")
    assert provider.asked == []
    desk.locator("[data-send='concede-provider']").click()
    expect(desk.locator("#wallet-said")).to_contain_text("Done in block", timeout=_SOON)
    view = town.market.escrow.job_state(job)
    assert (view.state, view.outcome) == (State.CLOSED, Outcome.FAIL)
    assert agreement.terms.provider == provider.account.address.lower()
    expect(desk.locator("#state")).to_contain_text("closed", timeout=_SOON)
    expect(desk.locator("[data-send='concede-provider']")).to_have_count(0)


def test_wallet_on_the_wrong_chain_signs_nothing(
    desk: Page, town: Town, wrong: tuple[Agreement, Hash], buyer: Wallet
) -> None:
    buyer.chain, buyer.knows = 1, frozenset({CHAIN_ID})
    visit(desk, town, buyer, wrong[1])
    begin(desk, "dispute-buyer-fail", "dispute-buyer-fail-wallet")
    expect(desk.locator("#wallet-said")).to_contain_text(
        f"Your wallet is on chain 1; this escrow is on chain {CHAIN_ID}", timeout=_SOON
    )
    assert buyer.signed == []
    assert "eth_sendTransaction" not in buyer.asked
    desk.locator("#wallet-switch").click()
    expect(desk.locator("#wallet-said")).to_contain_text("on the right chain now", timeout=_SOON)
    expect(desk.locator("#wallet-switch")).to_be_hidden()


@pytest.mark.parametrize("prompt", ["eth_signTypedData_v4", "eth_call"])
def test_wallet_that_changes_its_chain_meanwhile_sends_nothing(
    desk: Page, town: Town, wrong: tuple[Agreement, Hash], buyer: Wallet, prompt: str
) -> None:
    buyer.leaves_after = prompt
    visit(desk, town, buyer, wrong[1])
    begin(desk, "dispute-buyer-fail", "dispute-buyer-fail-wallet")
    expect(desk.locator("#wallet-said")).to_contain_text(
        f"Your wallet is on chain 1; this escrow is on chain {CHAIN_ID}. Nothing was sent.", timeout=_SOON
    )
    assert len(buyer.signed) == 1
    assert buyer.sent == []


def test_of_two_wallets_only_the_chosen_one_is_heard(
    desk: Page, town: Town, wrong: tuple[Agreement, Hash], buyer: Wallet
) -> None:
    stranger = Wallet(town.chain.url, town.market.relayer, CHAIN_ID, name="strangersWallet")
    stranger.inject(desk)
    visit(desk, town, buyer, wrong[1])
    fit = desk.locator("#offer-dispute-buyer-fail [data-fit]")
    choice, connect = desk.locator("#wallet-choice"), desk.locator("#wallet-connect")
    choice.select_option("strangersWallet")
    connect.click()
    expect(desk.locator("#wallet-said")).to_contain_text("Connected as", timeout=_SOON)
    expect(fit).to_have_text("not with this account")
    choice.select_option("testWallet")
    desk.evaluate(_ANOTHER_WALLET)
    expect(choice.locator("option")).to_have_count(3)
    expect(choice).to_have_value("testWallet")
    connect.click()
    expect(fit).to_have_text("you may", timeout=_SOON)
    stranger.tell(desk, "accountsChanged", [stranger.account.address])
    expect(fit).to_have_text("you may")
    buyer.tell(desk, "accountsChanged", [stranger.account.address])
    expect(fit).to_have_text("not with this account")


def test_what_an_earlier_act_came_to_is_not_shown_for_the_next(
    desk: Page, town: Town, wrong: tuple[Agreement, Hash], buyer: Wallet
) -> None:
    visit(desk, town, buyer, wrong[1])
    said = desk.locator("#wallet-said")
    desk.locator("#wallet-connect").click()
    expect(said).to_contain_text("Connected as", timeout=_SOON)
    desk.evaluate(_SILENT_WALLET)
    desk.locator("#wallet-choice").select_option("silent")
    desk.locator("#wallet-connect").click()
    expect(said).to_have_text("Asking your wallet …", timeout=_SOON)


def test_wallet_that_does_not_know_the_chain_is_told(
    desk: Page, town: Town, wrong: tuple[Agreement, Hash], buyer: Wallet
) -> None:
    buyer.chain = 1
    visit(desk, town, buyer, wrong[1])
    desk.locator("#wallet-connect").click()
    desk.locator("#wallet-switch").click(timeout=_SOON)
    expect(desk.locator("#wallet-said")).to_contain_text("does not know chain", timeout=_SOON)


def test_another_account_than_the_partys_is_refused_before_it_signs(
    desk: Page, town: Town, wrong: tuple[Agreement, Hash]
) -> None:
    stranger = Wallet(town.chain.url, town.market.relayer, CHAIN_ID)
    visit(desk, town, stranger, wrong[1])
    begin(desk, "dispute-buyer-fail", "dispute-buyer-fail-free")
    buyer = town.market.buyer.address
    expect(desk.locator("#wallet-said")).to_contain_text(f"Only {buyer[:8].lower()}", timeout=_SOON)
    assert "eth_sendTransaction" not in stranger.asked
    assert stranger.signed == []


def test_what_the_contract_would_refuse_is_said_by_name_and_not_sent(
    desk: Page, town: Town, wrong: tuple[Agreement, Hash], buyer: Wallet
) -> None:
    # The buyer has money in its wallet, and no free collateral.
    assert town.market.escrow.collateral_of(buyer.account.address.lower()) == 0
    visit(desk, town, buyer, wrong[1])
    begin(desk, "dispute-buyer-fail", "dispute-buyer-fail-free")
    shown = desk.locator("#wallet-said")
    expect(shown).to_contain_text("InsufficientCollateral", timeout=_SOON)
    expect(shown).to_contain_text(f"{checksum(buyer.account.address.lower())} has 0.00 USDC")
    assert "eth_sendTransaction" not in buyer.asked


def test_a_no_in_the_wallet_is_taken_for_one(
    desk: Page, town: Town, wrong: tuple[Agreement, Hash], buyer: Wallet
) -> None:
    buyer.refuses = frozenset({"eth_signTypedData_v4"})
    visit(desk, town, buyer, wrong[1])
    begin(desk, "dispute-buyer-fail", "dispute-buyer-fail-wallet")
    expect(desk.locator("#wallet-said")).to_contain_text("You refused in your wallet", timeout=_SOON)
    assert "eth_sendTransaction" not in buyer.asked


@pytest.fixture
def still(browser: Browser) -> Iterator[Page]:
    with page_of(browser, DESKTOP, javascript=False) as opened:
        yield opened


def test_without_javascript_the_page_says_what_can_be_done_and_how(
    still: Page, town: Town, wrong: tuple[Agreement, Hash]
) -> None:
    still.goto(f"{town.url}/jobs/{wrong[1]}")
    offer = still.locator("#offer-dispute-buyer-fail")
    expect(offer).to_contain_text("deposit of 260.00 USDC")
    expect(offer).to_contain_text(f"oracle job dispute {wrong[1]} --as buyer --seek fail --from-collateral")
    expect(offer).to_contain_text("cast send")
    for button in still.locator("[data-send], #wallet-connect").all():
        expect(button).to_be_hidden()


def test_an_agreement_is_signed_by_both_and_opened(desk: Page, browser: Browser, town: Town) -> None:
    file = town.proposal()
    assert town.market.escrow.job_state(file.job).state is State.NONE
    signed = ""
    for party, account in (("provider", town.market.provider), ("buyer", town.market.buyer)):
        with page_of(browser, DESKTOP) as page:
            Wallet(town.chain.url, account, CHAIN_ID).inject(page)
            page.goto(f"{town.url}/open")
            page.get_by_label("Agreement file").fill(signed or file.model_dump_json(by_alias=True))
            page.get_by_role("button", name="Read it").click()
            begin(page, f"sign-{party}", f"sign-{party}")
            expect(page.locator(f"#offer-sign-{party}")).to_have_count(0, timeout=_SOON)
            signed = page.get_by_label("Agreement file").input_value()
    anyone = Wallet(town.chain.url, town.market.relayer, CHAIN_ID)
    anyone.inject(desk)
    desk.goto(f"{town.url}/open")
    desk.get_by_label("Agreement file").fill(signed)
    desk.get_by_role("button", name="Read it").click()
    expect(desk.locator("#offer-open")).to_contain_text("The buyer pays 1,020.00 USDC")
    begin(desk, "open", "open")
    expect(desk.locator("#wallet-said")).to_contain_text("Done in block", timeout=_SOON)
    assert town.market.escrow.job_state(file.job).state is State.OPEN
    town.until(lambda: town.state(file.job) == "open", "the job is read")
    desk.goto(f"{town.url}/jobs/{file.job}")
    expect(desk.locator("#state")).to_contain_text("open")


# Last: its signers' stake is not full afterwards, so their committee opens no more jobs.
def test_dispute_is_paid_from_the_wallet_ruled_on_and_slashes(
    desk: Page, browser: Browser, town: Town, wrong: tuple[Agreement, Hash], buyer: Wallet
) -> None:
    _, job = wrong
    buyer.counts_from_zero = True
    visit(desk, town, buyer, job)
    expect(desk.locator("#state")).to_contain_text("judged")
    before = town.market.escrow.collateral_of(town.market.buyer.address.lower())
    desk.locator("#offer-dispute-buyer-fail > summary").click()
    # In words and amounts, before any wallet is asked.
    expect(desk.locator("#offer-dispute-buyer-fail")).to_contain_text("deposit of 260.00 USDC")
    assert buyer.asked == []
    desk.locator("[data-send='dispute-buyer-fail-wallet']").click()
    expect(desk.locator("#wallet-said")).to_contain_text("Done in block", timeout=_SOON)
    [shown] = buyer.signed
    assert shown["primaryType"] == "ReceiveWithAuthorization"
    assert shown["message"]["value"] == str(260 * UNIT)
    assert buyer.asked.index("eth_call") < buyer.asked.index("eth_sendTransaction")
    assert [each["chainId"] for each in buyer.sent] == [hex(CHAIN_ID)]
    assert town.market.escrow.job_state(job).state is State.DISPUTED
    # The page follows by itself, and no longer offers what is over.
    expect(desk.locator("#state")).to_contain_text("disputed", timeout=_SOON)
    expect(desk.locator("#offer-dispute-buyer-fail")).to_have_count(0)

    arbiter = Wallet(town.chain.url, town.market.arbiter, CHAIN_ID)
    with page_of(browser, DESKTOP) as court:
        visit(court, town, arbiter, job)
        begin(court, "rule-fail", "rule-fail")
        expect(court.locator("#wallet-said")).to_contain_text("Done in block", timeout=_SOON)
    expect(desk.locator("#state")).to_contain_text("closed", timeout=_SOON)
    view = town.market.escrow.job_state(job)
    assert (view.state, view.outcome) == (State.CLOSED, Outcome.FAIL)
    assert town.market.escrow.collateral_of(town.market.buyer.address.lower()) == before
    # 1,300 moved, in two parts; on the page of one who signed it.
    signer = town.careless.evaluators[0].account.address.lower()
    desk.goto(f"{town.url}/evaluators/{signer}")
    expect(desk.locator("main")).to_contain_text("650.00")
