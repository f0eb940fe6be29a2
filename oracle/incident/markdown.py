"""An incident as a document for people. Whatever others wrote is made visible and kept on its line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from oracle.domain.amounts import format_usdc
from oracle.domain.fields import show_time
from oracle.domain.types import checksum
from oracle.incident.document import Incident
from oracle.pact.markdown import prose

_SHOWN = 200  # signals


def incident_markdown(incident: Incident) -> str:
    """The document; its last part is the machine-readable one."""
    return "\n".join(_lines(incident)) + "\n"


def lasting(seconds: int) -> str:
    """A period for people: "2 d 3 h", "45 s"."""
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def _lines(incident: Incident) -> Iterator[str]:
    first = incident.first
    yield f"# Incident: job {incident.job}"
    yield ""
    yield f"- Agent {checksum(incident.agent)}, buyer {checksum(incident.buyer)}"
    yield f"- Pact {incident.pact}, committee {incident.committee}"
    yield f"- Ended as {incident.outcome}; visible from {show_time(incident.visible_at)}"
    yield f"- Read at block {incident.block} of chain {incident.chain_id}"
    yield ""
    yield "## What broke first"
    yield ""
    if first is None:
        yield "No rule names an assumption that broke."
    for number, broken in enumerate(incident.broken, 1):
        yield (
            f"{number}. **{broken.assumption}**, {show_time(broken.at)}: {prose(broken.says)} "
            f"(rule: {broken.rule})"
        )
    if incident.weakness is not None:
        before, after = len(incident.repeats_before), len(incident.repeats_after)
        yield ""
        yield f"Weakness {incident.weakness}: {prose(incident.weakness_says or '')}."
        yield f"The same weakness: {before} time(s) before, {after} since."
    yield ""
    yield "## What still granted trust"
    yield ""
    signal = incident.first_signal
    if signal is None:
        yield "Nothing told beforehand."
    else:
        late = lasting(incident.unseen_for or 0)
        yield f"First signal: {show_time(signal.time)}, {prose(signal.says)}; {late} before it was visible."
    for grant in incident.grants:
        yield f"- {grant.what}, for {lasting(grant.seconds)}: {prose(grant.says)}"
    yield ""
    yield "## Who bore what"
    yield ""
    if incident.costs:
        yield "| side | paid in | got | net |"
        yield "| --- | ---: | ---: | ---: |"
    else:
        yield "Not closed yet."
    for cost in incident.costs:
        amounts = (format_usdc(int(value)) for value in (cost.paid, cost.received, cost.net))
        yield f"| {cost.party} | {' | '.join(amounts)} |"
    yield ""
    yield "## What changed since"
    yield ""
    yield f"{prose(incident.since.says[:1].upper() + incident.since.says[1:])}."
    if incident.since.remediated is False:
        yield "**Whatever was done about it changed no rule.**"
    yield ""
    yield "## Every signal"
    yield ""
    for one in incident.timeline[:_SHOWN]:
        mark = " (trust weakens)" if one.weakens else ""
        yield f"- {show_time(one.time)}, {one.kind}: {prose(one.says)} [{one.source}]{mark}"
    if len(incident.timeline) > _SHOWN:
        yield f"- … and {len(incident.timeline) - _SHOWN} more in the part below"
    yield ""
    yield "## For machines"
    yield ""
    yield f"Hash {incident.hash()} (keccak-256 of the canonical form)."
    yield ""
    yield "```json"
    yield json.dumps(incident.as_json(), indent=1, ensure_ascii=True)
    yield "```"
