"""The verifier's proofs against the register's, which were written apart: both take the same ones and refuse the same ones."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from daemon.audit.tree import Node, Tree, consistency_proof, inclusion_proof
from daemon.audit.verify import tree
from daemon.contract.merkle import leaf_hash, verify_consistency, verify_inclusion
from daemon.errors import IntegrityError

LEAVES = [leaf_hash(bytes([number])) for number in range(70)]
NODES = Tree().append(LEAVES)[1]
ROOTS = [Tree().append(LEAVES[:size])[0].root() for size in range(len(LEAVES) + 1)]
SIZES = st.integers(0, len(LEAVES))


async def read(nodes: Sequence[Node]) -> dict[Node, bytes]:
    return {node: NODES[node] for node in nodes}


def changed(draw: st.DataObject, proof: list[bytes]) -> list[bytes]:
    """The proof as it is, or with one hash more, less, doubled or another."""
    where = draw.draw(st.integers(0, len(proof)))
    part = draw.draw(
        st.sampled_from([[], [bytes(32)], proof[where : where + 1] * 2, proof[where : where + 1]])
    )
    return [*proof[:where], *part, *proof[where + 1 :]]


@given(SIZES.filter(bool), st.data())
async def test_both_agree_on_inclusion(size: int, draw: st.DataObject) -> None:
    index = draw.draw(st.integers(0, size - 1))
    proof = await inclusion_proof(index, size, read)
    assert tree.included(index, size, LEAVES[index], proof, ROOTS[size])
    other, place = changed(draw, proof), draw.draw(st.integers(-1, len(LEAVES)))
    leaf = draw.draw(st.sampled_from([LEAVES[index], LEAVES[-1 - index]]))
    try:
        verify_inclusion(place, size, leaf, ROOTS[size], other)
    except IntegrityError:
        assert not tree.included(place, size, leaf, other, ROOTS[size])
    else:
        assert tree.included(place, size, leaf, other, ROOTS[size])


@given(SIZES, SIZES, st.data())
async def test_both_agree_on_consistency(one: int, two: int, draw: st.DataObject) -> None:
    first, second = sorted((one, two))
    proof = await consistency_proof(first, second, read) if first else []
    assert tree.continues(first, second, (ROOTS[first], ROOTS[second]), proof) is (first > 0)
    other = changed(draw, proof)
    roots = ROOTS[draw.draw(st.sampled_from([first, two]))], ROOTS[draw.draw(st.sampled_from([second, one]))]
    try:
        verify_consistency(one, two, *roots, other)
    except IntegrityError:
        assert not tree.continues(one, two, roots, other)
    else:
        assert tree.continues(one, two, roots, other)
