"""Reading the log back: whether what is stored is still what was signed, and when which part of it is due. Pure.

An entry is altered where its leaf is not what its node in the tree says, or its sealed fields do not open to what the leaf commits to.
A node is altered where it does not lead up to the head in memory, which the key service signs. So whoever changes an entry and its
node, with every key of the store, is seen all the same.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import NamedTuple

from msgspec import Struct

from daemon.audit.entry import header_of, opened
from daemon.audit.tree import Node, Tree, cover
from daemon.contract.merkle import leaf_hash, node_hash
from daemon.errors import IntegrityError

SLICE = 256
"""Entries that are read together; a power of two, so that they are whole subtrees."""


class Stored(NamedTuple):
    """One entry as it is read."""

    leaf: bytes
    secret: bytes | None
    """Its sealed fields, open; None where their key is destroyed."""


def check(seq: int, stored: Stored | None, node: bytes | None) -> None:
    """Raise the code that says how entry `seq` does not fit `node`, its own in the tree."""
    if stored is None or node is None:
        raise IntegrityError("log.entry_missing")
    if not compare_digest(leaf_hash(stored.leaf), node) or header_of(stored.leaf).seq != seq:
        raise IntegrityError("log.entry_altered")
    if stored.secret is not None:
        opened(stored.leaf, stored.secret)


class Climb(NamedTuple):
    """From a complete subtree up to the one at the top that it is part of."""

    siblings: list[Node]
    peak: int
    """Which of the tree's peaks that is."""


def climb(node: Node, size: int) -> Climb:
    """The way up in the tree of `size` leaves."""
    peaks = cover(0, size)
    at = next(place for place, peak in enumerate(peaks) if _holds(peak, node))
    levels = range(peaks[at].level - node.level)
    return Climb([Node(node.level + up, (node.place >> up) ^ 1) for up in levels], at)


def check_node(node: Node, leaves: Sequence[bytes], tree: Tree, held: Mapping[Node, bytes]) -> None:
    """Raise `log.tree_altered` unless the subtree over these leaf hashes leads up to the head by the nodes `held`."""
    siblings, peak = climb(node, tree.size)
    value, place = Tree().append(leaves)[0].root(), node.place
    for sibling in siblings:
        beside = held.get(sibling)
        if beside is None:
            raise IntegrityError("log.tree_altered")
        value = node_hash(beside, value) if place & 1 else node_hash(value, beside)
        place >>= 1
    if not compare_digest(value, tree.peaks[peak]):
        raise IntegrityError("log.tree_altered")


def _holds(peak: Node, node: Node) -> bool:
    up = peak.level - node.level
    return up >= 0 and node.place >> up == peak.place


class Round(Struct, frozen=True, array_like=True):
    """One reading of the entries from where the round began up to `end`, spread over its days."""

    began: datetime
    first: int
    at: int
    """The next entry to be read; always the first of a slice, or `end`."""
    end: int

    def due(self, now: datetime, period: timedelta) -> int:
        """How many slices should be read now: as many as keep pace with the days, beginning at once."""
        slices, done = _slices(self.first, self.end), _slices(self.first, self.at)
        passed = min(max(now - self.began, timedelta()), period)
        return min(slices, passed * slices // period + 1) - done

    def over(self, now: datetime, period: timedelta) -> bool:
        """Whether all of it is read and its time is up."""
        return self.at >= self.end and now - self.began >= period


def subtrees(start: int, end: int) -> list[Node]:
    """The fewest complete subtrees over the leaves start … end - 1, in their order; `start` may be any leaf."""
    nodes = list[Node]()
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def end_of_slice(at: int, end: int) -> int:
    """Where the slice that begins at `at` ends."""
    return min(end, (at // SLICE + 1) * SLICE)


def _slices(first: int, end: int) -> int:
    return -(-end // SLICE) - first // SLICE if end > first else 0
