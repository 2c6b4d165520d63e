"""How many people stand so on a day: what the file counts, and what the memory changes about it.

For each person in memory the difference is worked out once, from what the file holds of them, and kept until they change again
or the file does. So a count costs what is new since the last one, not what is in memory. Where more is new all the time than can be
worked out, whoever asked hears what is known after a while.
"""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from math import inf

from daemon.register.effect import FOREVER
from daemon.register.transitions import Standing
from daemon.store.index import reading
from daemon.store.index.reading import Census, Moment
from daemon.store.index.recent import Recent
from daemon.store.index.schema import STANDINGS
from daemon.store.pages import Pages

Steps = dict[tuple[int, int], int]
"""By standing and day: how many begin to stand so, less how many end to."""

AT_ONCE = 500  # people in one question


class Counting:
    """Counts people of a file and of the memory beside it."""

    def __init__(self, pages: Pages, recent: Recent) -> None:
        self._pages = pages
        self._recent = recent
        self._turn = asyncio.Lock()
        self._file: tuple[int, int] | None = None
        """The state of the file that the differences are held against."""
        self._people: dict[bytes, Steps] = {}
        self._sums: Steps = {}

    async def count(self, standings: Sequence[Standing], on: int, *, patience: float = inf) -> int:
        """How many people stand so on a day (YYYYMMDD).

        After `patience` seconds some of those who are in memory may still count as the file has them.
        """
        wanted = {STANDINGS[standing] for standing in standings}
        loop = asyncio.get_running_loop()
        async with self._turn:
            end = loop.time() + patience
            while True:
                people, rows = self._recent.due.some(AT_ONCE)
                ask = partial(reading.census, standings=sorted(wanted), on=on, people=people, removed=rows)
                census = await self._pages.read(ask, apart=True)
                if census.file != self._file:
                    self._begin(census.file)
                else:
                    self._recent.due.done(people, rows)
                    self._hold(people, census)
                if not self._recent.due or loop.time() >= end:
                    break
            return census.people + sum(
                n for (standing, day), n in self._sums.items() if standing in wanted and day <= on
            )

    def _begin(self, file: tuple[int, int]) -> None:
        """The file is another than before."""
        self._file = file
        self._people, self._sums = {}, {}
        self._recent.all_due()

    def _hold(self, people: Iterable[bytes], census: Census) -> None:
        mark = self._recent.mark()
        for person in {*people, *census.lives}:
            held = census.lives.get(person, [])
            now = [each for each in held if not self._recent.removed(mark, each.row)]
            now += [
                Moment(v.row, v.serial, v.since, STANDINGS[v.standing]) for v in self._recent.of(mark, person)
            ]
            self._add(self._people.pop(person, {}), -1)
            change = _less(steps(now), steps(held))
            if change:
                self._people[person] = change
                self._add(change, 1)

    def _add(self, change: Steps, times: int) -> None:
        for key, n in change.items():
            self._sums[key] = self._sums.get(key, 0) + times * n


def steps(moments: Iterable[Moment]) -> Steps:
    """Of the versions of one person: on which days they begin and end to stand how."""
    found: Steps = {}
    until = FOREVER
    for each in sorted(moments, key=lambda moment: moment.serial, reverse=True):
        if each.since < until:
            for day, n in ((each.since, 1), (until, -1)):
                if day < FOREVER:
                    found[each.standing, day] = found.get((each.standing, day), 0) + n
            until = each.since
    return found


def _less(one: Steps, other: Steps) -> Steps:
    differences = {key: one.get(key, 0) - other.get(key, 0) for key in one.keys() | other.keys()}
    return {key: n for key, n in differences.items() if n}
