"""An evaluator that lies, as a process of its own: a real key of the committee, and every bad habit.

Its task comes on standard input, its key in the environment variable CHAOS_LIAR.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from oracle.chain.errors import ChainError
from oracle.chain.escrow import Escrow
from oracle.chain.rpc import Rpc
from oracle.domain.events import Delivered
from oracle.domain.types import Hash, Outcome
from oracle.peers.messages import Statement
from scripts.chaos.voice import Voice
from scripts.local.anvil import CHAIN_ID

HABITS = (
    "wrong-vote",
    "right-by-chance",
    "two-commitments",
    "opens-nothing",
    "bad-signature",
    "replays",
    "garbage",
    "of-others",
    "silent",
)
TOLD = "lied"
"""Begins a line of the log that says how a delivery was lied about."""
_PAUSE = 0.7  # seconds between two looks at the chain


@dataclass
class Liar:
    """What it knows, and its voice."""

    task: dict[str, Any]
    voice: Voice
    seen: set[Hash] = field(default_factory=set)
    count: int = 0

    def look(self, since: int) -> int:
        """Lie about every new delivery; returns the next block to look at."""
        head = self.voice.escrow.rpc.block_number()
        for item in self.voice.escrow.events(max(0, since), head):
            event = item.event
            if isinstance(event, Delivered) and event.job not in self.seen:
                self.seen.add(event.job)
                self.count += 1
                self.lie(event.job, event.deliverable)
        return head + 1

    def lie(self, job: Hash, deliverable: Hash) -> None:
        """Pester everyone about one delivery, in a way that follows from the seed and its number."""
        dice = random.Random(f"{self.task['seed']}/{self.count}")  # noqa: S311 - to be repeatable
        habit = dice.choice(HABITS)
        if self.count >= int(self.task["equivocate_from"]):
            habit = "equivocates"
        print(TOLD, habit, flush=True)
        for number, peer in enumerate(self.voice.peers):
            for statements in self.statements(habit, job, deliverable, number):
                self.tell(peer, statements, twice=habit == "replays")
            if habit == "garbage":
                self.post(peer, secrets.token_bytes(dice.choice([1, 1_000, 300_000])))

    def statements(self, habit: str, job: Hash, deliverable: Hash, number: int) -> list[list[Statement]]:
        """Requests to the peer with this number, in order."""
        vote = Outcome.LAPSE
        match habit:
            case "wrong-vote" | "replays":
                return [[self.voice.say(job, deliverable, vote)]]
            case "right-by-chance":
                return [[self.voice.say(job, deliverable, Outcome.PASS)]]
            case "two-commitments":
                hidden = [self.voice.say(job, deliverable, vote, shown=False) for _ in range(2)]
                return [[item] for item in hidden]
            case "opens-nothing":
                other = self.voice.say(job, deliverable, vote)
                forged = self.voice.say(job, deliverable, Outcome.FAIL)
                return [[other.model_copy(update={"reveal": forged.reveal})]]
            case "bad-signature":
                said = self.voice.say(job, deliverable, vote)
                return [[said.model_copy(update={"signature": "0x" + secrets.token_hex(64) + "1b"})]]
            case "of-others":
                said = self.voice.say(job, deliverable, vote)
                return [[said.model_copy(update={"evaluator": number})]]
            case "equivocates":
                # One thing to some and another to the rest, then both to all.
                both = [self.voice.say(job, deliverable, outcome) for outcome in (Outcome.PASS, Outcome.FAIL)]
                return [[both[number % 2]], [both[1 - number % 2]]]
            case _:
                return []

    def tell(self, peer: int, statements: list[Statement], *, twice: bool) -> None:
        """Send a well-formed request, perhaps two times."""
        body = self.voice.request(peer, statements)
        for _ in range(2 if twice else 1):
            self.post(peer, body)

    def post(self, peer: int, body: bytes) -> None:
        """Send anything, well signed."""
        answer = self.voice.post(peer, body)
        if answer is None:
            print(peer, "no answer", flush=True)
        else:
            print(peer, answer.status_code, answer.text[:200], flush=True)


class _Mouth(BaseHTTPRequestHandler):
    """What it answers when it is asked: nothing of use."""

    def do_POST(self) -> None:
        self.rfile.read(min(int(self.headers.get("content-length", 0)), 1_000_000))
        dice = random.randrange(4)  # noqa: S311 - any of them will do
        if dice == 0:
            time.sleep(4)
        body = [b"", b"{}", secrets.token_bytes(500), b'{"results":["stored"],"statements":[]}'][dice]
        self.send_response(200 if dice else 503)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Nothing."""


def main() -> None:
    """Lie until killed."""
    task = json.load(sys.stdin)
    server = ThreadingHTTPServer(("127.0.0.1", int(task["port"])), _Mouth)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Rpc(task["rpc"], chain_id=CHAIN_ID) as rpc:
        voice = Voice(
            key=bytes.fromhex(os.environ["CHAOS_LIAR"][2:]),
            index=int(task["index"]),
            committee=task["committee"],
            escrow=Escrow(rpc, task["escrow"], CHAIN_ID),
            peers={int(index): url for index, url in task["peers"].items()},
        )
        liar = Liar(task, voice)
        since = 0
        while True:
            try:
                since = liar.look(since - 20)  # deliveries come again after a reorg
            except ChainError as error:
                print(error.message, flush=True)
            time.sleep(_PAUSE)


if __name__ == "__main__":
    main()
