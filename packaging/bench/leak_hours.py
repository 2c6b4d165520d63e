"""Hours in the life of a real register, with a thief who copies its files at the end of each.

People of the stage move house (異動事由 31), whoever is to move in that hour, or are searched for. What was merged,
committed or signed meanwhile is what the register does by itself; the thief sees the files alone.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from leak_files import INDEX, Place, changed, picture
from leak_guess import Hour
from stage import Stage

from daemon.contract.peer import Notice, Outcome
from daemon.rehearsal.dice import Dice
from daemon.rehearsal.life import Life
from daemon.rehearsal.lives import HOUSE

Belongs = Callable[[Life], bool]


def lives_in(municipality: str) -> Belongs:
    """Whether somebody lives in the municipality with this 5-digit code."""
    return lambda life: life.home.municipality == municipality


def called(surname: str) -> Belongs:
    """Whether somebody bears this surname."""
    return lambda life: life.person.family is not None and life.person.family.written == surname


def anybody(_: Life) -> bool:
    """Everyone belongs."""
    return True


class Hours:
    """Lets hours go by. Nobody moves twice before everybody of their kind has moved once."""

    def __init__(self, stage: Stage, folder: Path, dice: Dice) -> None:
        self._stage = stage
        self._folder = folder
        self._dice = dice
        lives = [Life.of(one) for one in stage.population.residents]
        order = sorted((dice.fraction(), number) for number in range(len(lives)))
        self._waiting = [lives[number] for _, number in order]
        self._moves = 0
        self._last = picture(folder)
        self.in_place = 0
        """Copies in which some pages of index.db differed and others did not."""

    def draw(self, belongs: Belongs, count: int = 1) -> list[Life]:
        """So many people who belong, those first who were not drawn for the longest time."""
        places: list[int] = []
        for place, life in enumerate(self._waiting):
            if len(places) == count:
                break
            if belongs(life):
                places.append(place)
        if len(places) < count:
            raise SystemExit("too few people for this question: give more --people")
        found = [self._waiting[place] for place in places]
        for place in reversed(places):
            del self._waiting[place]
        self._waiting += found
        return found

    async def hour(self, label: str, movers: Iterable[Life], searched: Sequence[Life] = ()) -> Hour:
        """One hour in which these people move and those are searched for, in an order by chance, and the copy after it."""
        ordered = [life for _, life in sorted(((self._dice.fraction(), life) for life in movers), key=_first)]
        for life in ordered:
            await self._move(life)
        for life in searched:
            await self._stage.search(life.person.number)
        return Hour(label, self.look(), len(ordered), len(searched))

    def look(self) -> frozenset[Place]:
        """What was written since the last copy, in a copy made now."""
        now = picture(self._folder, self._last)
        seen, self._last = changed(self._last, now), now
        self.in_place += 0 < sum(name == INDEX for name, _ in seen) < len(now[INDEX].marks)
        return seen

    async def _move(self, life: Life) -> None:
        places = self._stage.population.places
        home = places.home(self._dice, life.home.municipality)
        while home.address == life.home.address:
            home = places.home(self._dice, life.home.municipality)
        self._moves += 1
        day = max(self._stage.population.today, life.since)
        sending = life.move_house(f"H-{self._moves}", home, HOUSE, day)
        await self._send(sending.sender, sending.notice)

    async def _send(self, sender: str, notice: Notice) -> None:
        (verdict,) = await self._stage.parts.notices.receive(sender, [notice])
        if verdict.outcome is not Outcome.APPLIED:
            raise SystemExit(f"a notice was not applied: {verdict.code}")


def _first(pair: tuple[float, Life]) -> float:
    return pair[0]
