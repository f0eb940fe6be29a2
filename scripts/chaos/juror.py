"""A stand-in for a model provider that never answers as it should, and what makes evaluators ask it.

Whoever needs its answer cannot decide: the right outcome is Lapse, by attestation.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from oracle.jury.probes import Calibration, write_calibration
from oracle.jury.prompt import FRAME_VERSION
from oracle.jury.record import ProbeResult, ProbeVote
from oracle.pact.methodology import Methodology
from scripts.local.faults import QuietServer

ALIAS = "stand-in"
KIND = "general"
CALL_SECONDS = 2
_PROBES = 160
_HABITS = ("hangs", "drips", "breaks", "babbles")


class StandIn:
    """The provider. It speaks OpenAI's chat API, badly: `done` counts what it did to requests."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self._ended = threading.Event()
        habits = itertools.cycle(_HABITS)
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                habit = next(habits)
                provider.done[habit] += 1
                provider.misbehave(self, habit)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
                """Nothing."""

        self._server = QuietServer(Handler)

    @property
    def url(self) -> str:
        """Its base address."""
        return f"{self._server.url}/v1"

    def misbehave(self, to: BaseHTTPRequestHandler, habit: str) -> None:
        """Answer one request in a way that helps nobody."""
        if habit == "hangs":
            self._ended.wait(30)
            return
        body = _answer("Certainly! It is hard to say.") if habit != "breaks" else b'{"error":"overloaded"}'
        to.send_response(503 if habit == "breaks" else 200)
        to.send_header("content-type", "application/json")
        to.send_header("content-length", str(len(body)))
        to.end_headers()
        step = 8 if habit == "drips" else len(body)
        for start in range(0, len(body), step):
            try:
                to.wfile.write(body[start : start + step])
                to.wfile.flush()
            except ConnectionError:
                return  # whoever asked has given up
            if habit == "drips" and self._ended.wait(1.0):
                return

    def close(self) -> None:
        """End it; whoever waits is let go."""
        self._ended.set()
        self._server.end()


def _answer(text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return json.dumps(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 1,
            "model": ALIAS,
            "choices": [choice],
            "usage": usage,
        }
    ).encode()


def with_stand_in(demo: bytes) -> Methodology:
    """The demo's methodology with the stand-in as its only juror, and little patience."""
    document = json.loads(demo)
    document["name"] = "chaos"
    juror = document["jury"]["jurors"][0]
    juror |= {"id": ALIAS, "family": ALIAS, "model": ALIAS, "provider": ALIAS}
    document["limits"]["models"] |= {"call_seconds": CALL_SECONDS, "attempts": 2, "concurrency": 4}
    return Methodology.parse(json.dumps(document).encode())


def write_jury(folder: Path, methodology: Methodology, url: str) -> None:
    """An operator's providers file, and a calibration by which the stand-in once was a good juror."""
    (folder / "providers.toml").write_text(
        f'[providers.{ALIAS}]\nkind = "openai"\nbase_url = "{url}"\noutput = "prompted"\n', encoding="utf-8"
    )
    template = methodology.jury.templates[0].id
    results = tuple(
        ProbeResult(
            probe=f"probe-{number}",
            item=f"probe-{number}",
            kind=KIND,
            gold="pass" if number % 2 else "fail",
            adversarial=number % 4 < 2,
            votes=(
                ProbeVote(
                    juror=ALIAS,
                    family=ALIAS,
                    template=template,
                    verdict="pass" if number % 2 else "fail",
                ),
            ),
        )
        for number in range(_PROBES)
    )
    calibration = Calibration(
        methodology=methodology.hash(),
        frame=FRAME_VERSION,
        probe_set="0x" + "00" * 32,
        seed="0x" + "00" * 32,
        measured_at=int(time.time()),
        results=results,
        runs=(),
        not_measured={},
    )
    write_calibration(folder / "calibrations", methodology, calibration)
