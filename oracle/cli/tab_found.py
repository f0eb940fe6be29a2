"""Finding a tab: its terms are not stored by the contract, but its opening event carries them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.progress import Progress

from oracle.chain.errors import ChainError
from oracle.chain.tab_decoder import TabOccurrence
from oracle.chain.tabs import Tabs, TabView
from oracle.cli.chain import Connection
from oracle.cli.keys import account_of
from oracle.cli.output import print_json
from oracle.domain.errors import EarnestError
from oracle.domain.tab import Tally
from oracle.domain.tab_events import Presented, TabOpened
from oracle.domain.tab_terms import TabAgreement, TabTerms, tab_opening_hash
from oracle.domain.types import Address, Hash, Party, checksum


class TabActError(EarnestError):
    """What was asked is not possible for this tab now."""


class TabNotFoundError(EarnestError):
    """No tab with this id was opened on this contract."""


@dataclass(frozen=True, slots=True)
class FoundTab:
    """A tab: its terms, what the contract stores of it, and its history."""

    id: Hash
    agreement: TabAgreement
    view: TabView
    history: tuple[TabOccurrence, ...]

    @property
    def terms(self) -> TabTerms:
        """What every call about it needs."""
        return self.agreement.terms

    @property
    def opening_hash(self) -> Hash:
        """The other thing every call about it needs."""
        return tab_opening_hash(self.agreement.opening)

    @property
    def presented(self) -> Presented | None:
        """The newest tally that was presented."""
        return next((o.event for o in reversed(self.history) if isinstance(o.event, Presented)), None)

    @property
    def tally(self) -> Tally:
        """The same, as calls take it.

        Raises:
            TabActError: none was presented.
        """
        event = self.presented
        if event is None:
            raise TabActError(f"nothing was presented on tab {self.id}", field="tab")
        return Tally(tab=self.id, count=event.count, amount=event.amount, root=event.root)

    def account(self, party: Party) -> Address:
        """The account of one side."""
        return self.terms.buyer if party is Party.BUYER else self.terms.provider

    def party_of(self, private: bytes) -> Party:
        """Whose key it is.

        Raises:
            TabActError: neither party's.
        """
        owner = account_of(private)
        for party in Party:
            if self.account(party) == owner:
                return party
        raise TabActError(
            f"the key is {checksum(owner)}'s, who is neither buyer nor provider of this tab",
            field="key",
            next_step="use the key of a party",
        )


def tabs_of(connection: Connection) -> Tabs:
    """The tab contract beside the escrow.

    Raises:
        ChainError: the deployment names none.
    """
    found = connection.deployment.companion("Tabs"), connection.deployment.companion("Handover")
    if found[0] is None or found[1] is None:
        raise ChainError(
            "the deployment has no book of tabs",
            field="deployment",
            next_step="deploy it (ape run deploy_companion tabs), or name another --deployment",
        )
    chain_id = connection.deployment.chain_id
    return Tabs(connection.rpc, found[0].address, chain_id, found[1].address)


def find_tab(connection: Connection, tab: Hash) -> FoundTab:
    """Look a tab up by its id.

    Raises:
        TabNotFoundError: it was never opened here.
        ChainError: the node fails, or there is no book of tabs.
    """
    tabs = tabs_of(connection)
    history = tuple(tabs.events(connection.deployment.block, connection.rpc.block_number(), tab=tab))
    agreement = next((o.event.agreement for o in history if isinstance(o.event, TabOpened)), None)
    if agreement is None:
        raise TabNotFoundError(
            f"no tab {tab} was opened on this contract",
            field="tab",
            next_step="check the id, --rpc and --deployment",
        )
    return FoundTab(tab, agreement, tabs.state(tab), history)


def send_for_tab(
    connection: Connection, private: bytes, data: bytes, what: str, tab: Hash, *, as_json: bool
) -> None:
    """Send a call of the tab contract, and say where the tab stands then."""
    tabs = tabs_of(connection)
    receipt = connection.send(private, data, what=what, quiet=as_json, to=tabs.address)
    view = tabs.state(tab)
    if as_json:
        print_json(
            {
                "tab": tab,
                "transaction": receipt.transaction_hash,
                "block": receipt.block_number,
                "phase": view.phase.name.lower(),
                "balance": str(view.balance),
            }
        )
        return
    click.echo(f"Tab {tab} is now {view.phase.name.lower()}.")


@contextmanager
def counting(total: int, what: str, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on stderr for work on many interactions; call what it gives with how many are done."""
    if quiet or total == 0:
        yield lambda _done: None
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def load_log_path(path: Path) -> Path:
    """A party's log.

    Raises:
        TabActError: there is none.
    """
    if not path.is_file():
        raise TabActError(
            f"there is no log at {path}", field="--log", next_step="name the file of your tab log"
        )
    return path
