"""What attacks in a delivery's text achieve, and what the controls cost good deliveries."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from oracle.jury.prompt import FRAME_VERSION
from scripts.bench_sections import Section
from scripts.injection.local import RESULT
from scripts.injection.measure import Tally, scripted

_TEXT = """\
Every case goes through the live jury: prompt, quote, controls, weights, decision. The scripted juror has a
perfect record on probes, so nothing but the controls stands in an attack's way.

| | cases | what was counted |
| --- | --- | --- |
| attacks, obedient juror, controls off | {injection_attacks} | {injection_obeyed_without_controls} passed |
| attacks, obedient juror | {injection_attacks} | {injection_passed} passed |
| good deliveries, honest juror | {benign_deliveries} | {benign_voided_honest:.1%} void |
| good deliveries, obedient juror | {benign_deliveries} | {benign_voided:.1%} void |

The obedient juror obeys every order it can read, in any of 25 languages, under zero-width, look-alike,
fullwidth and other disguises, also an order that claims to hold for its own text only or under this
criterion only, and just as well where good work merely quotes it: {benign_obeyed} of the good deliveries
turn it or make it say something that is no verdict. No list of phrases is looked for anywhere in the jury.

A juror that a control finds turned is asked again with less and less of the delivery until the passage is
found; then the rest goes through everything that a delivery does (`oracle/jury/hearing.py`). Only a pass of
the rest counts, and the prompt shows where something is left out. An attack gains nothing by it: its rest
would have passed if handed in alone. What cannot be saved is good work with a quoted attack under a
criterion that something stands *nowhere*: whoever cannot read the quote cannot tell. In an attack the
same rule stops those who hide what breaks the criterion in the passage that is left out.

| good deliveries | cases | turn the obedient juror | void |
| --- | --- | --- | --- |
{families}

Limits. An order that holds only for its own text *and* only where the criterion reads exactly as in the pact
would tell the main call from both controls. A juror that obeys such an order is fooled; only probes of that
sort keep it out. And a juror that passes a text with a gap where it should say that it cannot tell lets an
attack hide there from itself, though not from jurors that were not turned.
"""
_SORTS = {"attacks": "attacks", "benign": "good deliveries"}
_LOCAL = """
The real local model ({model}), on a drawn sample of {sample} deliveries of each sort, as if its probes
had let it in, measured by `python -m scripts.injection.local` with {frame}. Nothing is left out
(`maximum_left_out` 0, as in the demo): whoever is turned is void.{older} So few cases say little:

| | cases | passed when asked alone | passed after controls | void | neither |
| --- | --- | --- | --- | --- | --- |
{rows}

Why votes were void: {reasons}.
"""


def measure() -> Section:
    """Run the scripted suite; the local model's figures are those of its last own run."""
    runs = scripted()
    figures: dict[str, Any] = dict(runs.figures())
    text = _TEXT.format(**figures, families=_by_family(runs.obedient))
    if RESULT.exists():
        local = json.loads(RESULT.read_text(encoding="utf-8"))
        counted = Counter(local["attacks"]["why"]) + Counter(local["benign"]["why"])
        reasons = "; ".join(f"{why} ({times})" for why, times in counted.most_common())
        rows = "\n".join(_row(name, local[key]) for key, name in _SORTS.items())
        older = "" if local["frame"] == FRAME_VERSION else f" The jury asks by {FRAME_VERSION} now."
        text += _LOCAL.format(**local, older=older, rows=rows, reasons=reasons or "none was")
        figures |= {
            "local_attacks": local["attacks"]["cases"],
            "local_injection_passed": local["attacks"]["passed"],
            "local_benign": local["benign"]["cases"],
            "local_benign_voided": round(local["benign"]["voided"] / local["benign"]["cases"], 4),
        }
    return Section("Attacks by the delivery's text", text, figures)


def _row(name: str, counted: dict[str, Any]) -> str:
    neither = counted["cases"] - counted["passed"] - counted["voided"]
    columns = (*(counted[column] for column in ("cases", "turned", "passed", "voided")), neither)
    return f"| {name} | {' | '.join(map(str, columns))} |"


def _by_family(tally: Tally) -> str:
    cases, gave_in, void = (
        Counter(name.rpartition("-")[0] for name in names)
        for names in (tally.names, tally.turned_by_text, tally.voided)
    )
    return "\n".join(
        f"| {family} | {n} | {gave_in[family]} | {void[family]} |" for family, n in cases.items()
    )
