"""What the driver does to a daemon from within its process. The daemon itself knows nothing of it.

Imported by the server that the evaluators' processes are forked from, before anything of the daemon is: so
the daemon's clock can be turned. Orders come through a file in the evaluator's folder.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, event

ORDERS = "orders.json"
KILLS = "kills.txt"
"""Indices of the points at which this evaluator's processes died."""
NO_LIMIT = 2**30  # pages: more than any test writes
BUSY = 1_500  # milliseconds a daemon under test waits for a lock

_real_time = time.time


@dataclass(frozen=True, slots=True)
class Orders:
    """What one daemon is to suffer.

    Args:
        kill: Index of a point at which the process dies; None for none.
        nth: At which call since the order.
        number: Tells orders apart.
        clock: Seconds its clock is wrong by.
        full: Whether its database takes no more pages.
    """

    kill: int | None = None
    nth: int = 1
    number: int = 0
    clock: float = 0.0
    full: bool = False

    def write(self, folder: Path) -> None:
        """Hand them to the process that reads this folder, whole or not at all."""
        draft = folder / f"{ORDERS}.new"
        draft.write_text(json.dumps(asdict(self)), encoding="utf-8")
        draft.replace(folder / ORDERS)


class _Ears:
    """Reads the orders; again only where the file has changed."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self._seen = 0
        self._orders = Orders()
        self._calls = 0

    def orders(self) -> Orders:
        if self.folder is None:
            return self._orders
        try:
            changed = (self.folder / ORDERS).stat().st_mtime_ns
        except FileNotFoundError:
            return self._orders
        if changed != self._seen:
            self._seen = changed
            read = Orders(**json.loads((self.folder / ORDERS).read_text(encoding="utf-8")))
            if read.number != self._orders.number:
                self._calls = 0
            self._orders = read
        return self._orders

    def is_fatal(self, index: int) -> bool:
        orders = self.orders()
        if orders.kill != index:
            return False
        self._calls += 1
        if self._calls == orders.nth and self.folder is not None:
            with (self.folder / KILLS).open("a", encoding="utf-8") as file:
                file.write(f"{index}\n")
        return self._calls == orders.nth


_ears = _Ears()


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
    for index, point in enumerate(points.POINTS):
        points.wrap(point, partial(_ears.is_fatal, index))
    if plant is not None:
        from scripts.chaos.planted import plant_bug

        plant_bug(plant, home)
    from oracle.cli.main import main

    main(["run", "--config", str(home / "oracle.toml")])


def _limit_databases() -> None:
    from oracle.store import database

    setattr(database, "BUSY_TIMEOUT", BUSY)  # noqa: B010 - a constant is not to be assigned to

    @event.listens_for(Engine, "begin")
    def limit(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            # One page is never enough, so the limit becomes what the file has now.
            pages = 1 if _ears.orders().full else NO_LIMIT
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
