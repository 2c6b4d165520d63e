"""Which nodes of the tree are still needed once the leaves before some place are deleted. Pure.

Below that place, `done`, a node is kept only where a proof needs it: of entries that remain (RFC 9162 §2.1.3.1), of trees that
continue one of a size that the log still speaks of (§2.1.4.1), and of entries that outlived the deletion under a hold. In each of
these a node is needed because its parent lies on the way to a place and it does not. Nodes that reach beyond `done` all stay.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from daemon.audit.tree import Node, cover

Span = tuple[int, int]
"""Sequence numbers from the first to before the second."""


@dataclass(frozen=True)
class Marks:
    """What must stay provable below the place up to which leaves are deleted."""

    sizes: Sequence[int] = ()
    """Of trees, ascending."""
    held: Sequence[Span] = ()
    """Entries that stay, ascending and apart from each other."""


def needed(node: Node, done: int, marks: Marks) -> bool:
    """Whether a node over leaves before `done` is needed."""
    start, end = _span(node)
    sibling = _span(Node(node.level, node.place ^ 1))
    # Of a tree whose size lies within the parent, but not within the node, the node is on no way, and beside one.
    low, high = (sibling[0] + 1, start) if sibling[0] < start else (end, sibling[1] - 1)
    return low <= done <= high or _any_within(marks.sizes, low, high) or _overlaps(marks.held, sibling)


def passed(before: int, after: int, marks: Marks) -> list[Node]:
    """The nodes that nobody needs any more when not only the leaves before `before` are deleted, but all before `after`."""
    ending = (node for end in range(before + 1, after + 1) for node in _ending(end))
    return _unneeded((*cover(0, before), *ending), after, marks)


def dropped(sizes: Iterable[int], held: Iterable[Span], done: int, marks: Marks) -> list[Node]:
    """The nodes below `done` that only these sizes and entries needed; `marks` are those that are left."""
    places = (*sizes, *(seq for span in held for seq in range(*span)))
    beside = dict.fromkeys(
        node
        for place in places
        for level in range(done.bit_length())
        for node in _pair(place >> level, level)
    )
    return _unneeded(beside, done, marks)


def _unneeded(nodes: Iterable[Node], done: int, marks: Marks) -> list[Node]:
    return [node for node in nodes if _span(node)[1] <= done and not needed(node, done, marks)]


def _ending(end: int) -> Iterator[Node]:
    """Every complete subtree whose last leaf is `end` - 1."""
    level = 0
    while not end & ((1 << level) - 1):
        yield Node(level, (end >> level) - 1)
        level += 1


def _pair(place: int, level: int) -> tuple[Node, Node]:
    return Node(level, place), Node(level, place ^ 1)


def _span(node: Node) -> Span:
    return node.place << node.level, (node.place + 1) << node.level


def _any_within(values: Sequence[int], low: int, high: int) -> bool:
    at = bisect_left(values, low)
    return at < len(values) and values[at] <= high


def _overlaps(spans: Sequence[Span], other: Span) -> bool:
    # The first that does not end before the other begins.
    at = bisect_left(spans, other[0] + 1, key=lambda span: span[1])
    return at < len(spans) and spans[at][0] < other[1]
