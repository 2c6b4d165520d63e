"""What one piece of work means to change. It counts only once the group it belongs to is committed."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from daemon.audit.act import Act
from daemon.errors import IntegrityError
from daemon.store.engine import Engine, Reads, Table
from daemon.store.held import Waiting
from daemon.store.index import UNCHANGED, Index, Latest, LogChange, Version, former_codes, latest_of


@dataclass
class Seen:
    """What is committed, as far as a group met it. Nothing is committed while a group is made, so it stays true."""

    before: dict[Table, dict[bytes, bytes | None]] = field(default_factory=dict)
    """By key; None where nothing is. Keys that the group did not meet are absent."""
    latest: dict[str, Latest | None] = field(default_factory=dict)
    """What the projection says of 住民票コード: who has them now,"""
    former: dict[str, Latest | None] = field(default_factory=dict)
    """and who had them before."""

    async def committed(self, table: Table, keys: Iterable[bytes], reads: Reads) -> dict[bytes, bytes | None]:
        """What is committed, with `keys` among it; asked of `reads` only where nobody has met one of these."""
        before = self.before.setdefault(table, {})
        if unmet := [key for key in keys if key not in before]:
            found = await reads.get_many(table, unmet)
            for key in unmet:
                before.setdefault(key, found.get(key))
        return before

    def followed_by(self, group: "Group") -> None:
        """Make true again what was read before `group` was committed, or while it was."""
        for table, pairs in group.changes.items():
            before = self.before.get(table, {})
            before.update({key: value for key, value in pairs.items() if key in before})
        for seen, changed in ((self.latest, group.coded), (self.former, group.formerly)):
            for code, where in seen.items():
                if code in changed:
                    seen[code] = latest_of(changed[code])
                elif where is not None and where.person in group.newest:
                    seen[code] = None


@dataclass
class Group:
    """Pieces of work that are committed together."""

    commit: int
    now: datetime
    """Taken once, so that no group straddles a midnight."""
    seen: Seen = field(default_factory=Seen)
    changes: dict[Table, dict[bytes, bytes | None]] = field(default_factory=dict)
    versions: dict[bytes, Version] = field(default_factory=dict)
    """Those that are new to the projection, by row."""
    newest: dict[bytes, Version] = field(default_factory=dict)
    """Of these the newest of each person,"""
    coded: dict[str, Version] = field(default_factory=dict)
    """the same by 住民票コード,"""
    formerly: dict[str, Version] = field(default_factory=dict)
    """and by each that the person had before."""
    places: int = 0
    log: LogChange = UNCHANGED
    """What becomes of the log, for the projection."""

    def put(self, table: Table, key: bytes, value: bytes | None) -> None:
        self.changes.setdefault(table, {})[key] = value

    def add(self, table: Table, key: bytes, value: bytes) -> None:
        """Put under a key that was never used before."""
        self.seen.before.setdefault(table, {}).setdefault(key, None)
        self.put(table, key, value)

    def take(self, versions: Iterable[Version]) -> None:
        """Versions of a piece of work that ended well, each person's in the order of their serials."""
        for version in versions:
            self.versions[version.row] = version
            before = self.newest.get(version.person)
            if before is not None:
                _let_go(self.coded, (before.code,), before)
                _let_go(self.formerly, former_codes(before), before)
            self.newest[version.person] = self.coded[version.code] = version
            self.formerly |= dict.fromkeys(former_codes(version), version)

    @property
    def removed(self) -> list[bytes]:
        """Rows that leave the truth, and so the projection."""
        return [row for row, value in self.changes.get(Table.ROWS, {}).items() if value is None]


