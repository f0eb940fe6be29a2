"""Tables of tabs: what was agreed, and everything that happened to them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from oracle.store.columns import HexBytes
from oracle.store.tables.base import Base, FromBlock


class TabRow(FromBlock, Base):
    """What never changes about a tab. `members`: who may sign for it, as bits."""

    __tablename__ = "tabs"

    tab: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    buyer: Mapped[str] = mapped_column(HexBytes, index=True)
    provider: Mapped[str] = mapped_column(HexBytes, index=True)
    committee: Mapped[str] = mapped_column(HexBytes, index=True)
    pact: Mapped[str] = mapped_column(HexBytes, index=True)
    agreement: Mapped[str] = mapped_column(Text)
    members: Mapped[int] = mapped_column(BigInteger)


class TabEventRow(FromBlock, Base):
    """Every event of the tab contract that is about one tab. `at`: its block's time, Unix seconds.

    `provider`: the tab's, here too, so that an agent's events are found in their order; every tab that has
    events was opened, so none lacks it.
    """

    __tablename__ = "tab_events"
    __table_args__ = (
        Index("ix_tab_events_name", "name", "block_number"),
        # With the name: by the index above a database may otherwise look through those of every tab.
        Index("ix_tab_events_tab", "tab", "name", "block_number", "log_index"),
        # Without it: what happened to a tab last, whatever that was.
        Index("ix_tab_events_place", "tab", "block_number", "log_index"),
        # With the name last: what is of another name is passed over in the index.
        Index("ix_tab_events_provider", "provider", "block_number", "log_index", "name"),
    )

    block_number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    log_index: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    tx_hash: Mapped[str] = mapped_column(HexBytes)
    at: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(40))
    tab: Mapped[str] = mapped_column(HexBytes)
    provider: Mapped[str | None] = mapped_column(HexBytes)
    body: Mapped[str] = mapped_column(Text)


class TabSourceRow(Base):
    """The tab contract that is followed, all of whose events up to what was read are stored. One row."""

    __tablename__ = "tab_source"

    contract: Mapped[str] = mapped_column(HexBytes, primary_key=True)
