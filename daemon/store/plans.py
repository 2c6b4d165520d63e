"""What rotating each kind of key means: what is still under older generations, and the work that changes it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from daemon.crypto.keyring import Keyring
from daemon.crypto.seal import Sealer
from daemon.errors import StateError
from daemon.register.rows import Register
from daemon.store import files
from daemon.store.catchup import Sources
from daemon.store.engine import Table
from daemon.store.index import Index
from daemon.store.merging import Merger
from daemon.store.pages import PageKey, Pages
from daemon.store.rebuild import Finish, Rebuild, clear
from daemon.store.record import Record
from daemon.store.rekey import COPIED, Rekey
from daemon.store.reseal import Reseal
from daemon.store.sqlite import SqliteEngine
from daemon.store.tally import Tally
from daemon.store.touched import Touched
from daemon.store.truth import Truth
from daemon.store.work import Work
from daemon.store.writer import Writer


@dataclass(frozen=True)
class Values:
    """Values of one table, sealed anew."""

    kind: str
    table: Table
    register: Register
    engine: SqliteEngine
    writer: Writer
    sealer: Sealer
    keyring: Keyring
    tally: Tally

    def old(self) -> str:
        newest, *older = self.keyring.generations(self.kind)
        return older[0] if self.pending() and older else newest

    def pending(self) -> bool:
        return self.tally.older(self.table, self.keyring.newest(self.kind)) > 0

    def under(self, name: str) -> int:
        return self.tally.under(name)

    def require_room(self) -> None:
        """In place: what is sealed anew is as long as before."""

    def require_room_left(self) -> None:
        """In place."""

    def clear(self) -> None:
        """Nothing lies anywhere."""

    async def total(self, new: str) -> int:
        return self.tally.older(self.table, new)

    async def begin(self, record: Record) -> Reseal:
        return Reseal(
            self.register,
            self.engine,
            self.writer,
            self.sealer,
            self.tally,
            table=self.table,
            new=record.new,
            cursor=record.cursor,
        )


class Nothing:
    """Work that is done."""

    def left(self) -> int:
        return 0

    async def step(self) -> bool:
        return False

    async def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True)
class File(ABC):
    """One of the two files, written anew beside the one in use."""

    kind: str
    keyring: Keyring
    writer: Writer
    free: files.Free
    floor: int
    """Bytes that stay free on the disk."""

    @property
    @abstractmethod
    def pages(self) -> Pages:
        """The file."""

    @abstractmethod
    async def total(self, new: str) -> int: ...

    @abstractmethod
    async def copying(self, key: PageKey, total: int) -> Work:
        """The work, from where it was left."""

    def old(self) -> str:
        return self.pages.key.name

    def pending(self) -> bool:
        return self.pages.key.name != self.keyring.newest(self.kind)

    def under(self, name: str) -> int:
        return int(self.pages.key.name == name)

    def require_room(self) -> None:
        files.require_room(self.pages.file, self.free, self.floor)

    def require_room_left(self) -> None:
        if self.free() < self.floor:
            raise StateError("store.no_room")

    def clear(self) -> None:
        files.remove(files.successor(self.pages.file))

    async def begin(self, record: Record) -> Work:
        if self.pages.key.name == record.new:
            self.clear()
            return Nothing()
        return await self.copying(PageKey(self.keyring.raw(record.new), record.new), record.total)


@dataclass(frozen=True)
class TruthFile(File):
    """`register.db`."""

    engine: SqliteEngine
    truth: Truth
    touched: Touched
    tally: Tally

    @property
    def pages(self) -> Pages:
        return self.engine.pages

    async def total(self, new: str) -> int:
        # Counting the rows would read every page of them.
        others = [await self.engine.apart.count(table) for table in COPIED if table is not Table.ROWS]
        return self.tally.rows + sum(others)

    async def copying(self, key: PageKey, total: int) -> Work:
        return await Rekey.begin(self.engine, self.writer, self.touched, self.truth, key=key, total=total)


@dataclass(frozen=True)
class IndexFile(File):
    """`index.db`."""

    index: Index
    merger: Merger
    sources: Sources
    tally: Tally

    @property
    def pages(self) -> Pages:
        return self.index.pages

    def require_room(self) -> None:
        # What waits to be put in order lies beside the second file.
        files.require_room(self.pages.file, self.free, self.floor, more=2)

    def clear(self) -> None:
        clear(files.successor(self.pages.file))

    async def total(self, new: str) -> int:
        return self.tally.rows

    async def copying(self, key: PageKey, total: int) -> Work:
        async def exchange(finish: Finish) -> None:
            await self.merger.exchange(self.writer.between, key, finish)

        return await Rebuild.begin(self.index, self.sources, exchange, key=key, total=total)
