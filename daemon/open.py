"""The register once it is open: every part over one store and one keyring, built in order and closed in order."""

import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from daemon.audit.act import Act
from daemon.audit.entry import Action
from daemon.audit.exporter import exported
from daemon.audit.journal import Journal
from daemon.audit.signer import Signer
from daemon.clock import Clock
from daemon.commands import setup
from daemon.commands.caller import Caller, Right
from daemon.commands.custody import Custody
from daemon.commands.lookup import Lookups
from daemon.commands.notices import Notices
from daemon.commands.people import People
from daemon.commands.person import Persons
from daemon.commands.search import Searches
from daemon.commands.status import Census
from daemon.config import Config
from daemon.console.server import Desk
from daemon.console.sessions import Sessions
from daemon.contract.console import LOOKUP, PERSON, SEARCH, ExportLine
from daemon.crypto import classes
from daemon.crypto.keyring import Keyring
from daemon.crypto.seal import Sealer
from daemon.peers.national import NationalClient
from daemon.peers.pump import Pump
from daemon.peers.tls import calling
from daemon.store import truth
from daemon.store.catchup import Sources
from daemon.store.dependents import Dependents
from daemon.store.files import free_beside
from daemon.store.groups import Groups
from daemon.store.index import Index
from daemon.store.merging import Merger
from daemon.store.opening import Progress, level, noting, open_index, open_truth
from daemon.store.outbox import Outbox
from daemon.store.reader import Reader
from daemon.store.rotating import Store, rotations
from daemon.store.rotations import Rotations
from daemon.store.rows import RowCodec
from daemon.store.sqlite import SqliteEngine
from daemon.store.tally import Tally
from daemon.store.writer import Writer
from hsm.client import KeyService


@dataclass(frozen=True)
class Parts:
    """What an open register consists of."""

    engine: SqliteEngine
    index: Index
    merger: Merger
    reader: Reader
    journal: Journal
    writer: Writer
    signer: Signer
    client: NationalClient
    pump: Pump
    notices: Notices
    census: Census
    desk: Desk
    people: People
    rotations: Rotations
    dependents: Dependents
    custody: Custody
    store: Store

    def background(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What runs while the store is open, by the names of the tasks."""
        return {
            "writer": self.writer.run(),
            "index.merge": self.merger.run(),
            "store.wal": self.engine.pages.keep_short(),
        }

    async def close(self) -> None:
        """Let go of line and files; the writer has ended before."""
        await self.client.close()
        await self.merger.close()
        await self.index.close()
        await self.engine.close()


@dataclass(frozen=True)
class Shown:
    """What the parts tell the outside while they work."""

    away: Callable[[bool], None]
    progress: Progress


async def build(
    config: Config, state: Path, *, service: KeyService, keyring: Keyring, clock: Clock, shown: Shown
) -> Parts:
    """Open the store and put every part together. The keys are in `keyring`; nothing runs yet."""
    register, sealer = config.register, Sealer(keyring)
    codec = RowCodec(register, sealer)
    engine = await open_truth(state, keyring)
    try:
        index = await open_index(state, keyring)
    except BaseException:
        await engine.close()
        raise
    try:
        known = await truth.load(engine, sealer)
        tally, touched = await Tally.load(engine), await noting(engine)
        merged = await level(index, Sources(engine, known, codec), shown.progress, total=tally.rows)
        merger = Merger(index, known.head, merged)
        journal = await Journal.load(register, sealer, engine)
        groups = Groups(
            engine, index, merger, known, sealer=sealer, participants=[journal, tally, touched], clock=clock
        )
        writer = Writer(groups)
        signer = Signer(journal, engine, writer, service, clock)
        await signer.check()
    except BaseException:
        await index.close()
        await engine.close()
        raise
    store = Store(register, engine, index, merger, known, sealer, codec, tally, touched, writer)
    rotating = rotations(
        store,
        keyring,
        service,
        clock,
        free=free_beside(state),
        floor=config.disk_floor,
        share=config.rotation_share,
    )
    in_use = {classes.STORE: engine.pages, classes.INDEX: index.pages}
    dependents = Dependents(engine, tally, in_use, rotating)
    custody = Custody(
        service=service, engine=engine, writer=writer, keyring=keyring, dependents=dependents,
        rotations=rotating, clock=clock,
    )  # fmt: skip
    outbox = Outbox(register, engine, sealer)
    client = NationalClient(config.national.socket, calling(config.national.tls), config.national.name)
    people = People(register, engine, sealer, PasswordHasher())
    reader = Reader(engine, index, codec)
    timely = signer.require_timely
    searches = Searches(register, reader, writer, clock, require_timely=timely, max_hits=config.max_hits)
    lookups = Lookups(register, reader, writer, clock, require_timely=timely)
    persons = Persons(register, reader, writer, clock, require_timely=timely)
    idle, most = config.idle_seconds, config.max_hits
    sessions = Sessions(
        register, people, engine, writer, clock, terminal=config.terminal, idle_seconds=idle, max_hits=most
    )

    async def export(caller: Caller) -> AsyncIterator[ExportLine]:
        caller.require(Right.EXPORT)
        await writer.log(Act(Action.LOG_EXPORTED, f"operator:{caller.operator}", terminal=caller.terminal))
        async for line in exported(register, journal, engine, signer, service):
            yield line

    return Parts(
        engine=engine,
        index=index,
        merger=merger,
        reader=reader,
        journal=journal,
        writer=writer,
        signer=signer,
        client=client,
        pump=Pump(outbox, client, writer, shown.away, secrets.SystemRandom().random),
        notices=Notices(register, writer, codec, sealer),
        census=Census(register, reader, journal=journal, signer=signer, tally=tally, clock=clock),
        desk=Desk(
            sessions,
            {SEARCH: searches.search, LOOKUP: lookups.lookup, PERSON: persons.show, **custody.handlers},
            export,
        ),
        people=people,
        rotations=rotating,
        dependents=dependents,
        custody=custody,
        store=store,
    )


async def introduce(config: Config, parts: Parts, made: list[str]) -> None:
    """First words in the log: new keys, the set-up if there is one to take in, and that the register serves."""
    if made:
        await parts.writer.log(Act(Action.KEY_MADE, "jukurad", counts={"keys": len(made)}))
    if config.setup is not None:
        await setup.take_in(setup.read(config.setup), parts.engine, parts.writer, parts.people)
    await parts.writer.log(Act(Action.REGISTER_STARTED, "jukurad"))
