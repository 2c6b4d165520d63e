"""The newest versions, in memory until a merge has brought them into the file. Nothing here waits.

They lie in layers: the last takes in, the others are on their way into the file and go as a whole once they are there. Each
layer is an SQLite database in memory with tables and indexes of the file, so that the same question finds the same.

A hit, from here or from the file, is stale where a later version of its person lies here that counts on that day. Only versions
that were here when the search began are held against it (`Mark`): what came later was not asked.
"""

from collections.abc import Iterable, Sequence
from itertools import count

from daemon.register.effect import FOREVER
from daemon.register.wanted import Wanted
from daemon.store.index import finding
from daemon.store.index.due import Due
from daemon.store.index.layers import Batch, Held, Layer, Mark, near_place
from daemon.store.index.version import Latest, Version, former_codes

WIDER = 4  # times as many are asked for where too many of the first were stale


class Recent:
    """The versions that the file lacks."""

    def __init__(self) -> None:
        self._layers: tuple[Layer, ...] = (Layer(),)
        self._numbers = count(1)
        self._last = 0
        self.due = Due()
        self.commit = 0
        """The last one heard of."""

    def __len__(self) -> int:
        return sum(map(len, self._layers))

    # Writing.

    def take(self, versions: Sequence[Version], commit: int) -> None:
        """Take in versions of people who are in the file or here; visible at once."""
        given = [Held(next(self._numbers), version) for version in versions]
        if given:
            self._layers[-1].take(given)
            self._last = given[-1].number
            self.due.people |= dict.fromkeys(version.person for version in versions)
        self.commit = commit

    def forget(self, rows: Iterable[bytes], commit: int) -> None:
        """Rows that left the truth are in no answer from now on."""
        for row in rows:
            person: bytes | None = None
            for layer in self._layers:
                if held := layer.drop(row):
                    person = held.version.person
                    self.due.people[person] = None
            self.due.rows[row] = None
            self._layers[-1].remove(row, person)
        self.commit = commit

    def batch(self) -> Batch:
        """What is to be merged now; it stays here until `merged`, and what comes meanwhile goes elsewhere."""
        if len(self._layers[-1]):
            self._layers = (*self._layers, Layer())
        return Batch(self._layers[:-1], self.commit)

    def merged(self, batch: Batch) -> None:
        """The file has it, and whoever asks it from now on sees that."""
        for layer in batch.layers:
            layer.connection.close()
        self._layers = tuple(layer for layer in self._layers if layer not in batch.layers)

    def close(self) -> None:
        """Let go of the memory."""
        for layer in self._layers:
            layer.connection.close()

    def all_due(self) -> None:
        """Everyone here is to be counted anew."""
        for layer in self._layers:
            self.due.people |= dict.fromkeys(layer.people)
            self.due.rows |= dict.fromkeys(layer.removed)

    # Reading.

    def mark(self) -> Mark:
        """What a search begins with."""
        return Mark(self._layers, self._last)

    def find(self, mark: Mark, wanted: Wanted, limit: int) -> list[int]:
        """The places of up to `limit` people here who fit; to be asked in the same breath as `mark`."""
        found: dict[int, None] = {}
        for layer in mark.layers:
            asked = limit
            while layer.rows:
                hits = finding.look(layer.connection, wanted, asked)
                fresh = (hit for hit in hits if not self.stale(mark, layer.rows[hit].version, wanted.on))
                found |= dict.fromkeys(fresh)
                if len(found) >= limit or len(hits) < asked:
                    break
                asked *= WIDER
        return list(found)[:limit]

    def near(self, mark: Mark, place: int) -> bool:
        """Whether anything is here of whoever has a row at a place; hardly ever where there is not."""
        return any(near_place(place) in layer.near for layer in (*mark.layers, *self._layers))

    def stale(self, mark: Mark, hit: Latest | Version, on: int = FOREVER) -> bool:
        """Whether a later version counts on that day, or the row left the truth."""
        return self.removed(mark, hit.row) or any(
            version.serial > hit.serial and version.since <= on for version in self.of(mark, hit.person)
        )

    def removed(self, mark: Mark, row: bytes) -> bool:
        """Whether a row left the truth, as far as is known by now."""
        return any(row in layer.removed for layer in (*mark.layers, *self._layers))

    def keyed(self, mark: Mark, key: str) -> list[Version]:
        """Of everyone here with this 住民票コード or 個人番号 the newest version, if that has it."""
        people = dict.fromkeys(person for layer in mark.layers for person in layer.keys.get(key, ()))
        return [each for each in self._newest(mark, people) if key in (each.code, each.number)]

    def formerly(self, mark: Mark, code: str) -> list[Version]:
        """Of everyone here who had this 住民票コード before, and has another now, the newest version."""
        people = dict.fromkeys(person for layer in mark.layers for person in layer.former.get(code, ()))
        return [each for each in self._newest(mark, people) if code in former_codes(each)]

    def newest(self, mark: Mark, person: bytes) -> Version | None:
        """The newest version here of one person."""
        return max(self.of(mark, person), key=lambda version: version.serial, default=None)

    def _newest(self, mark: Mark, people: Iterable[bytes]) -> list[Version]:
        return [version for person in people if (version := self.newest(mark, person))]

    def of(self, mark: Mark, person: bytes) -> list[Version]:
        """The versions here of one person."""
        return [
            held.version
            for layer in mark.layers
            for held in layer.people.get(person, ())
            if held.number <= mark.last
        ]
