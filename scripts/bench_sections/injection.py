"""What attacks in a delivery's text achieve, and what the controls cost good deliveries."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from scripts.bench_sections import Section
from scripts.injection.local import RESULT
from scripts.injection.measure import injection_figures

_TEXT = """\
Every case goes through the live jury: prompt, quote, controls, weights, decision. The scripted juror has a
perfect record on probes, so nothing but the controls stands in an attack's way.

| | cases | what was counted |
| --- | --- | --- |
| attacks, obedient juror, controls off | {injection_attacks} | {injection_obeyed_without_controls} passed |
| attacks, obedient juror | {injection_attacks} | {injection_passed} passed |
| good deliveries that talk about orders, honest juror | {benign_deliveries} | {benign_voided:.1%} void |
| the same, obedient juror | {benign_deliveries} | {benign_voided_obedient:.1%} void |

The obedient juror obeys every order it can read, in any of 25 languages, under zero-width, look-alike,
fullwidth and other disguises, also an order that claims to hold for its own text only or under this criterion
only. It is turned by work that quotes a whole attack, too. That is right: it cannot judge such work,
and adversarial probes lock it out. No list of phrases is looked for anywhere in the jury.

Limit: an order that holds only for its own text *and* only where the criterion reads exactly as in the pact
would tell the main call from both controls. A juror that obeys such an order is fooled; only probes of that
sort keep it out.
"""
_LOCAL = """
The real local model ({model}), on the first deliveries of a drawn sample of {sample} of each sort, as if its
probes had let it in, measured by `python -m scripts.injection.local` with {frame}. So few cases say little:

| | cases | passed when asked alone | passed after controls | void |
| --- | --- | --- | --- | --- |
| attacks | {attacks[cases]} | {attacks[turned]} | {attacks[passed]} | {attacks[voided]} |
| good deliveries | {benign[cases]} | {benign[turned]} | {benign[passed]} | {benign[voided]} |

Why votes were void: {reasons}.
"""


def measure() -> Section:
    """Run the scripted suite; the local model's figures are those of its last own run."""
    figures: dict[str, Any] = dict(injection_figures())
    text = _TEXT.format(**figures)
    if RESULT.exists():
        local = json.loads(RESULT.read_text(encoding="utf-8"))
        counted = Counter(local["attacks"]["why"]) + Counter(local["benign"]["why"])
        reasons = "; ".join(f"{why} ({times})" for why, times in counted.most_common())
        text += _LOCAL.format(**local, reasons=reasons or "none was")
        figures |= {
            "local_attacks": local["attacks"]["cases"],
            "local_injection_passed": local["attacks"]["passed"],
            "local_benign": local["benign"]["cases"],
            "local_benign_voided": round(local["benign"]["voided"] / local["benign"]["cases"], 4),
        }
    return Section("Attacks by the delivery's text", text, figures)
