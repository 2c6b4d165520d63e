"""Hands out the files of an export that is ready, each with an entry in the log before its first byte leaves.

What was kept is read; entries are made anew, to the same bytes: the client holds them against the manifest.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.export import note_lines
from daemon.audit.exporter import Exporter, files_of
from daemon.audit.opening import Openings
from daemon.audit.rendering import Rendering
from daemon.commands.caller import Caller, Right
from daemon.commands.exports.keeping import Keeping
from daemon.commands.exports.record import Made, Record, require_own
from daemon.commands.exports.refusing import refusals_logged
from daemon.contract.exports import ExportPhase, FetchFile
from daemon.contract.manifest import NAME
from daemon.crypto.seal import Sealer
from daemon.errors import ConflictError
from daemon.store.engine import Engine
from daemon.store.writer import Writer


@dataclass(frozen=True)
class Delivery:
    """One file on its way out."""

    size: int
    """Bytes."""
    chunks: AsyncGenerator[bytes, None]


@dataclass(frozen=True)
class Deliveries:
    """Of one register."""

    keeping: Keeping
    engine: Engine
    writer: Writer
    exporter: Exporter
    sealer: Sealer

    async def fetch(self, caller: Caller, asked: FetchFile) -> Delivery:
        """One file of an export, to who ordered it."""
        async with refusals_logged(self.writer, caller, Action.LOG_EXPORTED):
            caller.require(Right.EXPORT)
            record = await self.keeping.named(self.engine, asked.export)
            require_own(record, caller.operator)
            if record.phase is not ExportPhase.READY:
                raise ConflictError("export.not_ready", field="export")
            made = record.file(asked.file)
            chunks = self._chunks(record, made)
            # A file of which the beginning is gone is refused, rather than begun.
            first = await anext(chunks)
        act = Act(
            Action.LOG_EXPORTED, f"operator:{caller.operator}", terminal=caller.terminal,
            counts={"bytes": made.size}, sealed={"export": asked.export, "file": asked.file},
        )  # fmt: skip
        await self.writer.log(act)
        return Delivery(made.size, _all(first, chunks))

    async def _chunks(self, record: Record, made: Made) -> AsyncGenerator[bytes, None]:
        if made.name == NAME:
            yield note_lines(record.manifest)
        elif made.pieces is not None:
            for number in range(made.pieces):
                yield await self.keeping.piece(record, made.name, number)
        else:
            rendering = Rendering(self.exporter.register, self.sealer, Openings(record.openings))
            number = files_of(record.span).index(made.name) + 1
            async for lines in self.exporter.entries(record.span, number, rendering):
                yield lines


async def _all(first: bytes, others: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(others):
        yield first
        async for chunk in others:
            yield chunk
