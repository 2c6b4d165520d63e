"""Everything that goes to the national server and to municipalities, and what the national server asks, put together."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from daemon.clock import Clock
from daemon.commands.caller import Caller
from daemon.commands.correspondence import Forgetting, Inbound, Outgoing, Reported, Reports
from daemon.config import Config
from daemon.contract.endpoint import Endpoint
from daemon.contract.reports import ACKNOWLEDGE, REPORTS
from daemon.peers.delivery import Line, Posting
from daemon.peers.desk import Act, PeerDesk
from daemon.peers.pump import Pump
from daemon.store.aside import AsideList
from daemon.store.letters import Letters
from daemon.store.outbox import Outbox
from daemon.store.rotating import Store
from daemon.store.sent import Sent
from daemon.store.updates import Updates


@dataclass(frozen=True)
class Ways:
    """How it meets the world."""

    line: Line
    """To the national server."""
    away: Callable[[bool], None]
    """Told whether the national server is away."""
    chance: Callable[[], float]
    may: Callable[[], bool]
    """Whether anything may go out now."""
    show: Callable[[], None]
    """Raises while nobody may be shown people."""


@dataclass(frozen=True)
class Post:
    """The parts."""

    posting: Posting
    pump: Pump
    reports: Reports
    outgoing: Outgoing
    reported: Reported
    inbound: Inbound
    forgetting: Forgetting

    @property
    def handlers(self) -> Mapping[Endpoint, Callable[[Caller, Any], Awaitable[Any]]]:
        """What the console asks for."""
        return {**self.outgoing.handlers, **self.reported.handlers}

    @property
    def acts(self) -> Mapping[Endpoint, Act]:
        """What municipalities ask for."""
        return {REPORTS: self.reports.fetch, ACKNOWLEDGE: self.reports.acknowledge}

    def national_desk(self, admit: Callable[[Endpoint], None]) -> PeerDesk:
        """What the national server asks for, on its own listener."""
        return PeerDesk(self.inbound.acts, admit=admit, still=admit)


def post(store: Store, letters: Letters, config: Config, clock: Clock, ways: Ways) -> Post:
    """The post of one open register."""
    register, engine, writer = store.register, store.engine, store.writer
    outbox = Outbox(register, engine, store.sealer, store.index)
    aside = AsideList(register, engine, store.sealer, outbox)
    sent = Sent(register, engine, store.sealer)
    updates = Updates(register, engine, store.codec)
    posting = Posting(outbox, aside, sent, updates, ways.line, writer)
    pump = Pump(posting, ways.away, ways.chance, clock, may=ways.may)
    reports = Reports(letters, writer, clock, days=config.report_days)
    return Post(
        posting=posting,
        pump=pump,
        reports=reports,
        outgoing=Outgoing(outbox, aside, sent, updates, store.tally, writer, pump),
        reported=Reported(letters, reports, writer, ways.show),
        inbound=Inbound(register, writer, store.codec, store.sealer, sent=sent, reports=reports),
        forgetting=Forgetting(
            sent, letters, writer, clock, sent_days=config.sent_days, report_days=config.report_kept_days
        ),
    )
