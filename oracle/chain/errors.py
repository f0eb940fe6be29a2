"""What can go wrong between us and a node, as types a caller can tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oracle.domain.errors import EarnestError


class ChainError(EarnestError):
    """Anything that went wrong on the way to, in, or from the chain."""


class WrongChainError(ChainError):
    """The node answers for another chain than the one configured."""


class DecodeError(ChainError):
    """A log is not an event of this escrow, or its data is malformed."""


class RpcError(ChainError):
    """The node answered with an error, or not at all. `code` and `node_message` are its own, cut short."""

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        node_message: str = "",
        field: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(message, field=field, next_step=next_step)
        self.code = code
        self.node_message = node_message


class RpcUnavailableError(RpcError):
    """No usable answer: connection, timeout, HTTP status, not JSON. After a send, its fate is unknown."""


class BadAnswerError(RpcError):
    """JSON came back that breaks the interface: the node is broken or lies."""


class BlockUnknownError(RpcError):
    """The node does not have the block."""


class RangeTooWideError(RpcError):
    """The node refuses to search so many blocks, or to return so many logs, at once."""


class RateLimitedError(RpcUnavailableError):
    """The node asks for fewer requests. `retry_after`: for how many seconds, where it says so; else 0."""

    retry_after: float = 0.0


class DisagreementError(RpcError):
    """Nodes contradict each other, or one itself: what they said is not used."""


class SendError(RpcError):
    """The node refused a transaction."""


class NonceTooLowError(SendError):
    """A transaction with this nonce is mined already."""


class NonceTooHighError(SendError):
    """The nonce leaves a gap that the node does not queue."""


class AlreadyKnownError(SendError):
    """The node has this very transaction: as good as sent."""


class ReplacementUnderpricedError(SendError):
    """Another transaction with this nonce is pending, and this one does not pay enough more."""


class FeeTooLowError(SendError):
    """The fee is below the block's base fee or the node's minimum."""


class InsufficientFundsError(SendError):
    """The sender cannot pay for gas and value."""


class GasLimitError(SendError):
    """The gas limit is above the block's, or above what the node allows."""


class IntrinsicGasError(SendError):
    """The gas limit does not cover the transaction's own cost."""


class PoolFullError(SendError):
    """The node's pool takes no more, from anyone or from this account."""


class TransactionRefusedError(SendError):
    """Refused for a reason that has no type of its own."""


