"""The Merkle tree of the log: hashes, roots and proofs (RFC 9162 §2.1). Pure; no storage, no sizes beyond memory.

A leaf and a node are hashed under different first bytes, so neither passes for the other. A proof is checked or
an IntegrityError is raised; nothing here says "probably". Sizes count leaves; every hash is 32 bytes of SHA-256.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from hashlib import sha256
from hmac import compare_digest

from daemon.errors import IntegrityError

HASH_SIZE = 32  # bytes
EMPTY_ROOT = sha256().digest()
"""The root of the tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf (RFC 9162 §2.1.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node above `left` and `right` (RFC 9162 §2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def fold(peaks: Sequence[bytes]) -> bytes:
    """The root over the complete subtrees `peaks`, largest and leftmost first."""
    if not peaks:
        return EMPTY_ROOT
    return reduce(lambda right, left: node_hash(left, right), reversed(peaks))


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root over all `leaf_hashes`, keeping O(log n) of them at a time."""
    peaks: list[bytes] = []
    for index, leaf in enumerate(leaf_hashes):
        peaks.append(leaf)
        carry = index
        while carry & 1:
            right, left = peaks.pop(), peaks.pop()
            peaks.append(node_hash(left, right))
            carry >>= 1
    return fold(peaks)


def verify_inclusion(index: int, size: int, leaf: bytes, root: bytes, proof: Sequence[bytes]) -> None:
    """Raise `log.not_included` unless `leaf` (a leaf hash) stands at `index` under `root` (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size or not _hashes(leaf, root, *proof):
        raise IntegrityError("log.not_included")
    found, last, node = leaf, size - 1, index
    for sibling in proof:
        if last == 0:
            raise IntegrityError("log.not_included")
        node, last, is_right = _level(node, last)
        found = node_hash(sibling, found) if is_right else node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    if last != 0 or not compare_digest(found, root):
        raise IntegrityError("log.not_included")


def verify_consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> None:
    """Raise `log.inconsistent` unless the tree of `size1` is a prefix of that of `size2` (RFC 9162 §2.1.4.2).

    A first size of 0 is always an error: every tree continues the empty one, so such a proof would prove nothing.
    """
    if not 0 < size1 <= size2 or not _hashes(root1, root2, *proof):
        raise IntegrityError("log.inconsistent")
    if size1 == size2:
        if proof or not compare_digest(root1, root2):
            raise IntegrityError("log.inconsistent")
        return
    # A first tree that is one complete subtree starts the path itself; the prover leaves it out.
    path = [root1, *proof] if size1 & (size1 - 1) == 0 else list(proof)
    _climb(size1, size2, root1, root2, path)


def _climb(size1: int, size2: int, root1: bytes, root2: bytes, path: list[bytes]) -> None:
    """Compute both roots from `path`, which starts with the last complete subtree of the first tree."""
    if not path:
        raise IntegrityError("log.inconsistent")
    shift = _trailing_zeros(size1)
    node, last = (size1 - 1) >> shift, (size2 - 1) >> shift
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise IntegrityError("log.inconsistent")
        node, last, is_right = _level(node, last)
        if is_right:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    if last != 0 or not compare_digest(old, root1) or not compare_digest(new, root2):
        raise IntegrityError("log.inconsistent")


def _level(node: int, last: int) -> tuple[int, int, bool]:
    """Where `node` next has a sibling, and whether it is the right one of the two.

    The last node of a level may have none: then it moves up until it is a right child.
    """
    if node != last:
        return node, last, bool(node & 1)
    shift = _trailing_zeros(node)
    return node >> shift, last >> shift, True


def _trailing_zeros(number: int) -> int:
    """How often 2 divides `number`; 0 for 0."""
    return (number & -number).bit_length() - 1 if number else 0


def _hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_SIZE for value in values)
