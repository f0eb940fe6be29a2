"""Three evaluators who talk to each other, over a chain that is made up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import Databases
from tests.unit.daemon.peer_nodes import SIGNERS, Chain, Node, nodes


@pytest.fixture
def chain() -> Chain:
    made = Chain()
    made.begin()
    return made


@pytest.fixture
def urls(databases: Databases) -> list[str]:
    return [databases.made() for _ in SIGNERS]


@pytest.fixture
def trio(urls: list[str], chain: Chain) -> Iterator[list[Node]]:
    with nodes(urls, chain) as made:
        yield made
