"""What an event says, read in full: an opening is stored without its agreement, which stands with its job."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Label, case, func, literal, select

from oracle.store.everyday import AGREEMENT, NO_AGREEMENT
from oracle.store.tables import EventRow, JobRow

# By its own look at the jobs, also where the query around it reads them too.
_agreement = (
    select(JobRow.agreement).where(JobRow.job == EventRow.subject).correlate(EventRow).scalar_subquery()
)
_opening = func.replace(EventRow.body, NO_AGREEMENT, literal(AGREEMENT) + _agreement)
_in_full = case((EventRow.name == "JobOpened", _opening), else_=EventRow.body)

FULL_BODY: Final[Label[str]] = _in_full.label("body")
"""An event's arguments as JSON text, for queries that may find an opening; others read `EventRow.body`.

A job's row begins and ends with its opening. A text that holds its agreement stays as it is.
"""
