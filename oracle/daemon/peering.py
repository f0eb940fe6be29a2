"""Everything between this evaluator and the others, tied together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import APIRouter

from oracle.configuration.peers import PeersSection
from oracle.daemon.cases import Cases, JobCases
from oracle.daemon.peer_desk import PeerDesk
from oracle.daemon.peer_intake import PeerIntake
from oracle.daemon.peer_links import Exchange, ExchangeRules
from oracle.domain.typed import Domain
from oracle.domain.types import Address
from oracle.peers.client import PeerClient
from oracle.peers.limits import Rates
from oracle.peers.router import peer_router
from oracle.signing.signer import Signer
from oracle.store.database import Database

_BURST_SECONDS = 5  # how many seconds' requests a peer may send at once


class Peering:
    """The exchange of one process: `router` takes in, threads tell.

    Args:
        settings: Who the others are.
        signers: The evaluators' keys held here.
        domain: The escrow's.
        clients: For tests: clients by evaluator, instead of those the settings name.
        cases: What is spoken about; jobs where nothing is given.
    """

    def __init__(
        self,
        settings: PeersSection,
        database: Database,
        signers: Mapping[Address, Signer],
        domain: Domain,
        *,
        clients: Mapping[Address, PeerClient] | None = None,
        cases: Cases | None = None,
    ) -> None:
        self._news: list[Callable[[], None]] = []
        intake = PeerIntake(domain, signers, JobCases() if cases is None else cases)
        if clients is None:
            clients = {
                peer.evaluator: PeerClient(peer.url, seconds=settings.timeout) for peer in settings.others
            }
        self.exchange = Exchange(
            database,
            intake,
            signers,
            domain,
            clients,
            ExchangeRules(
                again_every=settings.again_every,
                longest_wait=settings.longest_wait,
                reveal_before=settings.reveal_before,
            ),
            wake=self._tell_all,
        )
        self.desk = PeerDesk(
            database,
            intake,
            domain,
            time_window=settings.time_window,
            reveal_before=settings.reveal_before,
            rates=Rates(
                per_second=settings.requests_per_second,
                burst=max(1, int(settings.requests_per_second * _BURST_SECONDS)),
            ),
            wake=self._tell_all,
        )
        self.router: APIRouter = peer_router(self.desk)

    def on_news(self, call: Callable[[], None]) -> None:
        """Have `call` called whenever something new came in."""
        self._news.append(call)

    def start(self) -> None:
        """Begin to tell the others."""
        self.exchange.start()

    def wake(self) -> None:
        """Something was signed here: tell the others."""
        self.exchange.wake()

    def close(self) -> None:
        """End the threads."""
        self.exchange.close()

    def _tell_all(self) -> None:
        self.exchange.wake()
        for call in self._news:
            call()
