"""The public API and pages beside the daemon: a thread keeps evidence and scores ready, a host serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from oracle.chain.deployments import Deployment
from oracle.config import Settings
from oracle.daemon.following import Following
from oracle.domain.typed import usdc_domain
from oracle.domain.types import Hash
from oracle.evidence.errors import EvidenceError
from oracle.evidence.store import DirectoryLocation
from oracle.peers.limits import Rates
from oracle.periodic import Periodic
from oracle.store import scores
from oracle.store.database import Database
from oracle.web.limits import Limits

if TYPE_CHECKING:
    from oracle.api.book import ScoreBook
    from oracle.api.directory import Directory

_EVERY = 1.0  # seconds between two looks for closed jobs
_AT_ONCE = 0.01  # seconds, where there is more to do
_DAY = 86_400  # seconds
_LARGEST_DOCUMENT = 4_000_000  # bytes


class Keeper(Periodic):
    """Turns closed jobs into evidence, and brings scores that were asked for up to date.

    Args:
        book: Scores kept ready.
        directory: Rows of all agents.
        every: Seconds between two looks.
    """

    def __init__(
        self, database: Database, book: ScoreBook, directory: Directory, *, every: float = _EVERY
    ) -> None:
        super().__init__("scores", every=every, hindered="scores_not_kept")
        self._database = database
        self._book = book
        self._directory = directory

    def step(self) -> bool:
        """Once. Whether there is more to do at once."""
        with self._database.read() as session:
            behind = scores.is_behind(session, self._book.roots)
        if behind:
            with self._database.write() as session:
                scores.advance(session, self._book.roots)
        with self._database.read() as session:
            self._book.refresh(session)
        # Only once all is read: meanwhile every row would be made many times over.
        return behind or self._directory.step()

    def _turn(self) -> float | None:
        return _AT_ONCE if self.step() else None


@contextmanager
def public_api(
    settings: Settings,
    database: Database,
    deployment: Deployment,
    policies: Following | None = None,
    *,
    leads: Callable[[], bool] = lambda: True,
) -> Iterator[Callable[[ASGIApp, Limits], ASGIApp]]:
    """What puts API and pages before the public's application, where `[api]` asks for it. Ended on leaving.

    Args:
        leads: Whether this process may send to webhooks now; of several on one database one does.

    Raises:
        ResponseKeyError: the key that signs answers cannot be used.
    """
    section = settings.api
    if section is None or settings.web is None:
        yield lambda app, _limits: app
        return
    # Only here: whoever serves no API need not load it.
    from oracle.api.app import Switch, make_api
    from oracle.api.measured import measured_in
    from oracle.api.signing import ResponseKey
    from oracle.api.source import Source
    from oracle.pages.app import Front, make_pages
    from oracle.pages.place import Place
    from oracle.webhooks.desk import RetryRule, WebhookDesk
    from oracle.webhooks.sending import way_of
    from oracle.webhooks.signing import WebhookKeys

    key = ResponseKey.from_file(settings.path(section.key))
    source = Source(
        database,
        key,
        kept_in(settings.path(settings.evidence.directory)),
        frozenset(settings.score.roots),
        policies,
        registry=None if settings.registry is None else settings.registry.reputation,
        measured=measured_in(settings.path(settings.jury.calibrations)),
    )
    per_second = section.requests_per_second
    meter = None if per_second is None else Rates(per_second=per_second, burst=max(1, int(2 * per_second)))
    keeper = Keeper(database, source.book, source.directory)
    keeper.start()
    hooks = WebhookDesk(
        database,
        WebhookKeys(key),
        way_of(settings.webhooks),
        RetryRule(settings.webhooks.tries, settings.webhooks.wait),
        poll=settings.webhooks.poll,
        leads=leads,
    )
    hooks.start()

    def fronted(app: ASGIApp, limits: Limits) -> ASGIApp:
        public = Switch(make_api(source, limits=limits, meter=meter), app)
        if not section.pages:
            return public
        usdc = usdc_domain(
            deployment.chain_id, deployment.usdc, name=deployment.usdc_name, version=deployment.usdc_version
        )
        place = Place(source, usdc, lapse_challenge(deployment))
        return Front(make_pages(source, limits=limits, place=place, meter=meter), public)

    try:
        yield fronted
    finally:
        hooks.close()
        keeper.close()


def lapse_challenge(deployment: Deployment) -> int:
    """Seconds a challenge lasts at least after a lapse; a day where the deployment's file does not say."""
    stated = deployment.constructor.get("lapseChallenge", "")
    return int(stated) if stated.isdecimal() else _DAY


def kept_in(directory: Path) -> Callable[[Hash], bytes | None]:
    """Reads what is kept in the evidence directory; nothing is fetched for strangers."""
    location = DirectoryLocation(directory)

    def read(content: Hash) -> bytes | None:
        try:
            data = location.read(content, max_bytes=_LARGEST_DOCUMENT, seconds=1)
        except EvidenceError:
            return None
        return data if len(data) <= _LARGEST_DOCUMENT else None

    return read
