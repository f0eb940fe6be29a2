"""All checks, in the order in which one depends on another. One that fails does not hide the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from pathlib import Path

from oracle.chain.anyone import Anyone
from oracle.chain.deployments import Deployment
from oracle.chain.escrow import Escrow
from oracle.config import Settings
from oracle.decide import preflight as grade
from oracle.decide.preflight import Finding, Grade
from oracle.domain.errors import EarnestError
from oracle.domain.types import Hash
from oracle.opening.keys import Keys
from oracle.opening.places import deployment_of, open_pool
from oracle.preflight import chain, jurors, machine, peers, tabs


def look(settings: Settings, config: Path) -> list[Finding]:
    """Look at everything; nothing is changed, signed for or sent.

    Args:
        config: The file the settings came from.
    """
    findings: list[Finding] = []

    def check(name: str, act: Callable[[], Iterable[Finding]]) -> None:
        try:
            findings.extend(act())
        except EarnestError as error:
            findings.append(grade.problem(name, error.message, error.next_step or "see docs/runbook.md"))
        except Exception as error:  # noqa: BLE001 - a check that crashes has not passed, and must not hide the others
            findings.append(
                grade.problem(name, f"this check failed: {type(error).__name__}", "report it with the log")
            )

    check("settings", lambda: machine.dangers(settings, config))
    deployment = _deployment(settings, findings)
    check("database", lambda: machine.database(settings, deployment))
    check("disk", lambda: machine.disk(settings))
    check("sandbox", machine.sandbox)
    with ExitStack() as stack:
        found, keys = machine.open_keys(settings)
        findings += found
        if keys is not None:
            stack.enter_context(closing(keys))
        methodologies: set[Hash] = set()
        if deployment is not None:
            _chain(settings, deployment, keys, check, methodologies)
        check("models", lambda: jurors.models(settings, methodologies))
        if settings.jury.providers is not None:
            check("randomness", lambda: jurors.randomness(settings))
        check("peers", lambda: peers.peers(settings))
    return findings


def worst(findings: Iterable[Finding]) -> Grade:
    """The worst grade there is."""
    grades = {finding.grade for finding in findings}
    return next((one for one in (Grade.PROBLEM, Grade.WARNING) if one in grades), Grade.OK)


def _deployment(settings: Settings, findings: list[Finding]) -> Deployment | None:
    try:
        return deployment_of(settings)
    except EarnestError as error:
        findings.append(
            grade.problem("contracts", error.message, error.next_step or "correct [chain] deployment")
        )
        return None


def _chain(
    settings: Settings,
    deployment: Deployment,
    keys: Keys | None,
    check: Callable[[str, Callable[[], Iterable[Finding]]], None],
    methodologies: set[Hash],
) -> None:
    with closing(open_pool(settings)) as pool:
        check("chain", lambda: chain.endpoints(settings, pool))
        escrow = Escrow(Anyone(pool), deployment.escrow, deployment.chain_id)
        check("contracts", lambda: chain.contracts(deployment, escrow))
        check("clock", lambda: chain.clock(pool))
        if keys is None:
            return
        check("balance", lambda: chain.balance(pool, keys.sender.address))
        committees = machine.known_committees(settings, list(keys.evaluators))
        check("stake", lambda: chain.stakes(escrow, keys.evaluators, committees))
        check("tabs", lambda: tabs.verdicts(settings, escrow, committees))
        check("models", lambda: _note(escrow, committees, methodologies))


def _note(escrow: Escrow, committees: set[Hash], methodologies: set[Hash]) -> Iterable[Finding]:
    methodologies.update(escrow.committee_state(committee).methodology for committee in committees)
    return ()
