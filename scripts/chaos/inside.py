"""What the driver does to a daemon from within its process. The daemon itself knows nothing of it.

Imported by the server that the evaluators' processes are forked from, before anything of the daemon is: so
the daemon's clock can be turned. Orders come through a file in the evaluator's folder.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, event

ORDERS = "orders.json"
CLAIMS = "kills"
"""A folder beside the evaluators' own: a file for each kill that struck, so that it strikes once."""
NO_LIMIT = 2**30  # pages: more than any test writes
BUSY = 1_500  # milliseconds a daemon under test waits for a lock
FORGIVEN = 8.0  # seconds after which an endpoint that answered wrongly is asked again at the latest

_real_time = time.time


@dataclass(frozen=True, slots=True)
class Kill:
    """A process dies at a point. `nth`: at which call of it since the order; `number` tells kills apart."""

    number: int
    point: int
    nth: int


@dataclass(frozen=True, slots=True)
class Orders:
    """What one daemon is to suffer.

    Args:
        kills: Points at which the process dies; the first it comes to is its end.
        clock: Seconds its clock is wrong by.
        full: Whether its database takes no more pages.
    """

    kills: tuple[Kill, ...] = ()
    clock: float = 0.0
    full: bool = False

    def write(self, folder: Path) -> None:
        """Hand them to the process that reads this folder, whole or not at all."""
        draft = folder / f"{ORDERS}.new"
        draft.write_text(json.dumps(asdict(self)), encoding="utf-8")
        draft.replace(folder / ORDERS)

    @classmethod
    def read(cls, path: Path) -> Orders:
        """What was written."""
        parsed = json.loads(path.read_text(encoding="utf-8"))
        return cls(tuple(Kill(**kill) for kill in parsed.pop("kills")), **parsed)


class Ears:
    """Reads the orders; again only where the file has changed."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self._seen = (0, 0, 0)
        self._orders = Orders()
        self._calls: Counter[int] = Counter()

    def orders(self) -> Orders:
        if self.folder is None:
            return self._orders
        try:
            file = (self.folder / ORDERS).stat()
        except FileNotFoundError:
            return self._orders
        changed = (file.st_mtime_ns, file.st_ino, file.st_size)
        if changed != self._seen:
            self._seen = changed
            self._orders = Orders.read(self.folder / ORDERS)
        return self._orders

    def is_fatal(self, index: int) -> bool:
        for kill in self.orders().kills:
            if kill.point == index:
                self._calls[kill.number] += 1
                if self._calls[kill.number] >= kill.nth and self._claim(kill):
                    return True
        return False

    def _claim(self, kill: Kill) -> bool:
        """Whether nobody was killed by it before."""
        if self.folder is None:
            return False
        try:
            with (self.folder.parent / CLAIMS / str(kill.number)).open("x", encoding="utf-8") as file:
                file.write(f"{self.folder.name} {kill.point}\n")
        except FileExistsError:
            return False
        return True


_ears = Ears()


def turned_time() -> float:
    """`time.time` as the daemon sees it."""
    return _real_time() + _ears.orders().clock


def take_clock() -> None:
    """From now on whoever looks up `time.time` gets a clock that can be turned."""
    time.time = turned_time


def run(folder: str, environment: dict[str, str], plant: str | None) -> None:
    """An evaluator's process: `oracle run`, with its configuration in `folder`.

    Args:
        plant: A bug to plant, to see that the checker notices; see `planted.py`.
    """
    from scripts.chaos import points

    home = Path(folder)
    with (home / "daemon.log").open("ab") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    os.environ.update(environment)
    _ears.folder = home
    _limit_databases()
    _forgive_endpoints()
    for index, point in enumerate(points.POINTS):
        points.wrap(point, partial(_ears.is_fatal, index))
    if plant is not None:
        from scripts.chaos.planted import plant_bug

        plant_bug(plant, home)
    from oracle.cli.main import main

    main(["run", "--config", str(home / "oracle.toml")])


def _forgive_endpoints() -> None:
    """An endpoint that lied is asked again soon: in a minute's silence too little would happen."""
    from oracle.chain.breaker import Breaker

    defaults = Breaker.__init__.__kwdefaults__ or {}
    defaults["longest"] = FORGIVEN


def _limit_databases() -> None:
    from oracle.store import database

    setattr(database, "BUSY_TIMEOUT", BUSY)  # noqa: B010 - a constant is not to be assigned to

    @event.listens_for(Engine, "begin")
    def limit(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            # One page is never enough, so the limit becomes what the file has now.
            pages = 1 if _ears.orders().full else NO_LIMIT
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
