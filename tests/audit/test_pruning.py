"""What is left of the tree below a purge: exactly what some proof needs, and every such proof verifies against the whole tree."""

from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.audit.held import cut, joined
from daemon.audit.pruning import Marks, Span, dropped, passed
from daemon.audit.tree import Node, Tree, consistency_proof, inclusion_proof, load
from daemon.contract.merkle import leaf_hash, root_of, verify_consistency, verify_inclusion

LARGEST = 33
LEAVES = [leaf_hash(bytes([number])) for number in range(LARGEST)]
ROOTS = [root_of(LEAVES[:size]) for size in range(LARGEST + 1)]


class Pruned:
    """The nodes of a log of `size` entries, less those that were pruned, and which of them anybody asked for."""

    def __init__(self, size: int, held: Sequence[Span]) -> None:
        self.size = size
        self.done = 0
        self.nodes = Tree().append(LEAVES[:size])[1]
        self.sizes: list[int] = []
        self.held = list(held)
        self.read_: set[Node] = set()

    @property
    def marks(self) -> Marks:
        return Marks(tuple(self.sizes), tuple(self.held))

    def purge(self, end: int, step: int) -> None:
        """Delete the leaves before `end`, `step` at a time."""
        while self.done < end:
            stop = min(end, self.done + step)
            self.forget(passed(self.done, stop, self.marks))
            self.done = stop
        self.sizes.append(end)

    def drop(self, size: int) -> None:
        """Nobody speaks of the tree of `size` any more."""
        self.sizes.remove(size)
        self.forget(dropped([size], [], self.done, self.marks))

    def release(self, span: Span) -> None:
        """What of `span` is deleted is held no longer."""
        self.held = [
            part for first, end in self.held for part in ((first, min(end, span[0])), (max(first, span[1]), end))
            if part[0] < part[1]
        ]  # fmt: skip
        self.forget(dropped([], [span], self.done, self.marks))

    def forget(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            assert (node.place + 1) << node.level <= self.size
            self.nodes.pop(node, None)

    async def read(self, nodes: Sequence[Node]) -> Mapping[Node, bytes]:
        self.read_.update(nodes)
        return {node: self.nodes[node] for node in nodes if node in self.nodes}

    async def check(self) -> None:
        """Every proof that must still be made is made, and none needs less than what is there."""
        self.read_.clear()
        kept = [*range(self.done, self.size), *(seq for span in self.held for seq in range(*span))]
        for size in range(max(self.done, 1), self.size + 1):
            assert (await load(size, self.read)).root() == ROOTS[size]
            for seq in (seq for seq in kept if seq < size):
                proof = await inclusion_proof(seq, size, self.read)
                verify_inclusion(seq, size, LEAVES[seq], ROOTS[size], proof)
            for earlier in {*self.sizes, *range(max(self.done, 1), size + 1)}:
                assert (await load(earlier, self.read)).root() == ROOTS[earlier]
                proof = await consistency_proof(earlier, size, self.read)
                verify_consistency(earlier, size, ROOTS[earlier], ROOTS[size], proof)
        below = {node for node in self.nodes if (node.place + 1) << node.level <= self.done}
        assert below == {node for node in self.read_ if (node.place + 1) << node.level <= self.done}


@settings(deadline=None)
@given(st.integers(1, LARGEST), st.data())
async def test_every_purge_point_keeps_what_proofs_need_and_no_more(size: int, data: st.DataObject) -> None:
    places = st.integers(0, size)
    ends = sorted(data.draw(st.lists(places.filter(bool), min_size=1, max_size=3, unique=True)))
    spans = data.draw(
        st.lists(st.tuples(places, places).map(sorted).filter(lambda s: s[0] < s[1]), max_size=3)
    )
    tree = Pruned(size, joined((first, end) for first, end in spans))
    for end in ends:
        tree.purge(end, data.draw(st.integers(1, 9)))
        await tree.check()
    while tree.sizes:
        tree.drop(data.draw(st.sampled_from(tree.sizes)))
        await tree.check()
    while below := [(first, min(end, tree.done)) for first, end in tree.held if first < tree.done]:
        for span in cut([data.draw(st.sampled_from(below))], data.draw(st.integers(1, 5)))[0]:
            tree.release(span)
        await tree.check()
