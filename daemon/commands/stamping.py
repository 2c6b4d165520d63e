"""A duty of its own: every so many hours the newest checkpoint is time-stamped by an authority outside (RFC 3161).

The authority's absence is a state: it is tried again, longer each time and with jitter, and nothing else waits for it. Only a reply
that was verified is kept, beside its checkpoint, in one commit with its entry in the log.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cryptography.x509 import Certificate
from msgspec.structs import replace

from daemon.audit import checkpoints
from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.checkpoints import Signed
from daemon.audit.entry import Outcome
from daemon.audit.journal import sequence
from daemon.audit.stamp import Question, UnfitError, question, stated, verified
from daemon.clock import Clock, day_of, hour_of
from daemon.contract.timestamps import TimestampState
from daemon.errors import JukuraError
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.writer import Writer

log = logging.getLogger(__name__)

LOOK = 15.0  # seconds between looks at whether a stamp is due
FIRST_WAIT = 15.0  # seconds after the first failure
LONGEST_WAIT = 3600.0


@dataclass(frozen=True)
class Authority:
    """Who is asked."""

    host: str
    ask: Callable[[bytes], Awaitable[bytes]]
    """Gives a TimeStampReq, takes the TimeStampResp, within a deadline; StateError where there is none."""
    trusted: Callable[[], Sequence[Certificate]]
    """Reads who signs the authority's certificate; StateError where the file cannot be used."""
    hours: int
    overdue: timedelta


class Stamping:
    """Does the duty for one register."""

    def __init__(
        self, engine: Engine, writer: Writer, clock: Clock, authority: Authority, chance: Callable[[], float]
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._clock = clock
        self._authority = authority
        self._chance = chance
        self._since = clock.now()
        """The last stamp's time; where there is none, since when there is something to stamp."""
        self._state = TimestampState(authority=authority.host, hours=authority.hours)
        self._again = clock.monotonic()
        """Not tried before then."""
        self._told: dict[str, date] = {}
        """On which day the log was last told of each failure."""

    async def load(self) -> None:
        """Read what was kept."""
        last = await self._engine.scan(Table.TIMESTAMPS, limit=1, reverse=True)
        if last:
            try:
                self._kept(int.from_bytes(last[0][0], "big"), stated(last[0][1]))
            except UnfitError as error:
                log.error("a kept time-stamp cannot be read", extra={"code": error.code})  # noqa: TRY400
        elif (first := await checkpoints.oldest(self._engine)) is not None:
            self._since = first.signed_at or self._since

    def state(self) -> TimestampState:
        """How it stands now."""
        return replace(self._state, overdue=self.overdue)

    @property
    def overdue(self) -> bool:
        """Whether the last stamp is too old."""
        return self._clock.now() - self._since > self._authority.overdue

    async def run(self) -> None:
        """Do the duty until cancelled."""
        while True:
            try:
                await self.look()
            except JukuraError as error:
                log.warning("no time-stamp", extra={"code": error.code})
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        """Have the newest checkpoint stamped, if one is due and may be tried now."""
        if not self._due(self._clock.now()) or self._clock.monotonic() < self._again:
            return
        newest = await checkpoints.newest(self._engine)
        if newest is None or newest.size == self._state.size:
            return
        asked = question(newest.text)
        try:
            reply = await self._authority.ask(asked.query)
            at = await asyncio.to_thread(self._verify, reply, asked, self._clock.now())
            await self._keep(newest, asked, reply, at)
        except JukuraError as error:
            await self._failed(newest, error)

    def _due(self, now: datetime) -> bool:
        last = self._state.last
        return last is None or hour_of(now) - hour_of(last) >= timedelta(hours=self._authority.hours)

    def _verify(self, reply: bytes, asked: Question, now: datetime) -> datetime:
        return verified(reply, asked, self._authority.trusted(), now)

    async def _keep(self, newest: Signed, asked: Question, reply: bytes, at: datetime) -> None:
        key = sequence(newest.size)

        async def work(draft: Draft) -> bool:
            held = await draft.get_many(Table.CHECKPOINTS, [key])
            # Signed anew meanwhile: then the stamp is about a text that is no more, and the next look asks again.
            if key not in held or Signed.of(key, held[key]).text != asked.text:
                return False
            draft.put(Table.TIMESTAMPS, key, reply)
            draft.log(Act(Action.TIMESTAMP_KEPT, "jukurad", counts={"size": newest.size}))
            return True

        if await self._writer.write(work):
            self._kept(newest.size, at)

    def _kept(self, size: int, at: datetime) -> None:
        self._since = at
        self._state = TimestampState(
            authority=self._authority.host, hours=self._authority.hours, last=at, size=size
        )

    async def _failed(self, newest: Signed, error: JukuraError) -> None:
        failures = self._state.failures + 1
        pause, now = wait(failures, self._chance()), self._clock.now()
        self._again = self._clock.monotonic() + pause
        self._state = replace(
            self._state, code=error.code, failures=failures, next_try=now + timedelta(seconds=pause)
        )
        log.warning("not time-stamped", extra={"code": error.code, "attempt": failures, "seconds": pause})
        if self._told.get(error.code) == day_of(now):
            return
        self._told[error.code] = day_of(now)
        outcome = Outcome.REFUSED if isinstance(error, UnfitError) else Outcome.FAILED
        counts = {"size": newest.size}
        await self._writer.log(
            Act(Action.TIMESTAMP_FAILED, "jukurad", outcome, code=error.code, counts=counts)
        )


def wait(failures: int, chance: float) -> float:
    """Seconds to wait after that many failures in a row, spread by `chance` (0 to 1) so that servers do not march in step."""
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures - 1, 20))
    return longest / 2 + longest / 2 * chance
