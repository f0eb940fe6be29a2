"""Policies beside the daemon: a thread carries them along, keeps what they do, and calls their owners."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

import httpx
import structlog

from oracle.config import Settings
from oracle.daemon.following import Following
from oracle.domain.errors import EarnestError
from oracle.periodic import Periodic
from oracle.policy.event import Happened
from oracle.policy.files import load_policies
from oracle.policy.run import Run
from oracle.store import policies as policy_store
from oracle.store.database import Database
from oracle.store.moment import UnknownBlockError
from oracle.store.policies import StoredPolicyEvent

log = structlog.get_logger(__name__)

Page = Callable[[str, bytes], None]
"""Calls an owner: the URL and the event's canonical bytes. Raises `EarnestError` where nobody answers."""

_SECONDS = 10.0  # for a call, and for all calls to one address in a step


class NotReachedError(EarnestError):
    """An owner does not answer."""


def post(url: str, body: bytes, *, transport: httpx.BaseTransport | None = None) -> None:
    """Call an owner: POST the event. The operator named the address in its own policy.

    Raises:
        NotReachedError: no answer in time, a redirect, or a status that is not 2xx.
    """
    try:
        with httpx.Client(
            timeout=_SECONDS, follow_redirects=False, trust_env=False, transport=transport
        ) as client:
            answer = client.post(url, content=body, headers={"Content-Type": "application/json"})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotReachedError(f"no answer: {type(error).__name__}", field="owner.page") from error
    if not answer.is_success:
        raise NotReachedError(f"it answers {answer.status_code}", field="owner.page")


def followed(settings: Settings) -> Following | None:
    """The policies of `[policies]`; None where there are none.

    Raises:
        PolicyError, JsonError, DocumentError: a file is no policy, or they contradict each other.
    """
    paths = [settings.path(path) for path in settings.policies.files]
    if not paths:
        return None
    return Following(load_policies(paths, now=int(time.time())), frozenset(settings.score.roots))


class PolicyDesk(Periodic):
    """Carries policies along.

    Args:
        page: Calls an owner.
        every: Seconds between two looks.
        leads: Whether this process may act now; of several on one database one does.
    """

    def __init__(
        self,
        database: Database,
        following: Following,
        *,
        page: Page = post,
        every: float = 30.0,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__("policies", every=every, hindered="policies_not_run", leads=leads)
        self._database = database
        self._following = following
        self._page = page
        self._stored: Run | None = None  # whose events are all stored

    def step(self) -> int:
        """Once: keep what is new, and call whoever was not reached yet. How many events were new.

        Raises:
            UnknownBlockError: nothing was read from the chain yet.
        """
        with self._database.read() as session:
            found = self._following.now(session)
        made: list[StoredPolicyEvent] = []
        if found is not self._stored:
            with self._database.write() as session:
                made = policy_store.add_events(session, found.events)
            self._stored = found
        for one in made:
            log.warning("policy", **_shown(one))
        self._call()
        return len(made)

    def _call(self) -> None:
        owners = {one.name: one.owner.page for one in self._following.policies}
        with self._database.read() as session:
            waiting = policy_store.untold(session)
        reached: list[int] = []
        spent: defaultdict[str, float] = defaultdict(float)
        for one in waiting:
            url = owners.get(one.document.policy)
            if url is None or not _is_called(one):
                reached.append(one.sequence)
            elif spent[url] < _SECONDS:  # one who is slow must not keep the others waiting
                before = time.monotonic()
                told = self._tell(url, one)
                spent[url] += time.monotonic() - before if told else _SECONDS
                if told:
                    reached.append(one.sequence)
        if reached:
            with self._database.write() as session:
                policy_store.mark_told(session, reached)

    def _tell(self, url: str, one: StoredPolicyEvent) -> bool:
        """Whether the owner answers; who does not is called again at the next look."""
        try:
            self._page(url, one.document.canonical())
        except EarnestError as error:
            log.warning("owner_not_reached", reason=error.message, **_shown(one))
        except Exception:  # a defect in one call must not undo what the others were told
            log.exception("owner_not_called", **_shown(one))
        else:
            return True
        return False

    def _turn(self) -> None:
        try:
            self.step()
        except UnknownBlockError:
            log.debug("policies_wait", reason="nothing was read from the chain yet")


def _is_called(one: StoredPolicyEvent) -> bool:
    """Reviews concern the owner in any case; a firing where its rule says so."""
    document = one.document
    return document.happened is not Happened.FIRED or any(
        consequence.get("kind") == "page-owner" for consequence in document.consequences
    )


def _shown(one: StoredPolicyEvent) -> dict[str, object]:
    document = one.document
    return {
        "happened": document.happened.value,
        "policy": document.policy,
        "rule": document.rule,
        "subject": document.subject.key,
        "says": document.says,
        "evidence": one.event,
    }
