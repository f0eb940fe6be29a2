"""Jurors' measured error rates, from the probes that a methodology's jurors were asked here."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import structlog

from oracle.api import models
from oracle.domain.errors import EarnestError
from oracle.domain.types import Hash
from oracle.jury.probes import MAX_CALIBRATION_BYTES, Calibration
from oracle.jury.rates import ErrorRate, JurorRates, error_rates

log = structlog.get_logger(__name__)


def measured_in(folder: Path) -> Callable[[Hash], models.Measurement | None]:
    """Reads the calibrations kept in a folder: of a methodology by its hash; None where it has none."""

    @lru_cache(maxsize=64)
    def read(methodology: Hash, _changed: int) -> models.Measurement | None:
        path = folder / f"{methodology}.json"
        try:
            data = path.read_bytes()
            found = Calibration.parse(data, what=path.name, max_bytes=MAX_CALIBRATION_BYTES)
        except (OSError, EarnestError) as error:
            log.warning("calibration_not_read", methodology=methodology, error=type(error).__name__)
            return None
        return None if found.methodology != methodology else measurement(found)

    def measured(methodology: Hash) -> models.Measurement | None:
        try:
            changed = (folder / f"{methodology}.json").stat().st_mtime_ns
        except OSError:
            return None
        return read(methodology, changed)

    return measured


def measurement(found: Calibration) -> models.Measurement:
    """What a calibration showed, over all probes and by kind of criterion."""
    kinds = sorted({result.kind for result in found.results})
    return models.Measurement(
        methodology=found.methodology,
        probe_set=found.probe_set,
        measured_at=found.measured_at,
        probes=len(found.results),
        jurors=tuple(_juror(one) for one in error_rates(found.results)),
        kinds={kind: tuple(_juror(one) for one in error_rates(found.results, kind)) for kind in kinds},
        not_measured=dict(found.not_measured),
    )


def _juror(one: JurorRates) -> models.JurorRate:
    return models.JurorRate(
        juror=one.juror,
        good_not_passed=_rate(one.good_not_passed),
        bad_passed=_rate(one.bad_passed),
        adversarial=_rate(one.adversarial),
    )


def _rate(rate: ErrorRate) -> models.Rate:
    return models.Rate(
        asked=rate.asked,
        wrong=f"{rate.wrong:.1f}",
        unheard=rate.unheard,
        share=round(1_000 * rate.share),
        low=int(1_000 * rate.low),
        high=min(1_000, -int(-1_000 * rate.high // 1)),
    )
