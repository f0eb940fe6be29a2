"""What every page is made from: the store by way of the API, and what the process knows beside it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.orm import Session

from oracle.api.source import Source
from oracle.domain.errors import EarnestError
from oracle.domain.typed import Domain
from oracle.domain.types import Hash
from oracle.evaluation.record import EvaluationRecord, parse_record
from oracle.history.task import Task, by_job
from oracle.incident.derive import incident_of
from oracle.incident.document import Incident
from oracle.incident.reading import CaseReader
from oracle.pact.document import Pact
from oracle.pages.acts_case import Site
from oracle.pages.assets import Assets
from oracle.pages.views_checks import Checks, checks
from oracle.report.document import Report
from oracle.report.reading import read_report
from oracle.score.document import At
from oracle.store import listing
from oracle.store.tasks import TaskShelf

_RECORDS: Final = 5  # of one verdict that are read for a page
_CHECKS_KEPT: Final = 200
_TITLES_KEPT: Final = 2_000
_PACTS: Final = 100  # to choose from
_REPORT_FOR: Final = 60.0  # seconds for which a report is kept
_PACTS_FOR: Final = 60.0  # seconds for which the choice is kept


@dataclass(slots=True)
class _Kept:
    """What does not change, or not quickly. Threads may do the same work twice, but for the report, which is
    dear: `reporting` is held by the one that makes it.
    """

    titles: dict[Hash, str | None] = field(default_factory=dict)
    checks: dict[tuple[Hash, ...], Checks] = field(default_factory=dict)
    pacts: tuple[Hash, ...] = ()
    until: float = 0.0
    tasks: TaskShelf | None = None
    report: tuple[float, Report] | None = None
    reporting: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True)
class Place:
    """Where pages read.

    Args:
        source: The store, the documents kept beside it, and the committees whose word counts.
        usdc: The token, as payments in it are signed; None where it is not known.
        lapse_challenge: Seconds a challenge lasts at least after a lapse, fixed by the deployment.
    """

    source: Source
    usdc: Domain | None = None
    lapse_challenge: int = 86_400
    assets: Assets = field(default_factory=Assets)
    _kept: _Kept = field(default_factory=_Kept)

    def site(self, at: At) -> Site:
        """What acts need to know of the escrow that was read."""
        return Site(Domain(at.chain_id, at.escrow), self.usdc, self.lapse_challenge)

    def pact(self, content: Hash) -> Pact | None:
        """A pact, where its document is kept here."""
        data = self.source.read_document(content)
        try:
            return None if data is None else Pact.parse_named(data, content)
        except EarnestError:
            return None

    def pact_title(self, content: Hash) -> str | None:
        """A pact's title, read once."""
        titles = self._kept.titles
        if titles.get(content) is None:
            if len(titles) >= _TITLES_KEPT:
                titles.clear()
            found = self.pact(content)
            # One that is not kept here yet may be tomorrow, and costs one look into a folder.
            titles[content] = None if found is None else found.title
        return titles[content]

    def pacts(self, session: Session) -> tuple[Hash, ...]:
        """The pacts most used, as of a minute ago."""
        kept, now = self._kept, time.monotonic()
        if now >= kept.until:
            kept.pacts = tuple(listing.most_used_pacts(session, limit=_PACTS))
            kept.until = now + _PACTS_FOR
        return kept.pacts

    def report(self, session: Session) -> Report:
        """The report on everything, as of a minute ago. One thread makes a new one; others take the last."""
        kept, last = self._kept, self._kept.report
        if last is not None and kept.reporting.locked():
            return last[1]
        with kept.reporting:
            if kept.report is None or time.monotonic() >= kept.report[0]:
                source = self.source
                made = read_report(
                    session,
                    source.read_document,
                    roots=source.roots,
                    policies=() if source.policies is None else source.policies.policies,
                    tasks=self._tasks(session),
                )
                kept.report = (time.monotonic() + _REPORT_FOR, made)
            return kept.report[1]

    def incident(self, session: Session, job: Hash) -> Incident:
        """What became of a job that did not end well.

        Raises:
            IncidentError: it is not here, or nothing went wrong with it.
        """
        source = self.source
        tasks = self._tasks(session)
        known = by_job(tasks).get(job)
        if known is None and listing.get_job(session, job) is not None:  # it is newer than what was read
            tasks = self._tasks(session, fresh=True)
        policies = () if source.policies is None else source.policies.policies
        reader = CaseReader(session, source.read_document, roots=source.roots, policies=policies, tasks=tasks)
        return incident_of(reader.case(job))

    def _tasks(self, session: Session, *, fresh: bool = False) -> list[Task]:
        kept = self._kept
        if kept.tasks is None:
            kept.tasks = TaskShelf(self.source.roots)
        return kept.tasks.tasks(session, fresh=fresh)

    def record(self, content: Hash) -> EvaluationRecord | None:
        """An evaluation record that everybody may read: none of a private delivery, which quotes it."""
        data = self.source.read_document(content)
        try:
            record = None if data is None else parse_record(data)
        except EarnestError:
            return None
        return None if record is None or record.intake.sealed_to else record

    def checks(self, pact: Hash, evidence: tuple[Hash, ...]) -> Checks | None:
        """What came of a pact's conditions by these records; kept, once all of them are here."""
        key = (pact, *evidence)
        if key in self._kept.checks:
            return self._kept.checks[key]
        found, wanted = self.pact(pact), evidence[:_RECORDS]
        records = [record for record in map(self.record, wanted) if record is not None]
        made = checks(found, [record for record in records if record.pact == pact])
        if made is not None and found is not None and evidence and len(records) == len(wanted):
            if len(self._kept.checks) >= _CHECKS_KEPT:
                self._kept.checks.clear()
            self._kept.checks[key] = made
        return made
