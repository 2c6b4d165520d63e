"""The tree against another library's of the same RFC 9162: roots, leaves, and the proofs that each makes for the other."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion
from pymerkle.proof import InclusionProof, InvalidProof

from daemon.audit.tree import Node, Tree, consistency_proof, inclusion_proof
from daemon.audit.verify import tree as verify
from daemon.contract.merkle import leaf_hash
from daemon.contract.merkle import verify_consistency as ours_leads
from daemon.contract.merkle import verify_inclusion as ours_verifies

DATA = st.lists(st.binary(max_size=40), min_size=1, max_size=70)


class Both:
    """The same entries in both."""

    def __init__(self, data: Sequence[bytes]) -> None:
        self.theirs = InmemoryTree(algorithm="sha256")
        self.theirs.append_entries(list(data))
        self.tree, self.nodes = Tree().append(map(leaf_hash, data))

    async def read(self, nodes: Sequence[Node]) -> dict[Node, bytes]:
        return {node: self.nodes[node] for node in nodes}


@given(DATA)
def test_every_root_is_theirs_and_so_is_that_of_the_verifier(data: list[bytes]) -> None:
    both, peaks, tree = Both(data), list[bytes](), Tree()
    for size, entry in enumerate(data):
        verify.push(peaks, size, leaf_hash(entry))
        tree, _ = tree.append([leaf_hash(entry)])
        assert both.theirs.get_leaf(size + 1) == leaf_hash(entry)
        assert both.theirs.get_root(size + 1) == tree.root() == verify.root(peaks)


@given(DATA, st.data())
async def test_each_accepts_the_inclusion_proofs_of_the_other(data: list[bytes], draw: st.DataObject) -> None:
    both = Both(data)
    size = draw.draw(st.integers(1, len(data)))
    index = draw.draw(st.integers(0, size - 1))
    leaf, root = leaf_hash(data[index]), both.theirs.get_root(size)
    proof = await inclusion_proof(index, size, both.read)
    made = both.theirs.prove_inclusion(index + 1, size)
    ours = InclusionProof(**made.get_metadata(), rule=made.rule, path=[leaf, *proof])
    verify_inclusion(leaf, root, ours, index=index + 1, size=size)
    ours_verifies(index, size, leaf, root, made.path[1:])
    assert verify.included(index, size, leaf, made.path[1:], root)
    assert not verify.included(index, size, leaf_hash(b"other" * 9), made.path[1:], root)
    with pytest.raises(InvalidProof):
        verify_inclusion(leaf_hash(b"other" * 9), root, ours)


@given(DATA, st.data())
async def test_the_consistency_proofs_of_each_lead_between_the_roots_of_the_other(
    data: list[bytes], draw: st.DataObject
) -> None:
    both = Both(data)
    later = draw.draw(st.integers(1, len(data)))
    earlier = draw.draw(st.integers(1, later))
    roots = both.theirs.get_root(earlier), both.theirs.get_root(later)
    ours_leads(earlier, later, *roots, await consistency_proof(earlier, later, both.read))
    proof = await consistency_proof(earlier, later, both.read)
    assert verify.continues(earlier, later, roots, proof)
    assert not verify.continues(earlier, later, (bytes(32), roots[1]), proof)
    assert not verify.continues(earlier, later, (roots[0], bytes(32)), proof)
    mine = [Tree().append(map(leaf_hash, data[:size]))[0].root() for size in (earlier, later)]
    # Their form is not the RFC's (each complete subtree is named), so only they can check it.
    made = both.theirs.prove_consistency(earlier, later)
    verify_consistency(*mine, made, prior_size=earlier, later_size=later)
    if earlier < later:
        with pytest.raises(InvalidProof):
            verify_consistency(mine[1], mine[0], made)
