"""The growing tree against the recursive definitions, and its proofs against the checks that outsiders use."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audit.tree import Node, Tree, consistency_proof, inclusion_proof, load
from daemon.contract.merkle import EMPTY_ROOT, leaf_hash, node_hash, verify_consistency, verify_inclusion
from daemon.errors import InputError, IntegrityError

LARGEST = 33


class Store:
    """Nodes in memory that counts what it is asked."""

    def __init__(self, nodes: Mapping[Node, bytes]) -> None:
        self.nodes = dict(nodes)
        self.fetched = 0
        self.calls = 0

    async def read(self, nodes: Sequence[Node]) -> dict[Node, bytes]:
        self.calls += 1
        self.fetched += len(nodes)
        return {node: self.nodes[node] for node in nodes if node in self.nodes}


def leaves(size: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(size)]


def naive(data: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162 §2.1.1."""
    if len(data) < 2:
        return data[0] if data else EMPTY_ROOT
    k = max(2**level for level in range(32) if 2**level < len(data))
    return node_hash(naive(data[:k]), naive(data[k:]))


def grown(size: int) -> tuple[Tree, Store]:
    tree, nodes = Tree().append(leaves(size))
    return tree, Store(nodes)


@given(st.lists(st.integers(0, 9), max_size=8))
def test_appending_in_any_portions_gives_the_recursive_root(portions: list[int]) -> None:
    data, tree, stored = leaves(sum(portions)), Tree(), dict[Node, bytes]()
    for portion in portions:
        tree, new = tree.append(data[tree.size : tree.size + portion])
        assert not new.keys() & stored.keys()
        stored |= new
        assert tree.root() == naive(data[: tree.size])
    assert (tree, stored) == Tree().append(data)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 21, 32])
def test_the_new_nodes_are_the_complete_subtrees_and_no_others(size: int) -> None:
    data = leaves(size)
    _, nodes = Tree().append(data)
    expected = {
        Node(level, place): naive(data[place << level : (place + 1) << level])
        for level in range(6)
        for place in range(size >> level)
    }
    assert nodes == expected


def test_an_append_that_is_dropped_leaves_no_trace() -> None:
    before, _ = Tree().append(leaves(5))
    size, root = before.size, before.root()
    first, _ = before.append([leaf_hash(b"lost")])
    assert (before.size, before.root()) == (size, root)
    again, _ = before.append(leaves(6)[5:])
    assert again.root() == naive(leaves(6)) != first.root()


async def test_a_tree_is_loaded_at_every_size_it_had() -> None:
    tree, store = grown(LARGEST)
    for size in range(LARGEST + 1):
        assert await load(size, store.read) == Tree().append(leaves(size))[0]
    assert await load(LARGEST, store.read) == tree


async def test_every_inclusion_proof_verifies() -> None:
    _, store = grown(LARGEST)
    data = leaves(LARGEST)
    for size in range(1, LARGEST + 1):
        for index in range(size):
            proof = await inclusion_proof(index, size, store.read)
            verify_inclusion(index, size, data[index], naive(data[:size]), proof)


async def test_every_consistency_proof_verifies() -> None:
    _, store = grown(LARGEST)
    data = leaves(LARGEST)
    for size2 in range(1, LARGEST + 1):
        for size1 in range(1, size2 + 1):
            proof = await consistency_proof(size1, size2, store.read)
            verify_consistency(size1, size2, naive(data[:size1]), naive(data[:size2]), proof)


@given(st.data())
async def test_a_proof_fetches_a_logarithm_of_nodes_in_one_call(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 10**12))
    index = data.draw(st.integers(0, size - 1))
    fetched: list[int] = []

    async def read(nodes: Sequence[Node]) -> dict[Node, bytes]:
        fetched.append(len(nodes))
        assert all((node.place + 1) << node.level <= size for node in nodes)
        return dict.fromkeys(nodes, EMPTY_ROOT)

    await inclusion_proof(index, size, read)
    await consistency_proof(index + 1, size, read)
    assert len(fetched) <= 2
    assert max(fetched, default=0) <= 2 * size.bit_length()


async def test_proofs_of_what_is_kept_outlive_purged_leaves() -> None:
    tree, store = grown(LARGEST)
    for node in [node for node in store.nodes if (node.place + 1) << node.level <= 16 and node.level < 4]:
        del store.nodes[node]
    data = leaves(LARGEST)
    for index in range(16, LARGEST):
        verify_inclusion(
            index, LARGEST, data[index], tree.root(), await inclusion_proof(index, LARGEST, store.read)
        )
    proof = await consistency_proof(20, LARGEST, store.read)
    verify_consistency(20, LARGEST, naive(data[:20]), tree.root(), proof)
    with pytest.raises(IntegrityError, match="node_missing"):
        await inclusion_proof(3, LARGEST, store.read)


async def test_a_stored_hash_of_another_length_is_missing() -> None:
    _, store = grown(4)
    store.nodes[Node(1, 0)] = b"short"
    with pytest.raises(IntegrityError, match="node_missing"):
        await load(3, store.read)


@pytest.mark.parametrize(("first", "size"), [(0, 0), (5, 5), (-1, 5), (6, 5)])
async def test_there_is_no_proof_of_an_entry_outside(first: int, size: int) -> None:
    _, store = grown(8)
    with pytest.raises(InputError, match="out_of_range"):
        await inclusion_proof(first, size, store.read)


@pytest.mark.parametrize(("size1", "size2"), [(0, 0), (0, 5), (-1, 5), (6, 5)])
async def test_there_is_no_consistency_with_nothing_or_with_the_future(size1: int, size2: int) -> None:
    _, store = grown(8)
    with pytest.raises(InputError, match="out_of_range"):
        await consistency_proof(size1, size2, store.read)
