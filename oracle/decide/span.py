"""How many blocks to ask for at once: found by trying, since nodes say their limits in words only."""

from __future__ import annotations

from dataclasses import dataclass

GROWTH = 8  # times as many blocks at once at most: an empty stretch is long, a full one begins suddenly
PATIENCE = 16  # answers at the limit before more than was refused is tried again


@dataclass(slots=True)
class Span:
    """Blocks to ask for next, so that they hold about `aimed` events and the node does not refuse them.

    Public nodes limit a range by blocks or by results. What was refused is not tried again for a while: else
    every other question would be refused.

    Args:
        blocks: To begin with.
        smallest: Fewest blocks at once.
        largest: Most blocks at once.
        aimed: Events that one range should hold at most.
    """

    blocks: int
    smallest: int
    largest: int
    aimed: int
    limit: int = 0
    """Most blocks that may be tried at present: half of the fewest refused; 0 where none were."""
    _at_limit: int = 0

    def answered(self, asked: int, found: int) -> None:
        """A range of `asked` blocks was answered with `found` events."""
        if found > self.aimed:
            self.blocks = max(min(self.blocks, asked // 2), self.smallest)
            return
        if self.limit and asked >= self.limit:
            self._at_limit += 1
            if self._at_limit >= PATIENCE:
                self.limit, self._at_limit = self.limit * 2, 0
        if found * 2 <= self.aimed:
            wider = asked * min(GROWTH, self.aimed // max(found, 1))
            self.blocks = max(self.blocks, min(wider, self.limit or wider, self.largest))

    def refused(self, asked: int) -> bool:
        """A range of `asked` blocks was refused. Whether fewer may be asked for."""
        if asked <= self.smallest:
            return False
        half = max(asked // 2, self.smallest)
        self.blocks = min(self.blocks, half)
        self.limit, self._at_limit = half, 0
        return True
