"""Makes exports in the background, one after the other, a file at a time: a kill costs the file that is being made, no more.

Of the entries only digests are kept here; what is open in them is never put down anywhere.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from msgspec.structs import replace

from daemon.audit import purged
from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.audit.export import KEYS, STATEMENTS, note_lines, signed_by
from daemon.audit.exporter import Exporter, files_of
from daemon.audit.naming import Why, name
from daemon.audit.opening import Openings
from daemon.audit.rendering import Rendering
from daemon.audit.signer import Signer
from daemon.audit.span import span_of
from daemon.audit.summary import page, table
from daemon.audit.summary.sections import SECTIONS, Counted, Person
from daemon.audit.summary.tally import Tally
from daemon.commands.exports.filing import Filing
from daemon.commands.exports.record import ALWAYS, Made, Record, failed, require_making
from daemon.commands.people import People
from daemon.contract.exports import ExportPhase
from daemon.contract.manifest import ManifestKind, second
from daemon.crypto.seal import Sealer
from daemon.errors import JukuraError
from daemon.store.draft import Draft
from hsm.protocol import SignManifest


@dataclass(frozen=True)
class Maker:
    """Makes one export after another."""

    filing: Filing
    signer: Signer
    exporter: Exporter
    sealer: Sealer
    people: People
    progress: dict[bytes, int]
    """Entries gone through, by export."""

    async def make(self, record: Record) -> None:
        """Make what is missing of it. StateError where that must wait; anything else that forbids it is put down."""
        if not record.epoch:
            record = await self._spanned(record)
        record = await self._beside_entries(record)
        record, tally = await self._entries(record)
        counted = Counted(
            tally, [Person(one.id, one.department, one.roles) for one in await self.people.all()]
        )
        for section in SECTIONS:
            pieces = table.csv(section, counted)
            record = await self.filing.kept(record, table.file_of(section), partial(_beside, pieces))
        pieces = page.page(self.exporter.register, record.first, record.end, counted)
        record = await self.filing.kept(record, page.FILE, partial(_beside, pieces))
        note = await self._note(record)
        while not await self._names_signer(record, note):
            # Keys were turned over since they were written down.
            record = await self._afresh(record, STATEMENTS, KEYS)
            note = await self._note(record)
        await self._ready(record, note)

    async def fail(self, record: Record, error: JukuraError) -> None:
        """Put down that it cannot be made."""

        async def work(draft: Draft) -> None:
            now = require_making(await self.filing.keeping.load(draft, record.id))
            self.filing.keeping.empty(draft, now)
            self.filing.keeping.put(draft, replace(failed(now, draft.now, error.code), begun={}, made=[]))
            sealed = {"export": record.id.hex()}
            draft.log(Act(Action.LOG_EXPORT_MADE, "jukurad", Outcome.FAILED, code=error.code, sealed=sealed))

        await self.filing.writer.write(work)

    async def _spanned(self, record: Record) -> Record:
        """With its span: up to a head that is signed now."""
        await self.signer.sign(at_once=True)
        gone = (await purged.load(self.exporter.engine)).purged.end
        span = await span_of(self.exporter.engine.apart, record.since, record.until, purged=gone)
        times = second(record.since or ALWAYS), second(record.until or record.ordered)
        spanned = {"first": span.first, "end": span.end, "purged": span.purged}

        async def change(draft: Draft, now: Record) -> Record:
            for size in {span.first, span.end} - {0}:
                await name(draft, size, Why.EXPORT)
            return replace(now, epoch=self.exporter.epoch, times=times, **spanned)

        return await self.filing.change(record, change)

    async def _entries(self, record: Record) -> tuple[Record, Tally]:
        """With every file of entries; and what the summary has counted in them."""
        tally = await self.filing.counted(record)
        rendering = self._rendering(record)
        for number, file in enumerate(files_of(record.span), start=1):
            if any(each.name == file for each in record.made):
                continue
            digest, size = sha256(), 0
            async for lines in self.exporter.entries(
                record.span, number, rendering, tally.look, digest.update
            ):
                size += len(lines)
                self.progress[record.id] = tally.seen
            record = await self.filing.counted_in(record, Made(file, digest.digest(), size, None), tally)
        return record, tally

    def _rendering(self, record: Record) -> Rendering:
        return Rendering(self.exporter.register, self.sealer, Openings(record.openings))

    async def _note(self, record: Record) -> str:
        """The manifest, signed."""
        since, until = record.times
        fields = [
            ("epoch", str(record.epoch)), ("from", since), ("until", until),
            ("first", str(record.first)), ("end", str(record.end)),
        ]  # fmt: skip
        return await self.exporter.service.sign_manifest(
            SignManifest(kind=ManifestKind.EXPORT, id=record.id.hex(), fields=fields, files=record.files)
        )

    async def _names_signer(self, record: Record, note: str) -> bool:
        """Whether the keys in the export have the one that signed its manifest."""
        return signed_by(note, await self.filing.content(record, KEYS))

    async def _afresh(self, record: Record, *names: str) -> Record:
        """With these files made anew."""

        async def change(_: Draft, now: Record) -> Record:
            return replace(now, made=[each for each in now.made if each.name not in names])

        return await self._beside_entries(await self.filing.change(record, change))

    async def _beside_entries(self, record: Record) -> Record:
        for file, chunks in self.exporter.beside(record.span, self._rendering(record)).items():
            record = await self.filing.kept(record, file, partial(chunks, record.span))
        return record

    async def _ready(self, record: Record, note: str) -> None:
        """To be fetched."""
        counts = {"first": record.first, "end": record.end, "files": len(record.files)}
        sealed = {"export": record.id.hex(), "manifest": sha256(note_lines(note)).hexdigest()}

        async def change(draft: Draft, now: Record) -> Record:
            draft.log(Act(Action.LOG_EXPORT_MADE, "jukurad", counts=counts, sealed=dict(sealed)))
            return replace(now, manifest=note, phase=ExportPhase.READY, touched=draft.now)

        await self.filing.change(record, change)


async def _beside(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same, each piece made beside the event loop."""
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece
