"""The ground that every part stands on: the two files, level with each other, and the one writer, log and signer over them."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from daemon.audit.journal import Journal
from daemon.audit.reattaching import SAID, Reattaching, said
from daemon.audit.signer import Signer
from daemon.audit.spool import Spool
from daemon.audit.spooling import Spooling
from daemon.clock import Clock
from daemon.config import Config
from daemon.crypto.keyring import Keyring
from daemon.crypto.seal import Sealer
from daemon.store import truth
from daemon.store.catchup import Sources
from daemon.store.closing import close_all
from daemon.store.commitment import Commitment
from daemon.store.engine import Table
from daemon.store.entries import Entries
from daemon.store.files import require_room
from daemon.store.groups import Groups, Participant
from daemon.store.holds import Holds
from daemon.store.index import Index
from daemon.store.labels import Labels
from daemon.store.letters import Letters
from daemon.store.merging import Merger
from daemon.store.opening import Progress, level, noting, open_index, open_truth
from daemon.store.reader import Reader
from daemon.store.rotating import Store
from daemon.store.rows import RowCodec
from daemon.store.space import Space
from daemon.store.sqlite import SqliteEngine
from daemon.store.tally import Tally
from daemon.store.writer import Writer
from hsm.client import KeyService

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Surroundings:
    """What the register is given from outside."""

    service: KeyService
    keyring: Keyring
    clock: Clock
    away: Callable[[bool], None]
    """Told whether the national server is away."""
    progress: Progress
    """Told how far a rebuild of the projection has come."""
    space: Space


@dataclass(frozen=True)
class Ground:
    """Store, log and writer; nothing runs yet."""

    store: Store
    reader: Reader
    journal: Journal
    signer: Signer
    commitment: Commitment
    holds: Holds
    letters: Letters
    spooling: Spooling | None

    async def close(self) -> None:
        """Let go of the files; the writer has ended before."""
        await close_all(*([self.spooling] if self.spooling else []), self.store.index, self.store.engine)


async def ground(config: Config, state: Path, around: Surroundings) -> Ground:
    """Open both files in `state` and what moves with each commit. IntegrityError where something does not verify."""
    async with AsyncExitStack() as opened:
        engine = await open_truth(state, around.keyring)
        opened.push_async_callback(engine.close)
        index = await open_index(state, around.keyring)
        opened.push_async_callback(index.close)
        found = await _levelled(config, engine, index, around)
        opened.pop_all()
    return found


async def _levelled(config: Config, engine: SqliteEngine, index: Index, around: Surroundings) -> Ground:
    register, sealer, clock = config.register, Sealer(around.keyring), around.clock
    codec = RowCodec(register, sealer)
    known = await truth.load(engine, sealer)
    await _taken_back(config, engine, sealer, around)
    tally, touched = await Tally.load(engine), await noting(engine)
    merged = await level(
        index,
        Sources(engine, known, codec, Entries(engine, Labels(register, sealer))),
        around.progress,
        total=tally.rows,
    )
    room = partial(require_room, index.pages.file, around.space.free, config.disk.disclosures)
    merger = Merger(index, known.head, merged, require_room=room)
    journal = await Journal.load(register, sealer, engine)
    holds = await Holds.load(register, engine, sealer)
    letters = await Letters.load(register, engine, sealer)
    commitment = await Commitment.load(register, sealer, engine, lambda: journal.coming)
    spooling = _spooling(config, engine, journal, around)
    participants: list[Participant] = [
        journal,
        tally,
        touched,
        holds,
        letters,
        commitment,
        *([spooling] if spooling else []),
    ]
    groups = Groups(engine, index, merger, known, sealer=sealer, participants=participants, clock=clock)
    writer = Writer(groups)
    signer = Signer(journal, engine, writer, around.service, clock, commitment=commitment)
    await signer.check()
    if journal.opening:
        await _set_aside(config, journal)
    if (word := await said(engine)) is not None:
        journal.say_first(word, {Table.META: [SAID]})
    store = Store(register, engine, index, merger, known, sealer, codec, tally, touched, writer)
    return Ground(store, Reader(engine, index, codec), journal, signer, commitment, holds, letters, spooling)


async def _taken_back(config: Config, engine: SqliteEngine, sealer: Sealer, around: Surroundings) -> None:
    """What a log that was set back lacks, from the second disk, where one is configured."""
    if config.spool is not None:
        spool = Spool(config.spool.folder, config.register, sealer)
        await Reattaching(config.register, engine, sealer, spool).run(await around.service.witness())


async def _set_aside(config: Config, journal: Journal) -> None:
    """What the second disk has of the entries that are lost is kept there under another name: the spool itself goes on from what is left."""
    if config.spool is not None:
        spool = Spool(config.spool.folder, config.register, journal.sealer)
        try:
            found = await asyncio.to_thread(spool.set_aside, journal.tree.size, f"lost-{journal.epoch}")
        except OSError:
            log.warning("spool not set aside", extra={"code": "spool.away"})
        else:
            log.warning("spool set aside", extra={"count": found})


def _spooling(
    config: Config, engine: SqliteEngine, journal: Journal, around: Surroundings
) -> Spooling | None:
    """The log once more on a second disk, where one is configured."""
    if config.spool is None:
        return None
    # A sealer of its own would count its seals apart from those of the truth.
    spool = Spool(config.spool.folder, config.register, journal.sealer)
    return Spooling(spool, journal, engine, around.clock, days=config.spool.days)
