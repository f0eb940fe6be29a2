"""From the methodology's integers and the recorded probes to what the aggregation works with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oracle.jury.aggregate import PanelRules
from oracle.jury.ballots import Ballot, Probe, Vote
from oracle.jury.correlation import Kinship
from oracle.jury.eligibility import EligibilityRules
from oracle.jury.parse import Verdict
from oracle.jury.record import ProbeResult
from oracle.pact.methodology import Methodology

BPS = 10_000  # basis points in one
# A juror at chance clears the bounds of both classes with risk^2 at the most. Many jurors are tried many
# times, so its whole record must be as unlikely again.
LUCK_POWER = 4


def panel_rules(methodology: Methodology) -> PanelRules:
    """The methodology's thresholds as shares from 0 to 1.

    What the methodology does not name stays as the aggregation's own defaults, which are part of the
    software's version and so of the record.
    """
    jury, probes = methodology.jury, methodology.probes
    default = EligibilityRules()
    risk = 1.0 - probes.bound_level_bps / BPS
    return PanelRules(
        minimum_jurors=jury.minimum_jurors,
        release_certainty=jury.release_certainty_bps / BPS,
        fail_certainty=jury.fail_certainty_bps / BPS,
        maximum_false_release=_share(jury.maximum_false_release_bps),
        maximum_false_fail=_share(jury.maximum_false_fail_bps),
        expected_good=_share(jury.prior_pass_bps),
        eligibility=EligibilityRules(
            minimum=probes.minimum,
            minimum_per_class=min(default.minimum_per_class, max(1, probes.minimum // 2)),
            minimum_adversarial=probes.minimum_adversarial,
            chance=probes.chance_bps / BPS,
            class_risk=risk,
            luck=risk**LUCK_POWER,
        ),
        kinship=Kinship(strangers=jury.correlation_bps / BPS),
    )


def _share(basis_points: int | None) -> float | None:
    return None if basis_points is None else basis_points / BPS


def to_vote(juror: str, family: str, template: str, verdict: Verdict | None) -> Vote:
    """A vote for the aggregation; None is void: asked, and nothing that counts."""
    return Vote(juror, family, verdict, template=template, void=verdict is None)


def to_probes(results: Iterable[ProbeResult]) -> tuple[Probe, ...]:
    """Recorded probe results for the aggregation."""
    return tuple(
        Probe(
            Ballot(
                case=result.probe,
                kind=result.kind,
                votes=tuple(to_vote(v.juror, v.family, v.template, v.verdict) for v in result.votes),
                item=result.item,
            ),
            good=result.gold == "pass",
            adversarial=result.adversarial,
        )
        for result in results
    )


def only_jurors(results: Sequence[ProbeResult], jurors: set[tuple[str, str]]) -> tuple[ProbeResult, ...]:
    """The results with the votes of these (juror, family) pairs alone."""
    return tuple(
        result.model_copy(update={"votes": tuple(v for v in result.votes if (v.juror, v.family) in jurors)})
        for result in results
    )
