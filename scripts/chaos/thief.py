"""Somebody else signs with an honest evaluator's key: another process with the same key, or a thief.

It says what is right, about evidence that nobody has: had it said anything else, the evaluator could only
lose its stake. What is asked is that the evaluator itself contradicts none of it, and that all go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from oracle.domain.types import Hash, State
from oracle.peers.messages import Statement
from scripts.chaos.jobs import Job
from scripts.chaos.site import Site
from scripts.chaos.voice import Voice
from scripts.local.market import Market


@dataclass
class Thief:
    """Who has all the keys. `evidence`: what it has named in attestations with stolen keys."""

    market: Market
    sites: Sequence[Site]
    evidence: set[Hash] = field(default_factory=set)
    _said: dict[tuple[int, Hash], Statement] = field(default_factory=dict)
    _taken: set[Hash] = field(default_factory=set)

    def sign_as(self, index: int, jobs: Sequence[Job]) -> bool:
        """Attest the newest delivery with a key, and show it to the others. Whether one took it."""
        found = [
            job
            for job in jobs
            if job.job not in self._taken
            and job.deliverable is not None
            and job.view is not None
            and job.view.state is State.OPEN
            and job.view.delivered
        ]
        if not found:
            return False
        job = found[-1]
        voice = Voice(
            key=bytes(self.market.evaluators[index].key.key),
            index=index,
            committee=self.market.committee_id,
            escrow=self.market.escrow,
            peers={site.index: site.inbox.url for site in self.sites if site.index != index},
        )
        with voice.http:
            statement = self._statement(voice, job)
            answers = [voice.post(peer, voice.request(peer, [statement])) for peer in voice.peers]
        taken = any(answer is not None and b'"stored"' in answer.content for answer in answers)
        if taken:
            self._taken.add(job.job)
        return taken

    def _statement(self, voice: Voice, job: Job) -> Statement:
        """The same again where nobody took it before: another would be a lie more."""
        said = self._said.get((voice.index, job.job))
        if said is None:
            said = voice.say(job.job, str(job.deliverable), job.right)
            self._said[voice.index, job.job] = said
            if said.reveal is not None:
                self.evidence.add(said.reveal.evidence)
        return said
