"""Kills at named points: armed at their step, struck when a process comes to the point, wherever that is.

What both sides know is a folder of claims, one file for each kill: whoever makes it first dies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scripts.chaos.inside import CLAIMS, Kill
from scripts.chaos.plan import Fault
from scripts.chaos.site import Site

PATIENCE = 15  # steps a kill waits for its own evaluator; then whoever comes to the point first dies


@dataclass
class _Armed:
    kill: Kill
    fault: Fault
    by_all: bool = False


@dataclass
class Kills:
    """The kills of a run. `struck`: points at which a process died, one entry for each kill."""

    folder: Path
    sites: Sequence[Site]
    struck: list[int] = field(default_factory=list)
    _armed: dict[int, _Armed] = field(default_factory=dict)
    _made: int = 0

    def __post_init__(self) -> None:
        (self.folder / CLAIMS).mkdir(exist_ok=True)

    @property
    def armed(self) -> int:
        """How many wait for somebody to come to their point."""
        return len(self._armed)

    def arm(self, fault: Fault) -> None:
        """From now on the evaluator it is meant for dies where it comes to the point."""
        self._made += 1
        kill = Kill(self._made, int(fault.name), fault.amount)
        self._armed[kill.number] = _Armed(kill, fault)
        site = self.sites[fault.target]
        site.order(kills=(*site.orders.kills, kill))

    def turn(self, step: int) -> list[Fault]:
        """Offer to all what its own evaluator does not come to. Returns the kills that have struck."""
        struck = [n for n in self._armed if (self.folder / CLAIMS / str(n)).exists()]
        faults = []
        for number in struck:
            armed = self._armed.pop(number)
            self.struck.append(armed.kill.point)
            faults.append(armed.fault)
            for site in self.sites:
                if any(kill.number == number for kill in site.orders.kills):
                    site.order(kills=tuple(kill for kill in site.orders.kills if kill.number != number))
        for armed in self._armed.values():
            if not armed.by_all and step >= armed.fault.step + PATIENCE:
                armed.by_all = True
                eager = Kill(armed.kill.number, armed.kill.point, 1)
                for site in self.sites:
                    others = [kill for kill in site.orders.kills if kill.number != eager.number]
                    site.order(kills=(*others, eager))
        return faults

    def disarm(self) -> list[Fault]:
        """No process is killed any more. Returns the kills that never struck."""
        left = [armed.fault for armed in self._armed.values()]
        self._armed.clear()
        for site in self.sites:
            site.order(kills=())
        return left
