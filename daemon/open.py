"""The register once it is open: every part over one store and one keyring, built in order and closed in order."""

import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.exporter import Exporter
from daemon.audit.journal import Journal
from daemon.audit.scrubber import Scrubber
from daemon.audit.signer import Signer
from daemon.audit.spooling import Spooling
from daemon.clock import Clock
from daemon.commands import setup
from daemon.commands.custody.desk import Custody
from daemon.commands.exports import exports
from daemon.commands.exports.exports import LogExports
from daemon.commands.halt import Halt
from daemon.commands.log_holds import HoldKeys, LogHoldDesk
from daemon.commands.notices.arrivals import Means
from daemon.commands.notices.boundaries import Boundaries
from daemon.commands.notices.holds import HeldNotices
from daemon.commands.notices.receiving import Notices
from daemon.commands.pairs import Pairs
from daemon.commands.people import People
from daemon.commands.reconciliation.reconciliations import Given, Reconciliations
from daemon.commands.reconciliation.runs import Runs
from daemon.commands.reconciliation.schedules import Timetable
from daemon.commands.status import Census
from daemon.commands.verification.acceptance import Acceptance
from daemon.commands.verification.nightly import Nightly, last_of
from daemon.commands.witnesses import Witnesses
from daemon.config import Config
from daemon.console.server import Desk
from daemon.console.sessions import Sessions
from daemon.contract.reconciliation import Summary
from daemon.contract.reports import Report, ReportKind
from daemon.crypto import classes
from daemon.crypto.keyring import Keyring
from daemon.desks import Offices, console_desk, peer_desk
from daemon.gates import Gates
from daemon.ground import Ground, Surroundings, ground
from daemon.peers.calling import Calling
from daemon.peers.desk import PeerDesk
from daemon.peers.national import NationalClient
from daemon.peers.post import Post, Ways, post
from daemon.peers.pump import Pump
from daemon.retention.deleting import Deleter
from daemon.retention.due import Due
from daemon.retention.purging import Purging
from daemon.retention.receipts import ReceiptEnds
from daemon.store.closing import close_all, closed_on_error
from daemon.store.commitment import Commitment
from daemon.store.dependents import Dependents
from daemon.store.draft import Draft
from daemon.store.holds import Holds
from daemon.store.index import Index
from daemon.store.merging import Merger
from daemon.store.opening import Progress
from daemon.store.reader import Reader
from daemon.store.residents import Residents
from daemon.store.rotating import Store, rotations
from daemon.store.rotations import Rotations
from daemon.store.space import Space
from daemon.store.sqlite import SqliteEngine
from daemon.store.writer import Writer
from daemon.upkeep import Upkeep, upkeep
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
    commitment: Commitment
    client: NationalClient
    pump: Pump
    post: Post
    national_desk: PeerDesk
    notices: Notices
    holds: Holds
    held_notices: HeldNotices
    census: Census
    desk: Desk
    peer_desk: PeerDesk
    halt: Halt
    people: People
    rotations: Rotations
    dependents: Dependents
    custody: Custody
    reconciliations: Reconciliations
    timetable: Timetable
    spooling: Spooling | None
    upkeep: Upkeep
    witnesses: Witnesses
    nightly: Nightly
    purging: Purging
    exports: LogExports
    store: Store
    space: Space
    scrubber: Scrubber

    def background(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What runs while the store is open, by the names of the tasks."""
        return {
            "writer": self.writer.run(),
            "index.merge": self.merger.run(),
            "store.wal": self.engine.pages.keep_short(),
            "reconciliations": self.reconciliations.run(),
            "holds": self.held_notices.run(),
            **({"log.spool": self.spooling.run(self.writer)} if self.spooling else {}),
            "exports": self.exports.run(),
        }

    async def close(self) -> None:
        """Let go of line and files; the writer has ended before."""
        spooling = [self.spooling] if self.spooling else []
        await close_all(self.reconciliations, self.client, self.merger, *spooling, self.index, self.engine)


@dataclass(frozen=True)
class Shown:
    """What the parts tell the outside while they work."""

    away: Callable[[bool], None]
    progress: Progress


async def build(
    config: Config,
    state: Path,
    *,
    service: KeyService,
    keyring: Keyring,
    clock: Clock,
    shown: Shown,
    space: Space | None = None,
) -> Parts:
    """Open the store and put every part together. The keys are in `keyring`; nothing runs yet.

    Without a `space` it is one that nobody looks at: then nothing is refused for want of room.
    """
    space = space or Space.of(config.disk, state)
    around = Surroundings(service, keyring, clock, shown.away, shown.progress, space)
    base = await ground(config, state, around)
    async with closed_on_error(base):
        return await _built(config, base, around)


async def _built(config: Config, base: Ground, around: Surroundings) -> Parts:
    store, clock = base.store, around.clock
    engine, writer = store.engine, store.writer
    client = NationalClient(config.national.socket, Calling(config.national.tls), config.national.name)
    halt = await Halt.load(engine, writer, clock)
    nightly = await _nightly(config, base, clock)
    gates = Gates(halt, around.space, base.signer, writer, nightly)
    chance = secrets.SystemRandom().random
    ways = Ways(client, around.away, chance, gates.may_send, gates.require_disclosures)
    mail = post(store, base.letters, config, clock, ways)
    rotating, dependents, custody = _keys(config, base, around)
    boundaries = await Boundaries.load(config.register, engine, writer, Pairs())
    means = Means(
        config.register,
        store.codec,
        store.sealer,
        base.holds,
        config.hold_days,
        mail.reports,
        boundaries.announced,
    )
    compared = _comparing(config, base, mail, clock)
    people = People(config.register, engine, store.sealer, PasswordHasher())
    offices = Offices(
        halt=halt,
        gates=gates,
        custody=custody,
        post=mail,
        notices=Notices(means, writer, gates.require_notices),
        held=HeldNotices(means, writer, Pairs(), clock),
        boundaries=boundaries,
        reconciliations=compared,
        timetable=Timetable(compared, config.reconciliation, config.peers.municipalities, clock),
        witnesses=await Witnesses.load(config.peers, engine, writer, clock),
        nightly=nightly,
        acceptance=Acceptance(writer, base.commitment, Pairs()),
        log_holds=LogHoldDesk(
            config.register,
            engine,
            writer,
            base.journal,
            HoldKeys(around.service, around.keyring, store.sealer),
        ),
        exports=_exports(config, base, around, people, gates),
    )
    sessions = Sessions(
        config.register, people, engine, writer, clock,
        terminal=config.terminal, idle_seconds=config.idle_seconds, max_hits=config.max_hits,
    )  # fmt: skip
    return Parts(
        engine=engine,
        index=store.index,
        merger=store.merger,
        reader=base.reader,
        journal=base.journal,
        writer=writer,
        signer=base.signer,
        commitment=base.commitment,
        client=client,
        pump=mail.pump,
        post=mail,
        national_desk=mail.national_desk(gates.admit),
        notices=offices.notices,
        holds=base.holds,
        held_notices=offices.held,
        census=Census(
            config.register,
            base.reader,
            journal=base.journal,
            signer=base.signer,
            tally=store.tally,
            clock=clock,
        ),
        desk=console_desk(config, base, offices, sessions, around),
        peer_desk=peer_desk(base, offices),
        halt=halt,
        people=people,
        rotations=rotating,
        dependents=dependents,
        custody=custody,
        reconciliations=compared,
        timetable=offices.timetable,
        spooling=base.spooling,
        upkeep=await upkeep(config, store, clock),
        witnesses=offices.witnesses,
        nightly=offices.nightly,
        purging=_purging(base, around),
        exports=offices.exports,
        store=store,
        space=around.space,
        scrubber=Scrubber(
            config.register,
            base.journal,
            engine,
            writer,
            sealer=store.sealer,
            clock=clock,
            days=config.scrub_days,
        ),
    )


async def _nightly(config: Config, base: Ground, clock: Clock) -> Nightly:
    return Nightly(
        base.store.writer,
        base.commitment,
        base.store.tally,
        clock,
        last=await last_of(base.store.engine),
        at=config.verify_at,
        share=config.rotation_share,
    )


def _keys(config: Config, base: Ground, around: Surroundings) -> tuple[Rotations, Dependents, Custody]:
    """Who turns keys over, who knows what lies under them, and who asks for their end."""
    store = base.store
    rotating = rotations(
        store, around.keyring, around.service, around.clock,
        free=around.space.free, floor=config.disk.floor, share=config.rotation_share,
    )  # fmt: skip
    in_use = {classes.STORE: store.engine.pages, classes.INDEX: store.index.pages}
    dependents = Dependents(store.engine, store.tally, in_use, rotating)
    custody = Custody(
        service=around.service, engine=store.engine, writer=store.writer, keyring=around.keyring,
        dependents=dependents, rotations=rotating, clock=around.clock,
    )  # fmt: skip
    return rotating, dependents, custody


def _purging(base: Ground, around: Surroundings) -> Purging:
    store, journal = base.store, base.journal
    due = Due(store.register, store.engine, around.service, journal.epoch)
    deleter = Deleter(store.register, store.engine, store.writer, store.sealer, lambda: journal.tree.size)
    return Purging(
        store.engine, store.writer, base.signer, around.clock, around.service,
        due=due, deleter=deleter, receipts=ReceiptEnds(store.engine, store.writer, store.tally),
    )  # fmt: skip


def _comparing(config: Config, base: Ground, mail: Post, clock: Clock) -> Reconciliations:
    store = base.store
    given = Given(
        register=config.register,
        runs=Runs(config.register, store.engine, store.sealer),
        residents=Residents(config.register, store.engine, store.index, store.codec, base.reader),
        reader=base.reader,
        writer=store.writer,
        clock=clock,
        share=config.reconciliation.share,
        pending=base.holds.pending,
        tell=partial(_tell, mail),
    )
    return Reconciliations(given, config.peers.municipalities)


def _exports(config: Config, base: Ground, around: Surroundings, people: People, gates: Gates) -> LogExports:
    store = base.store
    exporter = Exporter(
        config.register, base.journal.epoch, store.engine, around.service, config.export_share
    )
    return LogExports(
        exports.Given(
            store.engine,
            store.writer,
            base.signer,
            exporter,
            store.sealer,
            people,
            around.clock,
            gates.require_export,
        )
    )


def _tell(mail: Post, draft: Draft, municipality: str, summary: Summary) -> None:
    """Let a municipality know how its comparison ended."""
    counts = {"records": summary.received, **summary.counts}
    report = Report(kind=ReportKind.RECONCILIATION, reference=summary.run, counts=counts)
    mail.reports.add(draft, municipality, report)


def introduction(config: Config, parts: Parts, made: list[str]) -> Iterator[Callable[[], Awaitable[object]]]:
    """First words in the log: new keys, the set-up if there is one to take in, and that the register serves. Each is said once."""
    yield parts.witnesses.remember
    if made:
        yield partial(parts.writer.log, Act(Action.KEY_MADE, "jukurad", counts={"keys": len(made)}))
    if config.setup is not None:
        given = setup.read(config.setup)
        yield partial(setup.take_in, given, parts.engine, parts.writer, parts.people)
    yield partial(parts.writer.log, Act(Action.REGISTER_STARTED, "jukurad"))
