"""What the demo's failures come to: what broke first, and whom the committee still takes on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from oracle.api.reader import Reader
from oracle.domain.amounts import format_usdc
from oracle.domain.types import Hash
from oracle.incident.document import Assumption
from scripts.demo import show
from scripts.demo.daemon import SERVING, Site
from scripts.demo.parties import Deal
from scripts.demo.plan import UNIT, Agent
from scripts.demo.town import DemoError, Town

_PATIENCE = 60  # seconds for the evaluator to have read a job's end
_ASKED = 3_000 * UNIT  # what a buyer would entrust next, base units

EXPECTED = {
    "code, careless": (Assumption.MEETS_PACT,),
    "wrong verdict, disputed": (Assumption.MEETS_PACT, Assumption.JUDGES),
    "delivered, judged by nobody": (Assumption.ANSWERS,),
    "never delivered": (Assumption.DELIVERS,),
}
"""Which assumptions break in a job of the demo, the first one first."""


def show_incidents(console: Console, town: Town, deals: list[Deal], sites: list[Site]) -> list[str]:
    """Replay the jobs that failed, and ask whether the careless agent would be taken on again.

    Returns:
        What is not as it must be.

    Raises:
        DemoError: an incident cannot be told.
    """
    site = sites[SERVING]
    show.say(console, "\nWhat broke first where it went wrong; more: oracle incident JOB, or /report")
    problems = []
    for deal in deals:
        if deal.plan.name not in EXPECTED:
            continue
        told = _incident(site, deal.job)
        names = tuple(one["assumption"] for one in told["broken"])
        show.say(console, f"  {deal.plan.name}: {', then '.join(names)}")
        show.say(console, f"    {escape(told['broken'][0]['says'] if names else 'no rule names it')}")
        if names != tuple(one.value for one in EXPECTED[deal.plan.name]):
            problems.append(f"the incident of {deal.plan.name} names {', '.join(names) or 'nothing'}")
    careless = town.agents[Agent.CARELESS].address.lower()
    with Reader(site.url) as reader:
        told = reader.get("agents", careless, "admission", price=_ASKED)
    show.say(console, f"Would the committee take on {format_usdc(_ASKED)} with the careless agent?")
    for one in told["refusals"]:
        show.say(console, f"  No, by {one['policy']}.{one['rule']}: {escape(one['says'])}; {one['fix']}")
    if told["admitted"]:
        problems.append("the committee's policy takes the careless agent on")
    return problems


def _incident(site: Site, job: Hash) -> dict[str, Any]:
    """The incident, as `oracle incident` tells it once the evaluator has read that the job is closed."""
    oracle = str(Path(sys.executable).parent / "oracle")
    end = time.monotonic() + _PATIENCE
    while True:
        done = subprocess.run(
            [oracle, "incident", job, "--config", str(site.config), "--json"],
            capture_output=True,
            check=False,
        )
        told: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
        if done.returncode == 0 and told["outcome"] != "still running":
            return told
        if time.monotonic() > end:
            raise DemoError(f"`oracle incident {job}` failed: {told.get('message') or done.stderr.decode()}")
        time.sleep(0.5)
