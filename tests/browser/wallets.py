"""A wallet for tests, as an extension would be: keys outside the page, EIP-1193 inside, found by EIP-6963."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address
from playwright.sync_api import Page

_SCRIPT = """
{
  const name = NAME;
  const heard = [];
  const provider = {
    on(event, listener) { heard.push({ event, listener }); },
    async request({ method, params }) {
      const answer = await window[name](method, params ?? []);
      if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
      return answer.result;
    },
  };
  const info = { uuid: name, name, icon: "data:,", rdns: "test" };
  const detail = Object.freeze({ info, provider });
  const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  window.addEventListener("eip6963:requestProvider", announce);
  window.addEventListener(`tell-${name}`, ({ detail: [told, value] }) => {
    for (const { event, listener } of heard) if (event === told) listener(value);
  });
}
"""
_TELL = "([name, ...detail]) => window.dispatchEvent(new CustomEvent(`tell-${name}`, { detail }))"


@dataclass
class Wallet:
    """Signs for one account, and hands the rest to a node.

    `chain` is the chain it is on, `knows` are chains it can switch to, `refuses` methods its person denies.
    `counts_from_zero` is for signatures as some hardware gives them. It is on chain 1 once it has done
    `leaves_after`. `asked` are the methods that a page called, in order, and `signed` and `sent` what it was
    shown.
    """

    url: str
    account: LocalAccount
    chain: int
    refuses: frozenset[str] = frozenset()
    knows: frozenset[int] = frozenset()
    counts_from_zero: bool = False
    leaves_after: str | None = None
    name: str = "testWallet"
    asked: list[str] = field(default_factory=list)
    signed: list[dict[str, Any]] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)

    def inject(self, page: Page) -> None:
        """Put it into every document the page loads."""
        page.expose_binding(self.name, lambda _source, method, params: self.answer(method, params))
        page.add_init_script(_SCRIPT.replace("NAME", json.dumps(self.name)))

    def tell(self, page: Page, event: str, value: object) -> None:
        """Emit an event of EIP-1193, as a wallet does of its own accord."""
        page.evaluate(_TELL, [self.name, event, value])

    def answer(self, method: str, params: list[Any]) -> dict[str, Any]:
        """What the page gets: `result`, or `error` as wallets give it."""
        self.asked.append(method)
        answered = self._answered(method, params)
        if method == self.leaves_after:
            self.chain = 1
        return answered

    def _answered(self, method: str, params: list[Any]) -> dict[str, Any]:
        if method in self.refuses:
            return {"error": {"code": 4001, "message": "User rejected the request."}}
        match method:
            case "eth_requestAccounts" | "eth_accounts":
                return {"result": [self.account.address]}
            case "eth_chainId":
                return {"result": hex(self.chain)}
            case "wallet_switchEthereumChain":
                wanted = int(params[0]["chainId"], 16)
                if wanted not in self.knows:
                    return {"error": {"code": 4902, "message": "Unrecognized chain."}}
                self.chain = wanted
                return {"result": None}
            case "eth_signTypedData_v4":
                shown = json.loads(params[1])
                self.signed.append(shown)
                signed = self.account.sign_message(encode_typed_data(full_message=shown))
                v = signed.v - 27 if self.counts_from_zero else signed.v
                return {"result": f"0x{signed.r:064x}{signed.s:064x}{v:02x}"}
            case "eth_sendTransaction":
                return self._sent(params[0])
            case _:
                return self._node(method, params)

    def _sent(self, wanted: dict[str, Any]) -> dict[str, Any]:
        self.sent.append(wanted)
        nonce = self._node("eth_getTransactionCount", [self.account.address, "pending"])["result"]
        gas = self._node("eth_estimateGas", [wanted])
        if "error" in gas:
            return gas
        transaction = {
            "to": to_checksum_address(wanted["to"]),
            "data": wanted["data"],
            "value": int(wanted["value"], 16),
            "chainId": self.chain,
            "nonce": int(nonce, 16),
            "gas": int(gas["result"], 16) + 50_000,
            "maxFeePerGas": 20 * 10**9,
            "maxPriorityFeePerGas": 10**9,
        }
        raw = self.account.sign_transaction(transaction).raw_transaction
        return self._node("eth_sendRawTransaction", ["0x" + raw.hex()])

    def _node(self, method: str, params: list[Any]) -> dict[str, Any]:
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        told: dict[str, Any] = httpx.post(self.url, json=asked, timeout=60).json()
        return {"error": told["error"]} if "error" in told else {"result": told["result"]}
