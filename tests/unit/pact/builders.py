"""Small valid documents, to be broken one field at a time."""

from __future__ import annotations

import json
from typing import Any

from oracle.pact.delivery import DeliveryManifest
from oracle.pact.document import Pact
from oracle.pact.methodology import Methodology

HASH = "0x" + "ab" * 32


def condition(identifier: str = "form", severity: str = "critical", **measure: Any) -> dict[str, Any]:
    """A condition; without a measure, a JSON Schema on out.json."""
    if not measure:
        measure = {"method": "json_schema", "file": "out.json", "schema": {"type": "object"}}
    return {"id": identifier, "statement": f"Says {identifier}.", "severity": severity, "measure": measure}


def pact_json(**changes: Any) -> dict[str, Any]:
    """A pact of one condition, changed as given."""
    return {
        "schema": "earnest/pact/1",
        "name": "sample",
        "version": 1,
        "title": "A sample",
        "summary": "Something to break.",
        "conditions": [condition()],
        "evidence": [{"path": "out.json", "media_type": "application/json"}],
    } | changes


def pact(**changes: Any) -> Pact:
    """The pact of `pact_json`, read as from a file."""
    return Pact.parse(json.dumps(pact_json(**changes)).encode(), what="pact")


def delivery_json(*paths: str, **changes: Any) -> dict[str, Any]:
    """A manifest with small files at the paths given, everything declared."""
    nothing = {"minutes": 0, "what": "none"}
    return {
        "schema": "earnest/delivery/1",
        "pact": HASH,
        "files": [{"path": path, "bytes": 10, "keccak256": HASH} for path in paths or ("out.json",)],
        "declared": {"models": [], "human_help": nothing, "rescue_work": nothing},
    } | changes


def delivery(*paths: str, **changes: Any) -> DeliveryManifest:
    """The manifest of `delivery_json`, read as from a store."""
    return DeliveryManifest.parse(json.dumps(delivery_json(*paths, **changes)).encode(), what="manifest")


def methodology_json(**changes: Any) -> dict[str, Any]:
    """A methodology with every optional part present."""
    return {
        "schema": "earnest/methodology/1",
        "name": "sample",
        "version": 1,
        "summary": "How this committee judges.",
        "jury": {
            "jurors": [
                {
                    "id": "a",
                    "family": "fa",
                    "model": "m-a",
                    "provider": "one",
                    "input_price": "3",
                    "output_price": "9",
                },
                {"id": "b", "family": "fb", "model": "m-b", "provider": "two"},
            ],
            "templates": [{"id": "t1", "instructions": "Decide."}, {"id": "t2", "instructions": "Judge."}],
            "minimum_jurors": 1,
            "maximum_jurors": 2,
            "release_certainty_bps": 9500,
            "fail_certainty_bps": 9000,
        },
        "probes": {"minimum": 20, "minimum_adversarial": 5},
        "controls": {"negative": ["nothing here"], "manipulation": ["a wrong answer"]},
        "draw": {"source": "drand-quicknet"},
        "sampling": [
            {"value_up_to": "1000000", "interactions": 5},
            {"value_up_to": None, "interactions": 50, "at_least_share_bps": 100},
        ],
    } | changes


def methodology(**changes: Any) -> Methodology:
    """The methodology of `methodology_json`."""
    return Methodology.parse(json.dumps(methodology_json(**changes)).encode(), what="methodology")
