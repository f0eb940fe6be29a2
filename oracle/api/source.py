"""What the routes read from: one consistent view of the store, and the documents kept beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from sqlalchemy.orm import Session

from oracle.api.book import ScoreBook
from oracle.api.directory import Directory
from oracle.api.models import Measurement
from oracle.api.problems import ApiError
from oracle.api.signing import ResponseKey
from oracle.domain.types import Address, Hash
from oracle.policy.document import Policy
from oracle.policy.run import Run
from oracle.score.document import At
from oracle.store import chain as chain_store
from oracle.store import scores
from oracle.store.database import Database
from oracle.store.moment import UnknownBlockError, at_block

ReadDocument = Callable[[Hash], bytes | None]
"""The bytes kept under a hash on this machine; None where there are none."""


class InForce(Protocol):
    """The policies that say whom the committee takes on."""

    @property
    def policies(self) -> tuple[Policy, ...]:
        """The policies themselves."""

    def now(self, session: Session) -> Run:
        """The policies as they stand, carried to the newest block.

        Raises:
            UnknownBlockError: nothing was read yet.
        """


def evidence_at(session: Session, roots: frozenset[Hash]) -> At | None:
    """The block for which evidence is ready with these roots; None where nothing is."""
    ready = scores.ready_at(session, roots)
    if ready is None or chain_store.bound_deployment(session) is None:
        return None
    return at_block(session, ready)


class Source:
    """Everything the API may show.

    Args:
        roots: Committees whose word counts in scores.
        policies: Whom the committee takes on; None where nothing is said about that.
        registry: ERC-8004's reputation registry, where feedback is written to one.
        measured: Error rates of a methodology's jurors, by its hash; None where none were measured.
    """

    def __init__(
        self,
        database: Database,
        key: ResponseKey,
        read_document: ReadDocument,
        roots: frozenset[Hash],
        policies: InForce | None = None,
        *,
        registry: Address | None = None,
        measured: Callable[[Hash], Measurement | None] = lambda _methodology: None,
    ) -> None:
        self.database = database
        self.policies = policies
        self.key = key
        self.registry = registry
        self.measured = measured
        self.roots = roots
        self.read_document = read_document
        self.book = ScoreBook(roots, key, lambda session: evidence_at(session, roots))
        self.directory = Directory(database, self.book, lambda session: evidence_at(session, roots))

    @contextmanager
    def reading(self) -> Iterator[tuple[Session, At]]:
        """A view of the store and the newest block in it.

        Raises:
            ApiError: nothing was read from the chain yet.
        """
        with self.database.read() as session:
            try:
                at = at_block(session, None)
            except UnknownBlockError as error:
                raise not_yet() from error
            yield session, at

    def at(self, session: Session, block: int | None) -> At:
        """The block asked for, or the newest for which evidence is ready.

        Raises:
            ApiError: it is not read yet, not kept, or evidence is not ready.
        """
        ready = evidence_at(session, self.roots)
        if ready is None:
            raise not_yet()
        if block is None:
            return ready
        if block > ready.block:
            raise ApiError(
                404,
                f"block {block} is not read yet; the newest is {ready.block}",
                field="at",
                next_step="name an earlier block, or wait",
            )
        try:
            return at_block(session, block)
        except UnknownBlockError as error:
            raise ApiError(404, error.message, field=error.field, next_step=error.next_step) from error


def not_yet() -> ApiError:
    """Nothing was read yet."""
    return ApiError(503, "nothing was read from the chain yet", next_step="ask again in a minute")
