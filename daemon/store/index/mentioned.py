"""Which entries of the log mention whom: labels and sequences, in memory until a merge has brought them into the file.

A label is a keyed hash of what is mentioned, under a key derived from that of the entry's own fiscal year (`Sealer.label`): with the
year's key destroyed nobody can tell any more whom a label meant, in whatever copy of the file (docs/adr/0013). It follows every
commit as the versions do, but knows by itself how far it has come: up to which entry, and below which one entries were deleted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from daemon.store.index import mentions
from daemon.store.index.mentions import Labelled, LogChange
from daemon.store.pages import Pages


@dataclass(eq=False)
class Layer:
    """What came between two merges."""

    labels: dict[int, list[int]] = field(default_factory=dict)
    """Sequences by label,"""
    entries: dict[int, list[int]] = field(default_factory=dict)
    """and labels by sequence."""
    gone: set[int] = field(default_factory=set)
    """Entries that were deleted or sealed anew; what came before this layer says of them counts no more."""

    def __len__(self) -> int:
        return len(self.entries) + len(self.gone)

    def take(self, change: LogChange) -> None:
        """Take in what a group did."""
        for seq in change.gone:
            for label in self.entries.pop(seq, ()):
                self.labels[label].remove(seq)
        self.gone.update(change.gone)
        for label, seq in change.labelled:
            self.labels.setdefault(label, []).append(seq)
            self.entries.setdefault(seq, []).append(label)

    @property
    def change(self) -> LogChange:
        """All of it as one change."""
        labelled = [Labelled(label, seq) for seq, labels in self.entries.items() for label in labels]
        return LogChange(labelled, list(self.gone))


@dataclass(frozen=True)
class Waiting:
    """What a merge brings into the file."""

    layers: tuple[Layer, ...]
    size: int
    floor: int

    @property
    def changes(self) -> list[LogChange]:
        """In the order in which they came; the last says how far the file has come then."""
        return [*(layer.change for layer in self.layers), LogChange((), (), self.size, self.floor)]


class Mentioned:
    """The file's labels, and those in memory beside it."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._layers: tuple[Layer, ...] = (Layer(),)
        self._size = self._floor = 0

    def __len__(self) -> int:
        return sum(map(len, self._layers))

    def take(self, change: LogChange) -> None:
        """Follow a group; whoever asks from now on sees it."""
        self._layers[-1].take(change)
        self._size, self._floor = max(self._size, change.size), max(self._floor, change.floor)

    async def remember(self, change: LogChange) -> None:
        """As `take`, for whoever brings it level."""
        self.take(change)

    def batch(self) -> Waiting:
        """What is to be merged now; it stays here until `merged`, and what comes meanwhile goes elsewhere."""
        if len(self._layers[-1]):
            self._layers = (*self._layers, Layer())
        return Waiting(self._layers[:-1], self._size, self._floor)

    def merged(self, batch: Waiting) -> None:
        """The file has it, and whoever asks it from now on sees that."""
        self._layers = tuple(layer for layer in self._layers if layer not in batch.layers)

    async def absorb(self, change: LogChange) -> None:
        """Straight into the file, which is not in use yet."""
        await self._pages.write(partial(mentions.take_in, changes=[change]))

    async def position(self) -> LogChange:
        """How far the file has come: `size` entries, and `floor`."""
        return await self._pages.read(mentions.position)

    async def below(self, floor: int) -> list[int]:
        """The entries below `floor` of which the file knows."""
        return await self._pages.read(partial(mentions.below, floor=floor))

    async def find(self, labels: Sequence[int]) -> list[int]:
        """The entries that have one of these labels, the newest first. Whoever answers looks whether each is still there."""
        # The memory first: it lets go of what the file has only once the file shows it.
        layers = self._layers
        recent = {
            seq for place, layer in enumerate(layers) for seq in _held(layer, labels, layers[place + 1 :])
        }
        gone = set[int]().union(*(layer.gone for layer in layers))
        found = await self._pages.read(partial(mentions.find, labels=labels))
        return sorted(recent.union(found) - (gone - recent), reverse=True)


def _held(layer: Layer, labels: Iterable[int], later: Sequence[Layer]) -> set[int]:
    """The entries here with one of the labels that no later layer says otherwise about."""
    found = {seq for label in labels for seq in layer.labels.get(label, ())}
    return found.difference(*(each.gone for each in later))
