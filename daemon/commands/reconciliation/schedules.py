"""Whose comparison is due, and what the last ones came to: for the console, and for the alarm in the status."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from daemon.clock import Clock, day_of
from daemon.commands.caller import Caller, Right
from daemon.commands.reconciliation.municipality import of_register
from daemon.commands.reconciliation.reconciliations import Reconciliations
from daemon.commands.reconciliation.runs import Named, Past
from daemon.config import Reconciling
from daemon.contract.endpoint import Empty, Endpoint
from daemon.contract.reconciled import (
    RECONCILIATION,
    RECONCILIATIONS,
    RunFigures,
    Schedule,
    ScheduleQuery,
    Schedules,
)


class Timetable:
    """The municipalities' schedules."""

    def __init__(
        self,
        reconciliations: Reconciliations,
        settings: Reconciling,
        municipalities: Sequence[str],
        clock: Clock,
    ) -> None:
        self._reconciliations = reconciliations
        self._settings = settings
        self._municipalities = sorted(municipalities)
        self._clock = clock
        self.handlers: Mapping[Endpoint, Callable[[Caller, Any], Awaitable[Any]]] = {
            RECONCILIATIONS: self.listed,
            RECONCILIATION: self.shown,
        }

    async def listed(self, caller: Caller, _: Empty) -> Schedules:
        """Every municipality's."""
        caller.require(Right.RECONCILIATIONS_SEE)
        await self._reconciliations.running.resumed()
        return Schedules([await self._schedule(each) for each in self._municipalities])

    async def shown(self, caller: Caller, asked: ScheduleQuery) -> Schedule:
        """One municipality's; InputError where it is none of this register's."""
        caller.require(Right.RECONCILIATIONS_SEE)
        municipality = of_register(asked.municipality, self._municipalities)
        await self._reconciliations.running.resumed()
        return await self._schedule(municipality)

    def overdue(self) -> list[str]:
        """The municipalities whose comparison is overdue today."""
        today = day_of(self._clock.now())
        past = self._reconciliations.running.past
        return [each for each in self._municipalities if each in past and self._due(each, past[each]) < today]

    async def _schedule(self, municipality: str) -> Schedule:
        past = self._reconciliations.running.past[municipality]
        due = self._due(municipality, past)
        newest, done = await self._reconciliations.running.known(municipality)
        return Schedule(
            municipality=municipality,
            days=self._days(municipality),
            last=past.done_on,
            due=due,
            overdue=due < day_of(self._clock.now()),
            newest=_figures(newest),
            done=_figures(done),
        )

    def _due(self, municipality: str, past: Past) -> date:
        return (past.done_on or past.known) + timedelta(days=self._days(municipality))

    def _days(self, municipality: str) -> int:
        return self._settings.municipalities.get(municipality, self._settings.days)


def _figures(found: Named | None) -> RunFigures | None:
    if found is None:
        return None
    name, run = found
    return RunFigures(
        run=name.hex(),
        mode=run.mode,
        phase=run.phase,
        begun=run.begun,
        ended=run.ended,
        code=run.code,
        expected=run.expected,
        received=run.received,
        counts=run.counts,
        items=run.items,
        traffic=run.traffic,
    )
