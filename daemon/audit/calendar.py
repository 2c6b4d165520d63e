"""Keeps the figures of the day and of the month with every commit (`daemon.audit.days`)."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from daemon.audit.days import (
    Day,
    Figures,
    counted,
    day_in,
    figures_in,
    gone,
    key_of_day,
    key_of_month,
    with_entries,
)
from daemon.audit.entry import Header
from daemon.clock import day_of
from daemon.store.draft import Group
from daemon.store.engine import Engine, Table


class _Today(NamedTuple):
    key: bytes = b""
    day: Day | None = None


class Calendar:
    """The last day and month as they are committed, and as the open group would make them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._day = self._next_day = _Today()
        self._month: tuple[bytes, Figures] = (b"", {})
        self._next_month = self._month

    async def put(self, group: Group, headers: Sequence[Header]) -> None:
        """The group's entries count in its day and its month."""
        today = day_of(group.now)
        day, month = key_of_day(today), key_of_month(today)
        if (day, month) != (self._day.key, self._month[0]):
            held = await self._engine.own.get_many(Table.META, [day, month])
            self._day, self._month = _Today(day, day_in(held, day)), (month, figures_in(held, month))
        self._next_day = _Today(day, with_entries(self._day.day, headers))
        self._next_month = month, counted(self._month[1], headers)
        for key, value in (self._next_day, self._next_month):
            group.put(Table.META, key, msgspec.msgpack.encode(value))

    async def purge(self, group: Group, floor: int) -> None:
        """Days all of whose entries lie below `floor` go; their months stay."""
        for key in await gone(self._engine.own, floor):
            group.put(Table.META, key, None)
            if key == self._day.key:
                self._day = self._next_day = _Today()

    def commit(self) -> None:
        self._day, self._month = self._next_day, self._next_month

    def rollback(self) -> None:
        self._next_day, self._next_month = self._day, self._month
