"""What web3signer answers, as its openapi-specs/eth1 describe it: it hashes `data` itself."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx
import orjson
from coincurve import PrivateKey

from oracle.domain.canonical import keccak_hex
from oracle.domain.signatures import sign_digest


@dataclass
class FakeWeb3Signer:
    """Holds keys by public key; `asked` are the paths of the requests."""

    keys: list[bytes]
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        status, body = self.answer(request.method, request.url.path, request.content)
        return httpx.Response(status, content=body)

    def answer(self, method: str, path: str, content: bytes) -> tuple[int, bytes]:
        """Status and body."""
        by_identifier = {
            PrivateKey(key).public_key.format(compressed=False)[1:].hex(): key for key in self.keys
        }
        if (method, path) == ("GET", "/api/v1/eth1/publicKeys"):
            return 200, orjson.dumps(["0x" + identifier for identifier in by_identifier])
        prefix = "/api/v1/eth1/sign/"
        if method == "POST" and path.startswith(prefix):
            key = by_identifier.get(path.removeprefix(prefix).removeprefix("0x"))
            if key is None:
                return 404, b"Public Key not found"
            data = bytes.fromhex(orjson.loads(content)["data"].removeprefix("0x"))
            return 200, ("0x" + sign_digest(key, keccak_hex(data)).hex()).encode()
        return 404, b""
