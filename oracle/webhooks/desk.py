"""The thread that notices changes and sends deliveries: stored first, sent until taken or given up."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import DBAPIError

from oracle.periodic import Periodic
from oracle.store import webhooks as store
from oracle.store.database import Database
from oracle.store.webhooks import Delivery, Webhook
from oracle.webhooks.feed import Feed, dead_delivery
from oracle.webhooks.sending import NotTakenError, Sender, Way
from oracle.webhooks.signing import WebhookKeys

log = structlog.get_logger(__name__)

_TO_ONE = 4  # deliveries under way to one subscriber, so that a slow one holds up nobody else
_MORE = 0.05  # seconds between two looks, where there is more to do
_LONGEST = 8 * 3_600.0  # seconds between two tries
_JITTER = 0.2  # share by which a wait is longer or shorter
_TIDY_EVERY = 3_600.0
_KEPT = 30 * 86_400.0  # seconds


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How often a delivery is tried, and how long after a failure it is tried again, in seconds."""

    tries: int = 10
    wait: float = 5.0

    def after(self, tries: int, chance: float) -> float | None:
        """Seconds until the next try after so many; None where there is none.

        Args:
            chance: From 0 to 1; spreads those who failed together.
        """
        if tries >= self.tries:
            return None
        wait = min(self.wait * 3.0 ** min(tries - 1, 30), _LONGEST)
        return wait * (1 - _JITTER + 2 * _JITTER * chance)


class WebhookDesk(Periodic):
    """Notices changes and sends them.

    Args:
        keys: Sign deliveries.
        way: How they go out.
        rule: How often they are tried.
        poll: Seconds between two looks.
        leads: Whether this process may act now; of several on one database one does.
        clock: Unix seconds.
    """

    def __init__(
        self,
        database: Database,
        keys: WebhookKeys,
        way: Way,
        rule: RetryRule,
        *,
        poll: float = 1.0,
        leads: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__("webhooks", every=poll, hindered="webhooks_not_served", leads=leads)
        self._database = database
        self._keys = keys
        self._sender = Sender(way)
        self._rule = rule
        self._clock = clock
        self._feed = Feed(clock)
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._tidied = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None  # in which deliveries are under way

    def close(self) -> None:
        """End; what is under way is sent again at the next start."""
        super().close()
        self._sender.close()

    def notice(self) -> int:
        """Make what happened into changes. How much there was to do."""
        with self._database.read() as session:
            news = self._feed.has_news(session)
        if not news:
            return 0
        try:
            with self._database.write() as session:
                return self._feed.step(session)
        except Exception:
            self._feed.look_at_all()
            raise

    async def send_due(self) -> int:
        """Send what is due now, and wait for it. How many tries that were."""
        begun = await asyncio.to_thread(self._begin_due, asyncio.get_running_loop())
        tasks = {*begun, *self._under_way.values()}  # one that was begun may have ended by now
        await asyncio.gather(*tasks)
        return len(tasks)

    def _run(self) -> None:
        asyncio.run(self._send_beside())

    async def _send_beside(self) -> None:
        """Deliveries in the loop of this thread, turns in another: neither waits for the other."""
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(super()._run)
        for task in self._under_way.values():
            task.cancel()

    def _turn(self) -> float | None:
        more = self.notice() > 0
        if self._loop is not None:
            self._begin_due(self._loop)
        self._tidy()
        return _MORE if more else None

    def _begin_due(self, loop: asyncio.AbstractEventLoop) -> list[asyncio.Task[None]]:
        """Begin tries of what is due, a few at once for each subscriber."""
        # A copy, made at once: tasks that end meanwhile, in another thread, leave the original.
        busy = Counter(task.get_name() for task in list(self._under_way.values()))
        found: list[tuple[Webhook, Delivery]] = []
        with self._database.read() as session:
            for webhook in store.every(session):
                room = _TO_ONE - busy[webhook.id]
                if webhook.stopped is None and room > 0:
                    due = store.due(
                        session, webhook.id, now=self._clock(), limit=room, without=list(self._under_way)
                    )
                    found += [(webhook, delivery) for delivery in due]
        return asyncio.run_coroutine_threadsafe(self._begin(found), loop).result() if found else []

    async def _begin(self, found: list[tuple[Webhook, Delivery]]) -> list[asyncio.Task[None]]:
        begun = []
        for webhook, delivery in found:
            task = asyncio.create_task(self._try(webhook, delivery), name=webhook.id)
            self._under_way[delivery.id] = task
            task.add_done_callback(lambda _task, id_=delivery.id: self._under_way.pop(id_, None))  # type: ignore[misc]
            begun.append(task)
        return begun

    async def _try(self, webhook: Webhook, delivery: Delivery) -> None:
        now = self._clock()
        body = delivery.body.encode()
        headers = self._keys.headers(webhook.id, delivery.message, int(now), body)
        failure: NotTakenError | None = None
        try:
            await self._sender.send(webhook.url, headers, body)
        except NotTakenError as error:
            failure = error
        except Exception as error:  # a defect here must not send one delivery for ever, without a count
            log.exception("webhook_try_failed", webhook=webhook.id, message=delivery.message)
            failure = NotTakenError(f"not sent: {type(error).__name__}")
        try:
            await asyncio.to_thread(self._record, webhook, delivery, failure)
        except DBAPIError as error:  # it is due still, and will be sent again under the same id
            log.warning("database_unusable", reason=str(error.orig), doing="webhooks")

    def _record(self, webhook: Webhook, delivery: Delivery, failure: NotTakenError | None) -> None:
        tries = delivery.tries + 1
        wait = None if failure is None else self._rule.after(tries, secrets.SystemRandom().random())
        with self._database.write() as session:
            if failure is None:
                store.done(session, delivery.id)
                return
            if failure.gone:
                store.stop(session, webhook.id, "it answered 410: gone")
            retry_at = None if wait is None else self._clock() + min(max(wait, failure.wait), _LONGEST)
            dead = failure.gone or retry_at is None
            store.failed(session, delivery.id, failure.message, retry_at=None if dead else retry_at)
            if dead:
                change = dead_delivery(
                    webhook.id, delivery.message, delivery.body, failure.message, now=self._clock()
                )
                if change is not None:
                    self._feed.announce(session, change, without=webhook.id)
        if dead:
            log.error("webhook_dead", webhook=webhook.id, message=delivery.message, reason=failure.message)
        else:
            log.warning("webhook_not_taken", webhook=webhook.id, tries=tries, reason=failure.message)

    def _tidy(self) -> None:
        now = self._clock()
        if now - self._tidied < _TIDY_EVERY:
            return
        self._tidied = now
        with self._database.write() as session:
            store.forget(session, before=now - _KEPT)
