"""日報: what one day's log comes to, for whoever prints it and puts it by."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from daemon.audit import days
from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.checkpoints import Signed
from daemon.audit.days import Day
from daemon.audit.entry import Outcome
from daemon.audit.journal import sequence
from daemon.clock import JST, Clock, day_of, hour_of
from daemon.commands.caller import Caller, Right
from daemon.commands.reading.seal_keys import SealKeyList
from daemon.contract.daily import LOG_DAY, DailyReport, DayFigure, DayQuery, HourCheckpoint
from daemon.contract.endpoint import Endpoint
from daemon.contract.note import Checkpoint
from daemon.contract.witnessing import WitnessState
from daemon.errors import InputError, JukuraError
from daemon.register.rows import Register
from daemon.store.engine import Engine, Table
from daemon.store.writer import Writer

PAGE = 500  # checkpoints in one read

Hours = dict[datetime, Signed]
"""The last checkpoint by the hour in which it was signed."""


@dataclass(frozen=True)
class DailyReports:
    """Those of one register."""

    register: Register
    engine: Engine
    writer: Writer
    keys: SealKeyList
    clock: Clock
    witnesses: Callable[[], list[WitnessState]]

    @property
    def handlers(self) -> Mapping[Endpoint, Callable[[Caller, Any], Awaitable[Any]]]:
        """The use case by endpoint."""
        return {LOG_DAY: self.report}

    async def report(self, caller: Caller, asked: DayQuery) -> DailyReport:
        """The day that was asked for. Refused for one that has not begun."""
        now = self.clock.now()
        day = asked.day or day_of(now)
        try:
            caller.require(Right.LOG_DAY)
            if day > day_of(now):
                raise InputError("log.day_ahead", field="day")
        except JukuraError as error:
            await self._log(caller, Action.LOG_VIEW_REFUSED, Outcome.REFUSED, code=error.code)
            raise
        made = await self._made(day, now)
        counts = {"day": int(f"{day:%Y%m%d}"), "checkpoints": len(made.checkpoints)}
        await self._log(caller, Action.LOG_DAY_SHOWN, Outcome.OK, counts=counts)
        return made

    async def _made(self, day: date, now: datetime) -> DailyReport:
        found = await days.days(self.engine, day, day)
        lies = found[0] if found else None
        hours = await self._hours(day, await self._begin(day, lies))
        return DailyReport(
            register=self.register,
            day=day,
            made=now,
            first=lies.first if lies else 0,
            end=lies.end if lies else 0,
            figures=[
                DayFigure(action=action, ok=ok, refused=refused, failed=failed)
                for action, (ok, refused, failed) in sorted((lies.figures if lies else {}).items())
            ],
            checkpoints=[_line(each) for each in hours],
            note=hours[-1].note if hours else "",
            keys=await self.keys.all(),
            witnesses=self.witnesses(),
        )

    async def _begin(self, day: date, lies: Day | None) -> int:
        """A size that no checkpoint of the day lies below: with nothing written on it, that of the days before."""
        if lies is not None:
            return lies.first
        before = await days.newest_before(self.engine, day)
        return before.end if before else 0

    async def _hours(self, day: date, size: int) -> list[Signed]:
        """The last checkpoint of each hour of the day, the oldest first; sizes grow as hours do."""
        begin = datetime.combine(day, time(), JST)
        over = begin + timedelta(days=1)
        hours: Hours = {}
        first = sequence(size)
        while page := await self.engine.apart.scan(Table.CHECKPOINTS, first=first, limit=PAGE):
            for key, value in page:
                signed = Signed.of(key, value)
                at = signed.signed_at
                if at is not None and at >= over:
                    return list(hours.values())
                if at is not None and at >= begin:
                    hours[hour_of(at)] = signed
            first = page[-1][0] + b"\x00"
        return list(hours.values())

    async def _log(
        self,
        caller: Caller,
        action: Action,
        outcome: Outcome,
        *,
        code: str = "",
        counts: Mapping[str, int] | None = None,
    ) -> None:
        act = Act(
            action,
            f"operator:{caller.operator}",
            outcome,
            terminal=caller.terminal,
            code=code,
            counts=dict(counts or {}),
        )
        await self.writer.log(act)


def _line(signed: Signed) -> HourCheckpoint:
    checkpoint = Checkpoint.parse(signed.text)
    root = b64encode(checkpoint.root).decode("ascii")
    return HourCheckpoint(signed=checkpoint.signed_at, size=signed.size, root=root)
