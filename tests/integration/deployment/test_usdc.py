"""The token that we put on a local chain is Circle's, with its own rules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eth_account.messages import encode_typed_data
from web3 import HTTPProvider, Web3

from scripts.deployment.sender import DeploymentError, KeySender
from scripts.local.anvil import account, anvil
from scripts.local.usdc import DeployedUSDC, blacklist, deploy_usdc, mint_usdc, pause, token_contract

BUYER = account(1)
PROVIDER = account(2)
ABI_TIME = 2**40  # a time far ahead


@pytest.fixture(scope="module")
def web3() -> Iterator[Web3]:
    with anvil() as chain:
        yield Web3(HTTPProvider(chain.url))


@pytest.fixture(scope="module")
def sender(web3: Web3) -> KeySender:
    return KeySender(web3, account(0))


@pytest.fixture(scope="module")
def usdc(sender: KeySender) -> DeployedUSDC:
    deployed = deploy_usdc(sender)
    mint_usdc(sender, deployed.token, BUYER.address, 100_000_000)
    sender.finish()
    return deployed


def test_identity(web3: Web3, usdc: DeployedUSDC) -> None:
    token = token_contract(web3, usdc.token).functions
    assert token.name().call() == "USD Coin"
    assert token.symbol().call() == "USDC"
    assert token.version().call() == "2"
    assert token.decimals().call() == 6


def test_the_code_is_the_published_code_with_the_library_linked(web3: Web3, usdc: DeployedUSDC) -> None:
    code = bytes(web3.eth.get_code(usdc.implementation)).hex()
    assert len(code) // 2 > 20_000
    assert usdc.library[2:].lower() in code


def test_an_authorization_works_once_and_only_for_its_payee(
    web3: Web3, sender: KeySender, usdc: DeployedUSDC
) -> None:
    message = {
        "from": BUYER.address,
        "to": sender.address,
        "value": 5_000_000,
        "validAfter": 0,
        "validBefore": ABI_TIME,
        "nonce": b"\x07" * 32,
    }
    domain = {"name": "USD Coin", "version": "2", "chainId": 31337, "verifyingContract": usdc.token}
    fields = [("from", "address"), ("to", "address"), ("value", "uint256"), ("validAfter", "uint256")]
    fields += [("validBefore", "uint256"), ("nonce", "bytes32")]
    types = {"ReceiveWithAuthorization": [{"name": name, "type": kind} for name, kind in fields]}
    signed = BUYER.sign_message(encode_typed_data(domain, types, message))
    contract = token_contract(web3, usdc.token)
    call = contract.get_function_by_signature(
        "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"
    )
    arguments = [*message.values(), signed.signature]

    stranger = KeySender(web3, PROVIDER)
    data = contract.encode_abi(call.signature, args=arguments)
    stranger.call(usdc.token, bytes.fromhex(data[2:]), gas=300_000)
    with pytest.raises(DeploymentError, match="reverted"):
        stranger.finish()

    before = contract.functions.balanceOf(sender.address).call()
    sender.call(usdc.token, bytes.fromhex(data[2:]), gas=300_000)
    sender.finish()
    assert contract.functions.balanceOf(sender.address).call() == before + 5_000_000
    sender.call(usdc.token, bytes.fromhex(data[2:]), gas=300_000)
    with pytest.raises(DeploymentError, match="reverted"):
        sender.finish()


@pytest.mark.parametrize("stop", [pause, lambda s, t, **k: blacklist(s, t, PROVIDER.address, **k)])
def test_pause_and_blacklist_stop_transfers(
    web3: Web3, sender: KeySender, usdc: DeployedUSDC, stop: object
) -> None:
    assert callable(stop)
    keyword = "paused" if stop is pause else "listed"
    data = token_contract(web3, usdc.token).encode_abi("transfer", args=[PROVIDER.address, 1])
    transfer = bytes.fromhex(data[2:])
    buyer = KeySender(web3, BUYER)

    stop(sender, usdc.token)
    sender.finish()
    buyer.call(usdc.token, transfer, gas=100_000)
    with pytest.raises(DeploymentError, match="reverted"):
        buyer.finish()

    stop(sender, usdc.token, **{keyword: False})
    sender.finish()
    buyer.call(usdc.token, transfer, gas=100_000)
    buyer.finish()
