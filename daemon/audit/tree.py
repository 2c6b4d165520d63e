"""The tree of the log as it grows: which nodes a new leaf completes, and which nodes a proof needs.

Only complete subtrees are nodes: they never change again, so storage adds and never updates. A tree is a value:
appending returns another one and the nodes to store, and an append whose transaction fails is dropped by keeping
the old value. Storage comes in as `Read`; proofs fetch O(log n) nodes in one call. Everything works on a log
whose old leaves are purged, as long as the roots above them stay.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from daemon.contract.merkle import HASH_SIZE, fold, node_hash
from daemon.errors import InputError, IntegrityError


class Node(NamedTuple):
    """The complete subtree over the leaves place·2^level … (place+1)·2^level - 1; level 0 is the leaves."""

    level: int
    place: int


Read = Callable[[Sequence[Node]], Awaitable[Mapping[Node, bytes]]]
"""Fetches the 32-byte hashes of complete nodes; one that it does not know is absent from the answer."""


class Tree(Struct, frozen=True):
    """The tree over the first `size` leaves: the complete subtrees that make it up, largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaf_hashes: Iterable[bytes]) -> tuple["Tree", dict[Node, bytes]]:
        """The tree with `leaf_hashes` at its end, and every node that is new, leaves included."""
        size, peaks, new = self.size, list(self.peaks), dict[Node, bytes]()
        for leaf in leaf_hashes:
            node = Node(0, size)
            peaks.append(leaf)
            new[node] = leaf
            while node.place & 1:
                right, left = peaks.pop(), peaks.pop()
                node = Node(node.level + 1, node.place >> 1)
                peaks.append(node_hash(left, right))
                new[node] = peaks[-1]
            size += 1
        return Tree(size, tuple(peaks)), new

    def root(self) -> bytes:
        """The root hash (RFC 9162 §2.1.1)."""
        return fold(self.peaks)


async def load(size: int, read: Read) -> Tree:
    """The tree over the first `size` stored leaves; `log.node_missing` if storage lacks a node of it."""
    nodes = cover(0, size)
    found = await _fetched(nodes, read)
    return Tree(size, tuple(found[node] for node in nodes))


async def inclusion_proof(index: int, size: int, read: Read) -> list[bytes]:
    """The proof that leaf `index` is in the tree of `size` leaves (RFC 9162 §2.1.3.1)."""
    if not 0 <= index < size:
        raise InputError("log.out_of_range")
    return await _proof(inclusion_spans(index, size), read)


async def consistency_proof(size1: int, size2: int, read: Read) -> list[bytes]:
    """The proof that the tree of `size2` continues that of `size1` (RFC 9162 §2.1.4.1); `size1` is at least 1."""
    if not 0 < size1 <= size2:
        raise InputError("log.out_of_range")
    return await _proof(consistency_spans(size1, size2), read)


def cover(start: int, end: int) -> list[Node]:
    """The fewest nodes over the leaves start … end - 1 of a subtree that starts at `start`, largest first."""
    nodes = list[Node]()
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def inclusion_spans(index: int, size: int) -> list[tuple[int, int]]:
    """The (start, end) of each subtree whose root is in the proof, from the leaf upwards: PATH of RFC 9162."""
    start, end, spans = 0, size, list[tuple[int, int]]()
    while end - start > 1:
        middle = _middle(start, end)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(size1: int, size2: int) -> list[tuple[int, int]]:
    """As `inclusion_spans`, for PROOF and SUBPROOF of RFC 9162."""
    start, end, spans = 0, size2, list[tuple[int, int]]()
    while end != size1:
        middle = _middle(start, end)
        if size1 <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    # The first tree's own root is known to whoever checks the proof; a smaller subtree of it is not.
    return [*([] if start == 0 else [(start, end)]), *reversed(spans)]


def _middle(start: int, end: int) -> int:
    """Where RFC 9162 splits start … end: after the largest power of two smaller than the number of leaves."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


async def _proof(spans: list[tuple[int, int]], read: Read) -> list[bytes]:
    nodes = [cover(start, end) for start, end in spans]
    found = await _fetched([node for group in nodes for node in group], read)
    return [fold([found[node] for node in group]) for group in nodes]


async def _fetched(nodes: Sequence[Node], read: Read) -> Mapping[Node, bytes]:
    found = await read(nodes) if nodes else {}
    if any(len(found.get(node, b"")) != HASH_SIZE for node in nodes):
        raise IntegrityError("log.node_missing")
    return found
