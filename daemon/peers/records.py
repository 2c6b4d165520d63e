"""Every communication with peers is recorded (C9): each request by itself, connections and floods in bounded number.

A request that passes the limits has its entry before its answer. Handshakes, and what is refused because there is too much
of it, may come in any number: the first of a kind in a minute have entries, the rest one together, with the count.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.errors import JukuraError
from daemon.peers.bodies import Body
from daemon.peers.summary import Count, Key, Summary

log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between two looks at what is to be summed up

Write = Callable[[Act], Awaitable[None]]


@dataclass
class Request:
    """One request, as far as it is known."""

    actor: str
    address: str
    kind: str = "unknown"
    """The endpoint, as a count may be called."""
    items: int = 0
    """How many of its kind it held."""
    body: Body | None = None
    """Its size and its SHA-256 are told, as far as it came."""
    taken: bool = False
    """Whether it has its entry already."""

    def act(self, action: Action, code: str = "") -> Act:
        """Its entry; with a `code` it was refused."""
        digest = {"digest": self.body.digest} if self.body and self.body.size else {}
        return Act(
            action,
            self.actor,
            Outcome.REFUSED if code else Outcome.OK,
            code=code,
            counts={self.kind: self.items, "bytes": self.body.size if self.body else 0},
            sealed={"address": self.address, **digest},
        )


class Records:
    """Writes what one listener has to tell."""

    def __init__(self, write: Write, monotonic: Callable[[], float]) -> None:
        self._write = write
        self._monotonic = monotonic
        self._connections, self._refusals = Summary(), Summary()
        self._waiting: list[Act] = []
        """Bounded by what a summary lets through in a period."""
        self._more = asyncio.Event()

    async def taken(self, request: Request) -> None:
        """The entry of a request that was taken in."""
        request.taken = True
        await self._write(request.act(Action.PEER_RECEIVED))

    async def refused(self, request: Request, code: str) -> None:
        """The entry of a request that was refused, or a second one where it was taken in and then came to nothing."""
        await self._write(request.act(Action.PEER_REFUSED if request.taken else Action.PEER_RECEIVED, code))

    def too_much(self, actor: str, code: str, address: str) -> None:
        """A request was refused unread."""
        self._brief(self._refusals, Action.PEER_TURNED_AWAY, actor, code, address)

    def connected(self, actor: str, address: str) -> None:
        """A handshake was accepted."""
        self._brief(self._connections, Action.HANDSHAKE_ACCEPTED, actor, "", address)

    def not_connected(self, actor: str, code: str, address: str) -> None:
        """A handshake was refused, or a connection ended by us."""
        self._brief(self._connections, Action.HANDSHAKE_REFUSED, actor, code, address)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            try:
                async with asyncio.timeout(LOOK):
                    await self._more.wait()
            except TimeoutError:
                now = self._monotonic()
                self._sum_up(self._connections.due(now), self._refusals.due(now))
            await self._flush()

    async def close(self) -> None:
        """Write what is left."""
        now = self._monotonic()
        self._sum_up(self._connections.end(now), self._refusals.end(now))
        await self._flush()

    def _brief(self, summary: Summary, action: Action, actor: str, code: str, address: str) -> None:
        if not summary.take((actor, code), address):
            return
        if code:
            log.warning("peer turned away", extra={"code": code, "peer": address})
        outcome = Outcome.REFUSED if code else Outcome.OK
        self._waiting.append(Act(action, actor, outcome, code=code, sealed={"address": address}))
        self._more.set()

    def _sum_up(self, connections: dict[Key, Count], refusals: dict[Key, Count]) -> None:
        for (actor, code), count in connections.items():
            action = Action.HANDSHAKE_REFUSED if code else Action.HANDSHAKE_ACCEPTED
            self._waiting.append(_summed(action, actor, code, count))
        for (actor, code), count in refusals.items():
            self._waiting.append(_summed(Action.PEER_TURNED_AWAY, actor, code, count))

    async def _flush(self) -> None:
        self._more.clear()
        acts, self._waiting = self._waiting, []
        for act in acts:
            try:
                await self._write(act)
            except JukuraError as error:
                log.warning("peer not recorded", extra={"code": error.code, "kind": act.action})


def _summed(action: Action, actor: str, code: str, count: Count) -> Act:
    if code:
        log.warning("peers turned away", extra={"code": code, "count": count.times})
    outcome = Outcome.REFUSED if code else Outcome.OK
    sealed = {"addresses": dict(count.addresses)}
    return Act(action, actor, outcome, code=code, counts={"times": count.times}, sealed=sealed)
