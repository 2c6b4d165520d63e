"""The tree's hashes and proof checks against the recursive definitions of RFC 9162, written out as they stand there."""

from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.contract.merkle import (
    EMPTY_ROOT,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from daemon.errors import IntegrityError

LARGEST = 34


def leaves(size: int) -> list[bytes]:
    return [leaf_hash(bytes([number])) for number in range(size)]


def split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def mth(data: list[bytes]) -> bytes:
    """MTH, RFC 9162 §2.1.1, over leaf hashes."""
    if not data:
        return sha256(b"").digest()
    if len(data) == 1:
        return data[0]
    k = split(len(data))
    return sha256(b"\x01" + mth(data[:k]) + mth(data[k:])).digest()


def path(m: int, data: list[bytes]) -> list[bytes]:
    """PATH, RFC 9162 §2.1.3.1."""
    if len(data) == 1:
        return []
    k = split(len(data))
    return [*path(m, data[:k]), mth(data[k:])] if m < k else [*path(m - k, data[k:]), mth(data[:k])]


def subproof(m: int, data: list[bytes], *, known: bool) -> list[bytes]:
    """SUBPROOF, RFC 9162 §2.1.4.1; PROOF is subproof with `known`."""
    if m == len(data):
        return [] if known else [mth(data)]
    k = split(len(data))
    if m <= k:
        return [*subproof(m, data[:k], known=known), mth(data[k:])]
    return [*subproof(m - k, data[k:], known=False), mth(data[:k])]


def refused(check: Callable[[], None]) -> str:
    with pytest.raises(IntegrityError) as caught:
        check()
    return caught.value.code


def test_hashes_are_those_of_the_rfc() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert node_hash(b"a", b"b") == sha256(b"\x01ab").digest()
    assert leaf_hash(b"\x01ab") != node_hash(b"a", b"b")


@pytest.mark.parametrize("size", range(LARGEST))
def test_root_is_the_recursive_root(size: int) -> None:
    assert root_of(iter(leaves(size))) == mth(leaves(size))


def test_every_leaf_of_every_tree_is_proven_and_no_other() -> None:
    for size in range(1, LARGEST):
        data = leaves(size)
        for index in range(size):
            proof = path(index, data)
            verify_inclusion(index, size, data[index], mth(data), proof)
            for other in {*range(size), size, -1} - {index}:
                code = refused(lambda: verify_inclusion(other, size, data[index], mth(data), proof))  # noqa: B023 - run at once
                assert code == "log.not_included"


def test_every_tree_continues_every_smaller_one() -> None:
    for size2 in range(1, LARGEST):
        data = leaves(size2)
        for size1 in range(1, size2 + 1):
            verify_consistency(size1, size2, mth(data[:size1]), mth(data), subproof(size1, data, known=True))


@given(st.data())
def test_a_changed_inclusion_proof_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, LARGEST))
    index = data.draw(st.integers(0, size - 1))
    tree = leaves(size)
    proof = changed(data, path(index, tree))
    assert refused(lambda: verify_inclusion(index, size, tree[index], mth(tree), proof)) == "log.not_included"


@given(st.data())
def test_a_changed_consistency_proof_is_refused(data: st.DataObject) -> None:
    size2 = data.draw(st.integers(1, LARGEST))
    size1 = data.draw(st.integers(1, size2))
    tree = leaves(size2)
    proof = changed(data, subproof(size1, tree, known=True))
    code = refused(lambda: verify_consistency(size1, size2, mth(tree[:size1]), mth(tree), proof))
    assert code == "log.inconsistent"


@given(st.integers(2, LARGEST), st.data())
def test_a_tree_whose_past_was_changed_is_refused(size2: int, data: st.DataObject) -> None:
    size1 = data.draw(st.integers(1, size2))
    before, after = leaves(size2), leaves(size2)
    after[data.draw(st.integers(0, size1 - 1))] = leaf_hash(b"another")
    proof = subproof(size1, after, known=True)
    code = refused(lambda: verify_consistency(size1, size2, mth(before[:size1]), mth(after), proof))
    assert code == "log.inconsistent"


@pytest.mark.parametrize(("size1", "size2"), [(0, 0), (0, 1), (0, 5), (3, 2), (-1, 2)])
def test_sizes_that_prove_nothing_are_refused(size1: int, size2: int) -> None:
    root1, root2 = mth(leaves(max(size1, 0))), mth(leaves(size2))
    assert refused(lambda: verify_consistency(size1, size2, root1, root2, [])) == "log.inconsistent"


def test_equal_sizes_need_equal_roots_and_no_proof() -> None:
    root, other = mth(leaves(3)), mth(leaves(2))
    verify_consistency(3, 3, root, root, [])
    assert refused(lambda: verify_consistency(3, 3, root, other, [])) == "log.inconsistent"
    assert refused(lambda: verify_consistency(3, 3, root, root, [root])) == "log.inconsistent"


def test_a_hash_of_another_length_is_refused() -> None:
    data = leaves(2)
    joined = data[1] + b"\x00"
    root = node_hash(data[0], joined)
    assert refused(lambda: verify_inclusion(0, 2, data[0], root, [joined])) == "log.not_included"
    assert refused(lambda: verify_consistency(1, 2, data[0], root, [joined])) == "log.inconsistent"
    assert refused(lambda: verify_inclusion(0, 1, b"", b"", [])) == "log.not_included"


def changed(data: st.DataObject, proof: list[bytes]) -> list[bytes]:
    """`proof` with one hash flipped, dropped, doubled, added or exchanged with its neighbour."""
    places = st.integers(0, max(len(proof) - 1, 0))
    how = data.draw(st.sampled_from(["flip", "drop", "double", "swap", "add"] if len(proof) > 1 else ["add"]))
    at = data.draw(places)
    one = proof[at] if proof else leaf_hash(b"more")
    return {
        "flip": [*proof[:at], bytes([one[0] ^ 1]) + one[1:], *proof[at + 1 :]],
        "drop": [*proof[:at], *proof[at + 1 :]],
        "double": [*proof[: at + 1], *proof[at:]],
        "swap": [*proof[1:], *proof[:1]],
        "add": [*proof, leaf_hash(b"more")],
    }[how]
