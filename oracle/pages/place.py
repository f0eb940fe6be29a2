"""What every page is made from: the store by way of the API, and what the process knows beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

from oracle.api.source import Source
from oracle.domain.errors import EarnestError
from oracle.domain.typed import Domain
from oracle.domain.types import Hash
from oracle.evaluation.record import EvaluationRecord, parse_record
from oracle.pact.document import Pact
from oracle.pages.acts_case import Site
from oracle.pages.assets import Assets
from oracle.score.document import At


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

    def record(self, content: Hash) -> EvaluationRecord | None:
        """An evaluation record that everybody may read: none of a private delivery, which quotes it."""
        data = self.source.read_document(content)
        try:
            record = None if data is None else parse_record(data)
        except EarnestError:
            return None
        return None if record is None or record.intake.sealed_to else record
