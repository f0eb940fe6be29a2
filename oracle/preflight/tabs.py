"""Tabs: whether the committees served leave time to judge a period after its draw. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from oracle.chain.escrow import Escrow
from oracle.config import Settings
from oracle.decide import preflight as grade
from oracle.decide.preflight import Finding
from oracle.domain.canonical import MAX_DOCUMENT_BYTES
from oracle.domain.errors import EarnestError
from oracle.domain.types import Hash
from oracle.opening.places import open_store
from oracle.pact.methodology import Methodology


def verdicts(settings: Settings, escrow: Escrow, committees: Collection[Hash]) -> Iterator[Finding]:
    """Each committee's shortest time for a verdict, against the draw of its methodology."""
    if settings.tabs is None or not committees:
        return
    store = open_store(settings)
    for committee in sorted(committees):
        state = escrow.committee_state(committee)
        try:
            data = store.get(state.methodology, max_bytes=MAX_DOCUMENT_BYTES)
            methodology = Methodology.parse_named(data, state.methodology)
        except EarnestError as error:
            yield grade.warning(
                "tabs",
                f"the methodology of {committee[:10]}… cannot be had: {error.message}",
                "get it from the committee and put it into the store: oracle methodology publish",
            )
            continue
        if methodology.tabs is None:
            yield grade.ok("tabs", f"{committee[:10]}… judges no tabs")
        else:
            delay = methodology.period_draw.delay_seconds
            yield grade.verdict_time(committee, state.min_verdict, delay)
