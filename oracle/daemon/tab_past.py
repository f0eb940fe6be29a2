"""What the store holds of a tab, added up again from its events."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from oracle.decide.tabs import HandedOver, Ledger, Pending, Tab, When
from oracle.domain.tab_events import Presented
from oracle.domain.types import ZERO_HASH, Address, Hash
from oracle.history.tab import Placed, TabLife, life_of
from oracle.store import chain as chain_store
from oracle.store import tabs
from oracle.store.tabs import ListedTab, TabHappened

_ALL = 2**31 - 1  # tabs of one provider


@dataclass(frozen=True, slots=True)
class Past:
    """What the store holds of a tab, added up again.

    Args:
        contract: Of the tabs.
        ledger: All tabs of its provider.
        pending: Each period as it was presented last.
        versions: The tab after each of its events.
        handed: The documents that were named on chain for its evaluators; None where that was not asked.
    """

    listed: ListedTab
    contract: Address
    life: TabLife
    ledger: Ledger
    pending: dict[int, Pending]
    versions: tuple[Tab, ...]
    handed: tuple[HandedOver, ...] | None = None


def read_past(session: Session, listed: ListedTab, contract: Address) -> Past:
    """A tab and all others of its provider, which its sampling rate depends on.

    Raises:
        ImpossibleTabEventError: the stored events cannot have happened.
    """
    provider = listed.agreement.terms.provider
    beside = tabs.list_tabs(session, limit=_ALL, parties={"provider": provider})
    happened = tabs.histories(session, [one.tab for one in beside])
    own = happened.get(listed.tab, [])
    hashes = chain_store.block_hashes(
        session, {one.block_number for one in own if isinstance(one.event, Presented)}
    )
    ledger, pending, versions = Ledger(), {}, []
    for one in sorted(
        (each for events in happened.values() for each in events),
        key=lambda each: (each.block_number, each.log_index),
    ):
        mine = _about(one, listed.tab)
        block_hash = hashes.get(one.block_number, ZERO_HASH) if mine else ZERO_HASH
        ledger.apply(one.event, When(one.block_number, block_hash, one.at, one.log_index))
        if not mine:
            continue
        after = ledger.tabs[listed.tab]
        versions.append(after)
        if isinstance(one.event, Presented) and after.pending is not None:
            pending[one.event.period] = after.pending
    life = life_of(Placed(one.event, one.block_number, one.log_index, one.at) for one in own)
    return Past(listed, contract, life, ledger, pending, tuple(versions))


def _about(one: TabHappened, tab: Hash) -> bool:
    return getattr(one.event, "tab", None) == tab
