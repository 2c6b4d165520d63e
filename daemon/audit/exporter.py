"""Makes the files of an export out of the log, in constant memory: each a function of the span and of what is open.

What an entry's file holds never changes, so it is made again whenever it is fetched. All other files tell how things stood when the export
was made (keys, statements and checkpoints come and go): whoever makes it keeps them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date
from functools import partial

from daemon.audit import epochs, export, purged
from daemon.audit.journal import Nodes, sequence
from daemon.audit.naming import size_of
from daemon.audit.outlived import outlived
from daemon.audit.rendering import Look, Pairs, Rendering, nobody
from daemon.audit.span import Span
from daemon.audit.tree import consistency_proof, load
from daemon.contract.note import Checkpoint, origin_of, split
from daemon.crypto.classes import kind
from daemon.errors import ConflictError
from daemon.register.rows import Register
from daemon.store.engine import Engine, Table
from hsm.client import KeyService

BATCH = 1000  # entries in one read
NOTES = 200  # checkpoints in one read

Chunks = AsyncIterator[bytes]
Measure = Callable[[bytes], object]


def _not(_: bytes) -> None:
    """Measures nothing."""


@dataclass(frozen=True)
class Exporter:
    """Reads one register's log, beside everybody else."""

    register: Register
    epoch: int
    engine: Engine
    service: KeyService
    share: float
    """Of the time that is worked; the rest is left to notices and searches."""

    def beside(self, span: Span, rendering: Rendering) -> dict[str, Callable[[Span], Chunks]]:
        """What makes each file that stands beside the entries, in the order in which they are to be made.

        Statements before keys: so every key is there that signed one.
        """
        made = {
            export.README: _readme,
            export.STATEMENTS: self._statements,
            export.KEYS: self._keys,
            export.CHECKPOINTS: self._checkpoints,
            export.TIMESTAMPS: self._timestamps,
        }
        before: dict[str, Callable[[Span], Chunks]] = {
            export.START: self._start,
            export.EARLIER: self._earlier,
            export.HELD: partial(self._held, rendering),
        }
        return made | (before if span.first else {})

    async def entries(
        self, span: Span, number: int, rendering: Rendering, look: Look = nobody, measure: Measure = _not
    ) -> AsyncIterator[bytes]:
        """The file of entries that is the `number`-th, from 1; ConflictError `export.gone` where one is missing.

        `look` is shown each header and `measure` the bytes, beside the event loop.
        """
        place = span.first + (number - 1) * export.PER_FILE
        end = min(place + export.PER_FILE, span.end)
        while place < end:
            pairs = await self.engine.apart.scan(
                Table.LOG, first=sequence(place), last=sequence(min(place + BATCH, end)), limit=BATCH
            )
            if len(pairs) != min(BATCH, end - place):
                raise ConflictError("export.gone")
            lines, spent = await asyncio.to_thread(_timed, rendering, pairs, look, measure)
            yield lines
            place += len(pairs)
            await asyncio.sleep(spent * (1 / self.share - 1))

    async def _statements(self, _: Span) -> Chunks:
        for statement in await self.service.statements(0):
            yield export.note_lines(statement.note)

    async def _keys(self, _: Span) -> Chunks:
        for pair in (await self.service.keys()).pairs:
            if kind(pair.name) == "seal":
                yield export.key_line(pair, origin_of(self.register, self.epoch))

    async def _checkpoints(self, span: Span) -> Chunks:
        async for _, note in self._of_sizes(Table.CHECKPOINTS, span.first, span.end + 1):
            yield export.note_lines(note.decode())

    async def _timestamps(self, span: Span) -> Chunks:
        async for size, reply in self._of_sizes(Table.TIMESTAMPS, span.first, span.end + 1):
            yield export.timestamp_line(size, reply)

    async def _start(self, span: Span) -> Chunks:
        yield export.peak_lines((await load(span.first, Nodes(self.engine.apart))).peaks)

    async def _earlier(self, span: Span) -> Chunks:
        """From each tree that an entry says was purged or an epoch began with, and before the first entry from each checkpoint that somebody may have kept: the last of a
        day, and each to which a receipt or an export refers.
        """
        for gone in (await purged.load(self.engine)).sizes:
            if gone.end <= span.first:
                yield await self._proven(gone.end, span.end)
        for stated in await epochs.stated(self.service):
            if 0 < stated.opening.kept < span.first:
                yield await self._proven(stated.opening.kept, span.end)
        named = await self._named(span)
        last: tuple[date, int] | None = None
        async for size, note in self._of_sizes(Table.CHECKPOINTS, span.purged + 1, span.first):
            day = Checkpoint.parse(split(note.decode())[0]).signed_at.astimezone(UTC).date()
            if last is not None and (day != last[0] or last[1] in named):
                yield await self._proven(last[1], span.end)
            last = day, size
        if last is not None:
            yield await self._proven(last[1], span.end)

    async def _named(self, span: Span) -> set[int]:
        found = set[int]()
        place = sequence(span.purged + 1)
        while pairs := await self.engine.apart.scan(
            Table.NAMED, first=place, last=sequence(span.first), limit=NOTES
        ):
            found |= {size_of(key) for key, _ in pairs}
            place = pairs[-1][0] + b"\x00"
        return found

    async def _held(self, rendering: Rendering, span: Span) -> Chunks:
        async for one in outlived(self.engine, span.end):
            if one.seq < span.first:
                shown = rendering.shown(sequence(one.seq), one.leaf, one.sealed)
                yield export.held_line(one.leaf, one.proof, shown)

    async def _proven(self, size: int, end: int) -> bytes:
        return export.earlier_line(size, await consistency_proof(size, end, Nodes(self.engine.apart)))

    async def _of_sizes(self, table: Table, first: int, last: int) -> AsyncIterator[tuple[int, bytes]]:
        """What a table keeps about checkpoints of sizes from `first` up to, and without, `last`."""
        place = sequence(first)
        while pairs := await self.engine.apart.scan(table, first=place, last=sequence(last), limit=NOTES):
            for key, value in pairs:
                yield int.from_bytes(key, "big"), value
            place = pairs[-1][0] + b"\x00"


async def _readme(_: Span) -> Chunks:
    yield export.readme()


def _timed(rendering: Rendering, pairs: Pairs, look: Look, measure: Measure) -> tuple[bytes, float]:
    """The lines, and the seconds that this thread computed."""
    began = time.thread_time()
    lines = rendering.lines(pairs, look)
    measure(lines)
    return lines, time.thread_time() - began


def files_of(span: Span) -> list[str]:
    """The names of the files of entries."""
    return [
        export.entries_file(number + 1) for number in range(-(-(span.end - span.first) // export.PER_FILE))
    ]