class RevertedError(ChainError):
    """The contract refused. `name` and `args_by_name` are its custom error, where it is a known one."""

    def __init__(
        self,
        message: str,
        *,
        name: str | None,
        args_by_name: dict[str, Any],
        data: bytes,
        field: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(message, field=field, next_step=next_step)
        self.name = name
        self.args_by_name = args_by_name
        self.data = data


@dataclass(frozen=True, slots=True)
class KnownMessage:
    """A text nodes answer with, what it means here, and who says it."""

    text: str
    error: type[RpcError]
    source: str
    next_step: str | None = None


# Read from the top; compared in lower case as "contains". Longer texts stand before those they contain.
KNOWN_MESSAGES: tuple[KnownMessage, ...] = (
    KnownMessage(
        "already known", AlreadyKnownError, "geth core/txpool/errors.go ErrAlreadyKnown; reth; op-geth"
    ),
    KnownMessage(
        "transaction already imported", AlreadyKnownError, "anvil eth/error.rs PoolError::AlreadyImported"
    ),
    KnownMessage("alreadyknown", AlreadyKnownError, "Nethermind TxPool AcceptTxResult.AlreadyKnown"),
    KnownMessage(
        "known transaction", AlreadyKnownError, "Besu TransactionInvalidReason TRANSACTION_ALREADY_KNOWN"
    ),
    KnownMessage(
        "replacement transaction underpriced",
        ReplacementUnderpricedError,
        "geth core/txpool/errors.go ErrReplaceUnderpriced; anvil PoolError::ReplacementUnderpriced",
        "raise both fees by at least 10 %",
    ),
    KnownMessage(
        "insufficient gas price to replace",
        ReplacementUnderpricedError,
        "reth transaction-pool error.rs ReplacementUnderpriced",
        "raise both fees by at least 10 %",
    ),
    KnownMessage(
        "transaction underpriced",
        FeeTooLowError,
        "geth core/txpool/errors.go ErrUnderpriced; anvil",
        "raise the fees",
    ),
    KnownMessage(
        "max fee per gas less than block base fee",
        FeeTooLowError,
        "geth core/error.go ErrFeeCapTooLow; anvil InvalidTransactionError::FeeCapTooLow",
        "raise the fees",
    ),
    KnownMessage(
        "fee cap less than block base fee", FeeTooLowError, "older geth and forks", "raise the fees"
    ),
    KnownMessage(
        "max priority fee per gas higher than max fee per gas",
        FeeTooLowError,
        "geth core/error.go ErrTipAboveFeeCap",
        "set the maximum fee at least as high as the priority fee",
    ),
    KnownMessage("nonce too low", NonceTooLowError, "geth core/error.go ErrNonceTooLow; anvil; reth"),
    KnownMessage("nonce too high", NonceTooHighError, "geth core/error.go ErrNonceTooHigh; anvil"),
    KnownMessage("nonce gap", NonceTooHighError, "geth core/txpool/errors.go (gapped nonce); Nethermind"),
    KnownMessage(
        "insufficient funds",
        InsufficientFundsError,
        "geth core/error.go ErrInsufficientFunds; anvil InvalidTransactionError::InsufficientFunds",
        "send the account ETH for gas",
    ),
    KnownMessage(
        "exceeds block gas limit",
        GasLimitError,
        "geth core/txpool/errors.go ErrGasLimit",
        "lower the gas limit",
    ),
    KnownMessage(
        "intrinsic gas too high",
        GasLimitError,
        "anvil InvalidTransactionError::GasTooHigh",
        "lower the gas limit",
    ),
    KnownMessage(
        "intrinsic gas too low",
        IntrinsicGasError,
        "geth core/error.go ErrIntrinsicGas; anvil",
        "raise the gas limit",
    ),
    KnownMessage("txpool is full", PoolFullError, "geth core/txpool/errors.go ErrTxPoolOverflow"),
    KnownMessage(
        "account limit exceeded",
        PoolFullError,
        "geth core/txpool/errors.go ErrAccountLimitExceeded; EIP-7702 senders",
    ),
    KnownMessage("query returned more than", RangeTooWideError, "Infura and Alchemy, eth_getLogs"),
    KnownMessage(
        "query exceeds max results", RangeTooWideError, "reth rpc EthFilterError::QueryExceedsMaxResults"
    ),
    KnownMessage("exceeds max block range", RangeTooWideError, "reth EthFilterError::QueryExceedsMaxBlocks"),
    KnownMessage("block range", RangeTooWideError, "QuickNode, Ankr, dRPC, Base's public node, eth_getLogs"),
    KnownMessage("range is too large", RangeTooWideError, "Blast, LlamaNodes, eth_getLogs"),
    KnownMessage("log response size exceeded", RangeTooWideError, "Alchemy, eth_getLogs"),
    KnownMessage("header not found", BlockUnknownError, "geth eth/api_backend.go; op-geth"),
    KnownMessage("unknown block", BlockUnknownError, "geth ethapi; reth EthApiError::HeaderNotFound"),
    KnownMessage("block not found", BlockUnknownError, "reth, anvil BlockchainError::BlockNotFound"),
    KnownMessage("blockoutofrange", BlockUnknownError, "anvil BlockchainError::BlockOutOfRange"),
    KnownMessage("missing trie node", BlockUnknownError, "geth trie/errors.go: state pruned"),
    KnownMessage("rate limit", RateLimitedError, "public nodes, EIP-1474 code -32005"),
    KnownMessage("too many requests", RateLimitedError, "public nodes"),
)

LIMIT_EXCEEDED = -32005  # EIP-1474: request exceeds a defined limit; used for rates and for log ranges
_SHOWN = 300  # characters of a node's text that are passed on


def error_of(code: int | None, message: str, *, method: str) -> RpcError:
    """The typed error for what a node answered, by `KNOWN_MESSAGES`."""
    shown = " ".join(message.split())[:_SHOWN]
    lowered = shown.lower()
    for known in KNOWN_MESSAGES:
        if known.text in lowered:
            return known.error(
                f"{method}: {shown}", code=code, node_message=shown, next_step=known.next_step, field=method
            )
    if code == LIMIT_EXCEEDED:
        wide = RangeTooWideError if method == "eth_getLogs" else RateLimitedError
        return wide(f"{method}: {shown}", code=code, node_message=shown, field=method)
    refused = TransactionRefusedError if method == "eth_sendRawTransaction" else RpcError
    return refused(f"{method}: {shown}", code=code, node_message=shown, field=method)
