"""Jurors: whether the models that conditions for a reader need are configured and measured."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing

from oracle.config import Settings
from oracle.decide import preflight as grade
from oracle.decide.preflight import Finding
from oracle.domain.canonical import MAX_DOCUMENT_BYTES
from oracle.domain.errors import EarnestError
from oracle.domain.types import Hash
from oracle.evaluation.drand import QUICKNET_CHAIN, RELAYS
from oracle.evidence.http import HttpFetcher
from oracle.jury.probes import read_calibration
from oracle.jury.providers import ConfiguredProviders, read_providers
from oracle.opening.places import open_store
from oracle.pact.methodology import Methodology

_DRAND_SECONDS = 5.0


def models(settings: Settings, methodologies: Collection[Hash]) -> Iterator[Finding]:
    """Providers' file and keys, and for each committee's methodology who of its jurors can be asked."""
    if settings.jury.providers is None:
        yield grade.warning(
            "models",
            "no jurors are configured: conditions that need a reader stay undecided",
            "add [jury] providers (docs/providers.md), or serve committees without such pacts",
        )
        return
    connections = read_providers(settings.path(settings.jury.providers))
    yield grade.ok("models", f"{len(connections)} providers are configured")
    with closing(ConfiguredProviders(connections)) as providers:
        store = open_store(settings)
        for wanted in sorted(methodologies):
            try:
                data = store.get(wanted, max_bytes=MAX_DOCUMENT_BYTES)
                methodology = Methodology.parse(data)
            except EarnestError as error:
                yield grade.warning(
                    "models",
                    f"the methodology {wanted[:10]}… cannot be had: {error.message}",
                    "get it from the committee and put it into the store: oracle methodology publish",
                )
                continue
            yield from _of(settings, methodology, providers)


def _of(settings: Settings, methodology: Methodology, providers: ConfiguredProviders) -> Iterator[Finding]:
    usable = 0
    jurors = methodology.jury.jurors
    for juror in jurors:
        reason = providers.configured(juror.provider)
        if reason is None:
            usable += 1
        else:
            yield grade.warning("models", f"juror {juror.id}: {reason}", "see docs/providers.md")
    yield grade.ok(
        "models", f"{usable} of the {len(jurors)} jurors of {methodology.hash()[:10]}… can be asked"
    )
    if read_calibration(settings.path(settings.jury.calibrations), methodology) is None:
        yield grade.warning(
            "models",
            f"no juror of {methodology.hash()[:10]}… was measured: none counts",
            "run: oracle jury calibrate",
        )


def randomness(settings: Settings, fetcher: HttpFetcher | None = None) -> Iterator[Finding]:
    """Whether a relay of drand answers: without it no jury is drawn."""
    relays = settings.evaluation.drand if settings.evaluation.drand is not None else RELAYS
    fetch = fetcher or HttpFetcher()
    for relay in relays:
        try:
            fetch.get(f"{relay.rstrip('/')}/{QUICKNET_CHAIN}/info", max_bytes=10_000, seconds=_DRAND_SECONDS)
        except EarnestError:
            continue
        yield grade.ok("randomness", f"drand answers at {relay}")
        return
    yield grade.warning(
        "randomness",
        f"none of {len(relays)} relays of drand answers: draws wait",
        "check [evaluation] drand and that this machine may reach the network",
    )
