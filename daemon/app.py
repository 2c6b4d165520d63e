"""The composition root of `jukurad`: sockets, clock and key service meet the register here, and only here.

Start: serve at once (sealed), ask the key service until it answers, open the store, level the projection, serve.
Stop, in stages, each under a deadline: take no more, finish what is under way, sign the log, close.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from daemon import pace
from daemon import service as manager
from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.clock import Clock, day_of
from daemon.commands.epochs import EpochDesk
from daemon.config import Config
from daemon.console.server import ConsoleServer, Desk
from daemon.contract.console import Reason, State, Status
from daemon.contract.deadlines import Deadline
from daemon.contract.keys import TokenState
from daemon.contract.peer import ENDPOINTS
from daemon.contract.timestamps import TimestampState
from daemon.crypto import classes
from daemon.crypto.keyring import Keyring, first_seal, load
from daemon.errors import IntegrityError, JukuraError, StateError
from daemon.lifecycle import SERVING, Lifecycle
from daemon.open import Parts, Shown, build, introduction
from daemon.peers.inbound import national
from daemon.peers.kind import municipalities
from daemon.peers.server import PeerServer
from daemon.peers.trust import AHEAD, Trust, ends_of, soon
from daemon.sentry import Sentry
from daemon.store.faults import Faults
from daemon.store.space import Space
from daemon.tasks import Tasks
from hsm.client import KeyService
from hsm.protocol import Pong

log = logging.getLogger(__name__)

T = TypeVar("T")

CONSOLE, PEERS, NATIONAL_IN = "console", "peers", "national-in"
UNSEAL_PAUSE = 0.5  # seconds between tries to reach the key service
WATCH = 2.0  # seconds between looks at token, disk and keys
SOON = 0.25  # seconds between looks while something is amiss: when it is back, everything is within 2 s
STAGE = 10.0  # seconds for one stage of stopping


@dataclass
class App:
    """One register, from start to stop."""

    config: Config
    state: Path
    sockets: Mapping[str, socket.socket]
    service: KeyService
    clock: Clock
    version: str
    keyring: Keyring = field(default_factory=Keyring)

    def __post_init__(self) -> None:
        self._started = self.clock.now()
        self._life = Lifecycle(self._told)
        self._tasks = Tasks(on_failure=self._failed)
        self._space = Space.of(self.config.disk, self.state)
        self._sentry = Sentry(self._life, self._space)
        self._acting: list[asyncio.Task[None]] = []
        """What acts by itself: it ends where the store is not to be trusted."""
        self._fault = ""
        """The code that says why it is not."""
        self._parts: Parts | None = None
        self._pong: Pong | None = None
        """What the key service last said of itself."""
        self._end = asyncio.Event()
        self._failure = ""
        self._epoch_opened = asyncio.Event()
        self._epochs = EpochDesk(
            self.config.register,
            self.state,
            self.service,
            self.keyring,
            fault=lambda: self._fault if self._parts is None else "",
            opened=self._epoch_opened.set,
        )
        self._console = ConsoleServer(self._status, self._desk, sealed=self._epochs.handlers)
        peers = self.config.peers
        self._peers = PeerServer(
            municipalities(peers.municipalities, ENDPOINTS),
            desk=lambda: self._serving().peer_desk,
            trust=Trust(peers.tls, self.clock.now),
            limits=peers.limits,
            write=self._write,
            clock=self.clock,
        )
        self._national = self._national_listener()
        self._ends = ends_of(self.config.national.tls)

    async def run(self) -> int:
        """Serve until SIGTERM or SIGINT; the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end.set)
        self._life.move(State.SEALED)
        await self._console.start(manager.take(dict(self.sockets), CONSOLE))
        await self._peers.start(manager.take(dict(self.sockets), PEERS))
        if self._national is not None:
            await self._national.start(manager.take(dict(self.sockets), NATIONAL_IN))
        manager.notify(READY=1)
        await self._sentry.look()
        self._tasks.start(self._sentry.disk(), name="sentry.disk")
        self._tasks.start(self._open(), name="open")
        await self._end.wait()
        await self._stop()
        return 1 if self._failure else 0

    def _national_listener(self) -> PeerServer | None:
        """Where the national server calls, if it may."""
        given = self.config.national_in
        if given is None:
            return None
        return PeerServer(
            national(self.config.register),
            desk=lambda: self._serving().national_desk,
            trust=Trust(given.tls, self.clock.now),
            limits=given.limits,
            write=self._write,
            clock=self.clock,
        )

    # Opening.

    async def _open(self) -> None:
        made = await self._keys()
        while (parts := await self._built()) is None:
            await self._epoch_opened.wait()
            self._epoch_opened.clear()
            self._fault = self._failure = ""
            self._life.set(Reason.STORE_UNTRUSTED, given=False)
        try:
            self._parts = parts
            for name, work in parts.background().items():
                self._tasks.start(work, name=name)
            for word in introduction(self.config, parts, made):
                await self._once_possible(word)
            await self._once_possible(parts.rotations.resume)
        except IntegrityError as error:
            self._distrust(error)
            return
        pace.keep()
        self._life.set(Reason.ROWS_DIFFER, given=parts.commitment.differs)
        self._life.unsealed()
        self._tasks.start(self._sentry.file(parts, self._distrust), name="sentry.file")
        acting = {
            "outbox.pump": parts.pump.run(),
            "log.signer": self._sentry.signatures(parts, self.clock, self._distrust),
            "log.scrubber": parts.scrubber.run(),
            "watch": self._watch(parts),
            "keys.duty": parts.custody.run(),
            "post.forgetting": parts.post.forgetting.run(),
            "sentry.stages": self._sentry.stages(parts),
            "rows.nightly": parts.nightly.run(),
            "log.purge": parts.purging.run(),
            **parts.upkeep.background(),
        }
        self._acting = [self._tasks.start(work, name=name) for name, work in acting.items()]

    async def _built(self) -> Parts | None:
        """The parts; None, and the register sealed, where what is stored is not to be trusted."""
        try:
            return await self._once_possible(self._build)
        except IntegrityError as error:
            self._distrust(error)
            return None

    async def _build(self) -> Parts:
        shown = Shown(away=self._national_away, progress=self._progress)
        with Faults():
            return await build(
                self.config,
                self.state,
                service=self.service,
                keyring=self.keyring,
                clock=self.clock,
                shown=shown,
                space=self._space,
            )

    async def _once_possible(self, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` gives, as soon as key service and disk let it: a full disk is no reason to die, nor to start again and again."""
        while True:
            try:
                return await work()
            except StateError as error:
                log.warning("sealed, cannot be opened yet", extra={"code": error.code})
                await asyncio.sleep(UNSEAL_PAUSE)

    def _distrust(self, error: IntegrityError) -> None:
        """Nothing that is stored can be relied on: seal, end what acts by itself, and keep the files open as they are."""
        log.critical("store does not verify, sealed", extra={"code": error.code})
        self._fault = self._failure = error.code
        self._life.distrust()
        if self._parts is not None:
            self._parts.writer.bar(error)
        for task in self._acting:
            task.cancel()

    async def _keys(self) -> list[str]:
        """Bring the keys in; for as long as it takes."""
        while True:
            try:
                # Before anything else: what stands wrong with the keys is told while sealed, too.
                self._pong = await self.service.ping()
                made = await load(self.keyring, self.service, classes.wanted(day_of(self.clock.now())))
                made += await first_seal(self.service)
                self._pong = await self.service.ping()
            except StateError as error:
                log.warning("sealed, key service away", extra={"code": error.code})
                await asyncio.sleep(UNSEAL_PAUSE)
            else:
                return made

    # What runs.

    async def _watch(self, parts: Parts) -> None:
        while True:
            there = await self._token_there(parts)
            self._life.set(Reason.TOKEN_AWAY, given=not there)
            self._life.set(Reason.SERVICE_STOPPED, given=not parts.halt.running())
            self._life.set(Reason.PEERS_CLOSED, given=self._peers.trust.closed)
            await parts.client.calling.look()
            self._life.set(Reason.TRUST_STALE, given=self._trust_stale(parts))
            self._life.set(Reason.LOG_ALTERED, given=parts.scrubber.altered)
            self._life.set(Reason.OUTBOX_ASIDE, given=parts.census.aside() > 0)
            self._life.set(Reason.SPOOL_AWAY, given=parts.spooling is not None and parts.spooling.away)
            self._life.set(Reason.RECONCILIATION_OVERDUE, given=bool(parts.timetable.overdue()))
            self._life.set(Reason.WITNESS_OVERDUE, given=bool(parts.witnesses.overdue()))
            self._life.set(Reason.REPORTS_OVERDUE, given=parts.post.reports.overdue() > 0)
            self._life.set(Reason.TIMESTAMP_OVERDUE, given=parts.upkeep.stamps_overdue)
            self._life.set(Reason.ROWS_DIFFER, given=parts.commitment.differs)
            self._life.set(Reason.ENTRIES_LOST, given=parts.signer.lost_lately())
            await asyncio.sleep(WATCH if there else min(SOON, WATCH))

    def _trust_stale(self, parts: Parts) -> bool:
        listeners = [self._peers, *([self._national] if self._national else [])]
        return parts.client.calling.stale or any(each.trust.stale for each in listeners)

    async def _token_there(self, parts: Parts) -> bool:
        """Whether the token answers; on the way, keys are made and loaded long before their day."""
        try:
            self._pong = await self.service.ping()
            if not self._pong.token:
                return False
            missing = classes.lacking(classes.wanted(day_of(self.clock.now())), self.keyring)
            if missing and (made := await load(self.keyring, self.service, missing)):
                await parts.writer.log(Act(Action.KEY_MADE, "jukurad", counts={"keys": len(made)}))
        except StateError:
            return False
        return True

    # What others ask of us.

    async def _status(self) -> Status:
        parts = self._parts
        pong = self._pong
        serving = parts is not None and self._life.state in SERVING
        return Status(
            register=self.config.register,
            state=self._life.state,
            reasons=self._life.reasons,
            at_rest=pong.at_rest if pong else "unknown",
            started=self._started,
            now=self.clock.now(),
            version=self.version,
            terminal=self.config.terminal,
            municipalities=len(self.config.peers.municipalities),
            connections=self._connections(),
            counts=await parts.census.counts() if parts is not None and serving else None,
            alarms=[str(alarm) for alarm in pong.alarms] if pong else [],
            tokens=[
                TokenState(label=each.label, model=each.model, present=each.present, active=each.active)
                for each in (pong.tokens if pong else ())
            ],
            rotations=parts.rotations.progress() if parts is not None else [],
            deadlines=self._deadlines(),
            verification=parts.nightly.state() if parts is not None and serving else None,
            announcements=parts.halt.state().announcements if parts is not None else [],
            timestamps=self._timestamps(),
            witnesses=parts.witnesses.states() if parts is not None else None,
            disk=self._space.disk,
            fault=self._fault,
            purge=await parts.purging.state() if parts is not None and serving else None,
            epoch=parts.signer.told() if parts is not None and serving else None,
        )

    def _connections(self) -> list[str]:
        """The closed list."""
        stamped = self.config.timestamps
        outside = [stamped.host] if stamped is not None else []
        return ["市町村CS", self.config.national.name, f"端末 {self.config.terminal}", *outside]

    def _timestamps(self) -> TimestampState | None:
        """How they stand; what was kept is not known while sealed."""
        given, parts = self.config.timestamps, self._parts
        if given is None:
            return None
        if parts is None or parts.upkeep.stamping is None:
            return TimestampState(authority=given.host, hours=given.hours)
        return parts.upkeep.stamping.state()

    def _deadlines(self) -> list[Deadline]:
        """What ends soon on any line, the first first; one that serves on two is told once."""
        listeners = [self._peers, *([self._national] if self._national else [])]
        ends = [each for listener in listeners for each in listener.deadlines()]
        calling = self._parts.client.calling.ends if self._parts is not None else self._ends
        return sorted({*ends, *soon(calling, self.clock.now(), AHEAD)}, key=lambda each: each.ends)

    def _desk(self) -> Desk:
        return self._serving().desk

    def _serving(self) -> Parts:
        self._life.require_serving()
        if self._parts is None:
            raise StateError("state.sealed")
        return self._parts

    async def _write(self, act: Act) -> None:
        """An entry about a peer; before the keys are there the journal of the machine alone has it."""
        if self._parts is not None:
            await self._parts.writer.log(act)

    # What we notice.

    def _national_away(self, away: bool) -> None:  # noqa: FBT001 - a callback with one meaning
        self._life.set(Reason.NATIONAL_AWAY, given=away)

    def _progress(self, done: int, total: int) -> None:
        log.info("index rebuilds", extra={"count": done, "size": total})
        manager.notify(STATUS=f"index {done}/{total}", EXTEND_TIMEOUT_USEC=30_000_000)

    def _told(self, state: State, reasons: tuple[Reason, ...]) -> None:
        manager.notify(STATUS=" ".join([state, *reasons]))

    def _failed(self, name: str, error: BaseException) -> None:
        del error  # its type is in the log
        self._failure = name
        self._end.set()

    # Stopping.

    async def _stop(self) -> None:
        manager.notify(STOPPING=1)
        self._life.move(State.STOPPING)
        await self._stage("listeners", self._close_listeners())
        if self._parts is not None:
            await self._stage("rotations", self._parts.rotations.close())
            await self._stage("custody", self._parts.custody.close())
            await self._stage("reconciliations", self._parts.reconciliations.close())
            await self._stage("log", self._close_log(self._parts))
            await self._stage("index", self._parts.merger.close())
        late = await self._tasks.stop(within=STAGE)
        if late:
            log.warning("tasks did not end", extra={"late": late})
        if self._parts is not None:
            await self._stage("store", self._parts.close())
        await self._stage("keys", self.service.close())

    async def _close_listeners(self) -> None:
        listeners = [self._peers, *([self._national] if self._national is not None else [])]
        await asyncio.gather(self._console.stop(), *(each.stop() for each in listeners))
        for listening in self.sockets.values():
            listening.close()

    async def _close_log(self, parts: Parts) -> None:
        with contextlib.suppress(JukuraError):
            await parts.writer.log(Act(Action.REGISTER_STOPPED, "jukurad"))
            await parts.signer.sign()
        await parts.writer.close()

    async def _stage(self, name: str, work: Awaitable[None]) -> None:
        """One stage under its deadline; what does not end in time is said and left."""
        try:
            async with asyncio.timeout(STAGE):
                await work
        except TimeoutError:
            log.warning("stage forced", extra={"stage": name})
        except Exception as error:
            log.exception("stage failed", extra={"stage": name, "error": type(error).__name__})
