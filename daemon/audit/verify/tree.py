"""The Merkle tree of RFC 9162 §2.1: growing it leaf by leaf, and checking proofs of it."""

from collections.abc import Sequence
from functools import reduce
from hashlib import sha256


def leaf_hash(leaf: str) -> bytes:
    """§2.1.1, of an entry's text."""
    return sha256(b"\x00" + leaf.encode()).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """§2.1.1."""
    return sha256(b"\x01" + left + right).digest()


def push(peaks: list[bytes], size: int, leaf: bytes) -> None:
    """Append one leaf hash to the tree of `size` leaves that is kept as its complete subtrees."""
    peaks.append(leaf)
    while size & 1:
        right, left = peaks.pop(), peaks.pop()
        peaks.append(node_hash(left, right))
        size >>= 1


def root(peaks: list[bytes]) -> bytes:
    """The root over complete subtrees, largest first."""
    if not peaks:
        return sha256().digest()
    return reduce(lambda right, left: node_hash(left, right), reversed(peaks))


def included(index: int, size: int, leaf: bytes, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether `leaf` stands at `index` of the tree of `size` leaves with that root (§2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, value = index, size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            value = node_hash(other, value)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            value = node_hash(value, other)
        place, last = place >> 1, last >> 1
    return last == 0 and value == expected


def continues(first: int, second: int, roots: tuple[bytes, bytes], proof: Sequence[bytes]) -> bool:
    """Whether the tree of `second` leaves begins with that of `first`, given both roots (§2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and roots[0] == roots[1]
    path = [roots[0], *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(other, old), node_hash(other, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, other)
        place, last = place >> 1, last >> 1
    return last == 0 and (old, new) == roots
