"""One server of the API over a database: `python -m scripts.bench.score_server URL KEY-FILE ROOT`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from oracle.api.app import Switch, make_api
from oracle.api.signing import ResponseKey
from oracle.api.source import Source
from oracle.daemon.openness import Keeper
from oracle.store import standings
from oracle.store.database import Database
from oracle.web.app import make_app
from oracle.web.host import Host
from oracle.web.limits import Limits


def main(url: str, key: str, root: str) -> None:
    """Serve until ended."""
    database = Database(url)
    source = Source(database, ResponseKey.from_file(Path(key)), lambda _hash: None, frozenset([root]))
    limits = Limits(connections=512)
    host = Host(
        Switch(make_api(source, limits=limits), make_app([], limits=limits)), "127.0.0.1", 0, limits=limits
    )
    keeper = Keeper(database, source.book, source.directory)
    with database.read() as session:
        for agent in standings.everybody(session):
            source.book.document(session, agent)
    while keeper.step():
        pass
    keeper.start()
    host.start()
    print(f"port {host.port}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
