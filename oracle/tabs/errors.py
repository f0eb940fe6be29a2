"""Every refusal on a tab has a name of its own: the class's name is what the other party is told."""

from __future__ import annotations

from oracle.domain.errors import EarnestError


class RefusedError(EarnestError):
    """Something on a tab is refused."""


class ForeignTabError(RefusedError):
    """A call, receipt or tally is of another tab."""


class UnknownTabError(RefusedError):
    """No such tab is open with this provider."""


class UnreadableTabError(EarnestError):
    """What the chain says of a tab cannot be had now, so nothing is served on it. No refusal of the buyer."""


class EndedTabError(RefusedError):
    """The tab no longer serves: its time is over, or it was stopped."""


class ForgedSignatureError(RefusedError):
    """A signature is malformed or by another account."""


class ContractAccountError(RefusedError):
    """What must be signed by a plain key is to be signed for an account that is a contract, or by another."""


class StaleTallyError(RefusedError):
    """A tally is older than one already signed, by more than calls in flight explain."""


class AheadTallyError(RefusedError):
    """A tally counts interactions that never were."""


class RootMismatchError(RefusedError):
    """A tally's root or amount is not that of the receipts it counts."""


class CeilingError(RefusedError):
    """A price exceeds the tab's ceiling for one interaction."""


class PriceError(RefusedError):
    """A call allows less than the price, or a receipt takes more than the call allows."""


class NotCoveredError(RefusedError):
    """Deposit and credit do not cover another interaction."""


class UnsignedMaximumError(RefusedError):
    """Too much is served and not yet signed for: the buyer must sign first."""


class ClockSkewError(RefusedError):
    """A time is too far from this side's clock."""


class NumberError(RefusedError):
    """A call's number cannot be used: taken by another call, or out of range."""


class GapError(RefusedError):
    """A receipt's index leaves a gap that calls in flight do not explain, or repeats one."""


class ReceiptMismatchError(RefusedError):
    """A receipt is not of this call, or not of the response that came with it."""


class StoppedError(RefusedError):
    """The other party signed two different things: this side signs nothing more on the tab."""
