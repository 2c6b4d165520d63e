"""What each kind of caller may ask an open register for: the console's desk and the municipalities'."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from daemon.audit.reading import LogReader
from daemon.clock import Clock
from daemon.commands.caller import Caller
from daemon.commands.custody.desk import Custody
from daemon.commands.exports.exports import LogExports
from daemon.commands.halt import Halt
from daemon.commands.inquiries.lookup import Lookups
from daemon.commands.inquiries.person import Persons
from daemon.commands.inquiries.search import Searches
from daemon.commands.log_holds import LogHoldDesk
from daemon.commands.notices.arrivals import Broken
from daemon.commands.notices.boundaries import Boundaries
from daemon.commands.notices.holds import HeldNotices
from daemon.commands.notices.receiving import Notices
from daemon.commands.reading.daily import DailyReports
from daemon.commands.reading.log import LogReading
from daemon.commands.reading.seal_keys import SealKeyList
from daemon.commands.reconciliation.reconciliations import Reconciliations
from daemon.commands.reconciliation.schedules import Timetable
from daemon.commands.verification.acceptance import Acceptance
from daemon.commands.verification.nightly import Nightly
from daemon.commands.witnesses import Witnesses
from daemon.config import Config
from daemon.console.server import Desk
from daemon.console.sessions import Sessions
from daemon.contract import peer
from daemon.contract.announcements import ANNOUNCEMENTS
from daemon.contract.console import LOOKUP, PERSON, SEARCH
from daemon.contract.endpoint import Endpoint
from daemon.contract.holds import CANCEL_HOLD, CONSOLE_HOLDS, HOLDS
from daemon.gates import Gates
from daemon.ground import Ground, Surroundings
from daemon.peers.decode import parse
from daemon.peers.desk import PeerDesk
from daemon.peers.post import Post
from daemon.store.labels import Labels

Handler = Callable[[Caller, Any], Awaitable[Any]]


@dataclass(frozen=True)
class Offices:
    """Who answers, beside searches."""

    halt: Halt
    gates: Gates
    custody: Custody
    post: Post
    notices: Notices
    held: HeldNotices
    boundaries: Boundaries
    reconciliations: Reconciliations
    timetable: Timetable
    witnesses: Witnesses
    nightly: Nightly
    acceptance: Acceptance
    log_holds: LogHoldDesk
    exports: LogExports


def peer_desk(ground: Ground, offices: Offices) -> PeerDesk:
    """For municipalities."""

    async def take(sender: str, batch: list[peer.Notice | Broken]) -> peer.Verdicts:
        return peer.Verdicts(await offices.notices.receive(sender, batch))

    counter = offices.reconciliations.counter
    return PeerDesk(
        acts={
            peer.NOTICES: take,
            ANNOUNCEMENTS: offices.halt.announced,
            HOLDS: offices.held.for_municipality,
            **offices.post.acts,
            **offices.witnesses.acts,
            **counter.acts,
        },
        streams=counter.streams,
        readers={peer.NOTICES: partial(parse, register=ground.store.register)},
        admit=offices.gates.admit,
        still=offices.gates.still,
    )


def console_desk(
    config: Config, ground: Ground, offices: Offices, sessions: Sessions, around: Surroundings
) -> Desk:
    """For people at a console."""
    keys = _seal_keys(config, ground, around)
    handlers: dict[Endpoint, Handler] = {
        **_reading(config, ground, offices.gates, around),
        **offices.halt.handlers,
        **offices.custody.handlers,
        **offices.exports.handlers,
        **offices.post.handlers,
        **offices.timetable.handlers,
        **offices.reconciliations.findings.handlers,
        **offices.boundaries.handlers,
        **offices.acceptance.handlers,
        **offices.log_holds.handlers,
        **_log_reading(ground).handlers,
        **keys.handlers,
        **_daily(config, ground, offices, keys, around.clock).handlers,
        CONSOLE_HOLDS: offices.held.on_console,
        CANCEL_HOLD: offices.held.cancel,
    }
    return Desk(sessions, handlers, offices.exports.deliveries)


def _log_reading(ground: Ground) -> LogReading:
    store = ground.store
    labels = Labels(store.register, store.sealer)
    reader = LogReader(store.engine, store.index, labels)
    return LogReading(store.engine, reader, labels, ground.journal, ground.signer, store.writer)


def _seal_keys(config: Config, ground: Ground, around: Surroundings) -> SealKeyList:
    return SealKeyList(config.register, ground.journal.epoch, around.service, ground.store.writer)


def _daily(config: Config, ground: Ground, offices: Offices, keys: SealKeyList, clock: Clock) -> DailyReports:
    store = ground.store
    return DailyReports(config.register, store.engine, store.writer, keys, clock, offices.witnesses.states)


def _reading(
    config: Config, ground: Ground, gates: Gates, around: Surroundings
) -> Mapping[Endpoint, Handler]:
    """What shows people."""
    timely = gates.require_disclosures
    whom = (config.register, ground.reader, ground.store.writer, around.clock)
    holds, most = ground.holds, config.max_hits
    return {
        SEARCH: Searches(*whom, holds=holds, require_timely=timely, max_hits=most).search,
        LOOKUP: Lookups(*whom, holds=holds, require_timely=timely).lookup,
        PERSON: Persons(*whom, holds=holds, require_timely=timely).show,
    }
