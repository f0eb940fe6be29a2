"""The two registries of ERC-8004 as far as they are needed: who owns an agent, what was said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address

from oracle.chain.abi import Function, parse_abi
from oracle.chain.client import Client
from oracle.chain.errors import BadAnswerError, RevertedError
from oracle.domain.types import ZERO_ADDRESS, Address, Hash

_SIGNATURES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "giveFeedback": (
        ("uint256", "int128", "uint8", "string", "string", "string", "string", "bytes32"), ()
    ),
    "getSummary": (("uint256", "address[]", "string", "string"), ("uint64", "int128", "uint8")),
    "getIdentityRegistry": ((), ("address",)),
    "ownerOf": (("uint256",), ("address",)),
    "getAgentWallet": (("uint256",), ("address",)),
}  # fmt: skip


def _functions() -> dict[str, Function]:
    entries: list[dict[str, Any]] = [
        {
            "type": "function",
            "name": name,
            "inputs": [{"name": f"a{place}", "type": kind} for place, kind in enumerate(inputs)],
            "outputs": [{"name": f"r{place}", "type": kind} for place, kind in enumerate(outputs)],
        }
        for name, (inputs, outputs) in _SIGNATURES.items()
    ]
    return parse_abi(entries).functions


_ABI = _functions()


@dataclass(frozen=True, slots=True)
class Summary:
    """What `getSummary` says: how many feedbacks, and their average with so many decimals."""

    count: int
    value: int
    decimals: int


def give_feedback(
    agent_id: int, value: int, decimals: int, tags: tuple[str, str], *, uri: str, digest: Hash
) -> bytes:
    """Calldata of `giveFeedback`; the endpoint is left empty."""
    return _ABI["giveFeedback"].encode(
        agent_id, value, decimals, tags[0], tags[1], "", uri, bytes.fromhex(digest[2:])
    )


class Registry:
    """The reputation registry of a chain, and the identity registry it names.

    Args:
        rpc: The chain.
        address: The reputation registry.
    """

    def __init__(self, rpc: Client, address: Address) -> None:
        self.rpc = rpc
        self.address = address
        self._identity: Address | None = None

    def identity(self) -> Address:
        """The identity registry.

        Raises:
            RpcError, RevertedError: no answer, or there is no such registry.
        """
        if self._identity is None:
            self._identity = self._address(self.address, "getIdentityRegistry")
        return self._identity

    def summary(self, agent_id: int, clients: Sequence[Address], tags: tuple[str, str]) -> Summary:
        """What these accounts said of an agent; an empty tag is any.

        Raises:
            RpcError, RevertedError: no answer.
        """
        listed = [to_checksum_address(client) for client in clients]
        count, value, decimals = self._call(self.address, "getSummary", agent_id, listed, *tags)
        return Summary(count, value, decimals)

    def is_of(self, agent_id: int, account: Address) -> bool:
        """Whether an agent's identity is an account's: it owns it, or is the wallet it names.

        Raises:
            RpcError, RevertedError: no answer, or there is no such registry.
        """
        identity = self.identity()
        named = [self._asked(identity, name, agent_id) for name in ("ownerOf", "getAgentWallet")]
        return account != ZERO_ADDRESS and account in named

    def _asked(self, identity: Address, name: str, agent_id: int) -> Address | None:
        try:
            return self._address(identity, name, agent_id)
        except RevertedError:
            return None  # such an id was never given out, or has no wallet

    def _address(self, to: Address, name: str, *arguments: Any) -> Address:
        return str(self._call(to, name, *arguments)[0]).lower()

    def _call(self, to: Address, name: str, *arguments: Any) -> tuple[Any, ...]:
        function = _ABI[name]
        try:
            return function.decode(self.rpc.eth_call(to, function.encode(*arguments)))
        except ValueError as error:
            raise BadAnswerError(f"{to} does not answer {name} as ERC-8004 says") from error
