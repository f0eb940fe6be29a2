"""The jury of a running evaluator: one for each job, with providers, rates and calibrations they share.

Imports nothing heavy: model libraries and statistics are loaded when a job first needs a jury.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from oracle.jury.providers import ConfiguredProviders, Providers, read_providers

if TYPE_CHECKING:
    from oracle.jury.panel import JuryPanel, RecordedJury
    from oracle.jury.ratelimit import RateLimits
    from oracle.pact.methodology import Methodology


class JuryRoom:
    """Makes the jury of a job's methodology. Pass it where the evaluation takes a jury factory.

    Args:
        providers: Where the operator reaches jurors.
        calibrations: Folder with what probes showed, as `oracle jury calibrate` writes it.
    """

    def __init__(self, providers: Providers, calibrations: Path) -> None:
        self._providers, self._calibrations = providers, calibrations
        self._rates: RateLimits | None = None
        self._first = threading.Lock()

    @classmethod
    def open(cls, providers_file: Path, calibrations: Path) -> JuryRoom:
        """The room of an operator's providers file.

        Raises:
            ProviderError: the file cannot be read or is wrong; it names the field.
        """
        return cls(ConfiguredProviders(read_providers(providers_file)), calibrations)

    def __call__(self, methodology: Methodology) -> JuryPanel:
        """The jury of one job. Without a calibration no juror qualifies, and the jury says so.

        Raises:
            JuryError: the calibration cannot be read, or is of another methodology.
        """
        from oracle.jury.deliberate import Measured
        from oracle.jury.panel import JuryPanel, rate_limits
        from oracle.jury.probes import read_calibration

        calibration = read_calibration(self._calibrations, methodology)
        measured = Measured() if calibration is None else calibration.measured(methodology)
        with self._first:  # jobs begin in threads of their own, and all must share one gate
            if self._rates is None:
                self._rates = rate_limits(self._providers)
        return JuryPanel(methodology, self._providers, measured, rates=self._rates)

    def close(self) -> None:
        """Stop local models."""
        self._providers.close()


def replayer(methodology: Methodology) -> RecordedJury:
    """Goes through recorded decisions again; pass it where verification takes a replayer factory."""
    from oracle.jury.panel import RecordedJury

    return RecordedJury(methodology)
