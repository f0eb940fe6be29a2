"""EIP-1559 transactions signed through a `Signer`, which need not hold its key in this process."""

from __future__ import annotations

import rlp

from oracle.decide.lane import Fees
from oracle.domain.keccak import keccak
from oracle.domain.types import Address
from oracle.signing.signer import Signer
from oracle.store.outbox import Signed

_TYPE = b"\x02"  # EIP-2718 type of EIP-1559 transactions
NOOP_GAS = 21_000  # gas of a transfer without data


def sign_call(
    signer: Signer,
    *,
    chain_id: int,
    nonce: int,
    target: Address,
    data: bytes,
    gas: int,
    fees: Fees,
    noop: bool = False,
) -> Signed:
    """Sign a call without value.

    A key in this process gives the same bytes for the same call, nonce and fees (RFC 6979); one that lies
    elsewhere may not, so what goes out twice is what was stored.

    Source of the layout: EIP-1559, `0x02 || rlp([chain_id, nonce, max_priority_fee_per_gas, max_fee_per_gas,
    gas_limit, destination, amount, data, access_list, y_parity, r, s])`.
    """
    fields: list[object] = [
        chain_id,
        nonce,
        fees.priority_fee,
        fees.max_fee,
        gas,
        bytes.fromhex(target[2:]),
        0,
        data,
        [],
    ]
    signature = signer.sign(_TYPE + rlp.encode(fields))
    r, s, parity = (
        int.from_bytes(signature[:32], "big"),
        int.from_bytes(signature[32:64], "big"),
        signature[64] - 27,
    )
    raw = _TYPE + rlp.encode([*fields, parity, r, s])
    return Signed(tx_hash="0x" + keccak(raw).hex(), raw=raw, nonce=nonce, fees=fees, noop=noop)


def sign_noop(signer: Signer, *, chain_id: int, nonce: int, fees: Fees) -> Signed:
    """Sign a transfer of nothing to the sender itself, which only uses up the nonce."""
    return sign_call(
        signer,
        chain_id=chain_id,
        nonce=nonce,
        target=signer.address,
        data=b"",
        gas=NOOP_GAS,
        fees=fees,
        noop=True,
    )