class Draft:
    """The view of one piece of work: what is committed, what its group changed before it, and its own changes."""

    def __init__(self, group: Group, engine: Engine, index: Index) -> None:
        self._group = group
        self._engine = engine
        self._index = index
        self.changes: dict[Table, dict[bytes, bytes | None]] = {}
        self.versions: list[Version] = []
        self.acts: list[Act] = []
        self.held: dict[str, tuple[Waiting, ...]] = {}
        """By 住民票コード what is held of those whose holds this work changes (`daemon.store.holds`),"""
        self.held_change: Counter[str] = Counter()
        """and how many more by municipality."""

    @property
    def now(self) -> datetime:
        """The time of the whole group."""
        return self._group.now

    def put(self, table: Table, key: bytes, value: bytes) -> None:
        """Put `value` under `key`, whatever is there."""
        self.changes.setdefault(table, {})[key] = value

    def add(self, table: Table, key: bytes, value: bytes) -> None:
        """Put under a key that was never used before (random, or a place): so nobody has to look what was there."""
        self._group.seen.before.setdefault(table, {}).setdefault(key, None)
        self.put(table, key, value)

    def delete(self, table: Table, key: bytes) -> None:
        self.changes.setdefault(table, {})[key] = None

    async def get_many(
        self, table: Table, keys: Sequence[bytes], *, apart: bool = False
    ) -> dict[bytes, bytes]:
        """The values of those `keys` that exist, as this work sees them; `apart` for many, in the background."""
        changes, own = self._group.changes.get(table, {}), self.changes.get(table, {})
        unknown = [key for key in keys if not (key in own or key in changes)]
        reads = self._engine.apart if apart else self._engine.own
        before = await self._group.seen.committed(table, unknown, reads)
        known = {
            key: own[key] if key in own else changes[key] if key in changes else before[key] for key in keys
        }
        return {key: value for key, value in known.items() if value is not None}

    async def latest(self, codes: Sequence[str]) -> dict[str, Latest]:
        """The latest version of each person who has one of these 住民票コード, as the group sees it."""
        found = self._untouched(await _projected(self._group.seen.latest, codes, self._index.latest))
        coded = self._group.coded
        return found | {code: latest_of(coded[code]) for code in codes if code in coded}

    async def formerly(self, codes: Sequence[str]) -> dict[str, Latest]:
        """The latest version of each person who had one of these 住民票コード before and has another now, as the group sees it.

        IntegrityError where two people had the same.
        """
        found = self._untouched(await _projected(self._group.seen.former, codes, self._index.formerly))
        formerly = self._group.formerly
        here = {code: latest_of(formerly[code]) for code in codes if code in formerly}
        if found.keys() & here.keys():
            raise IntegrityError("index.code_twice")
        return found | here

    def _untouched(self, found: dict[str, Latest]) -> dict[str, Latest]:
        """Of what the projection says what no earlier work of the group has changed."""
        return {code: where for code, where in found.items() if where.person not in self._group.newest}

    async def history(self, person: bytes) -> list[bytes]:
        """The rows of all versions of one person, as this work sees them, in no order."""
        new = (*self._group.versions.values(), *self.versions)
        own = [version.row for version in new if version.person == person]
        return list(dict.fromkeys([*await self._index.history(person), *own]))

    def index(self, version: Version) -> None:
        """Let the projection know of a new version."""
        self.versions.append(version)

    def log(self, act: Act) -> None:
        """No act without its entry: written with the same commit."""
        self.acts.append(act)

    def place(self) -> bytes:
        """A new key that sorts after all given before: commit (8 bytes), order within it (4 bytes)."""
        self._group.places += 1
        return self._group.commit.to_bytes(8, "big") + self._group.places.to_bytes(4, "big")


async def _projected(
    known: dict[str, Latest | None],
    codes: Sequence[str],
    ask: Callable[[Sequence[str]], Awaitable[dict[str, Latest]]],
) -> dict[str, Latest]:
    """What the projection says of `codes`; asked only for those that are not `known`."""
    unknown = [code for code in codes if code not in known]
    if unknown:
        found = await ask(unknown)
        known.update((code, found.get(code)) for code in unknown)
    return {code: where for code in codes if (where := known[code]) is not None}


def _let_go(held: dict[str, Version], codes: Iterable[str], version: Version) -> None:
    for code in codes:
        if held.get(code) is version:
            del held[code]
