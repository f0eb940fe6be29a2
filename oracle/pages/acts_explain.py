"""What the contract means by refusing: for wallet.js, which has only the bytes that `eth_call` returned."""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from oracle.chain.reverts import reverted

PATH: Final = "/explain"
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2}){0,2048}", re.ASCII)
_HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


async def explain(request: Request) -> Response:
    """The error's name, a sentence, and what to do next, for revert data in `data`."""
    data = request.query_params.get("data", "")
    if not _DATA.fullmatch(data):
        told = {"message": "data must be 0x and the hex of what the contract returned, at most 2048 bytes"}
        return JSONResponse(told, status_code=400, headers=_HEADERS)
    error = reverted(bytes.fromhex(data[2:]))
    return JSONResponse(
        {"name": error.name, "message": error.message, "next_step": error.next_step}, headers=_HEADERS
    )
