"""What operators ask, made from the histories that a register was filled with: each question knows whom it must find."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from msgspec.structs import replace

from daemon.contract import codec
from daemon.contract.console import LOOKUP, SEARCH, Hit, Lookup, Match, Scope, Search
from daemon.register.dates import is_complete, number_of, parts
from daemon.register.effect import in_force, since
from daemon.register.names import GETA
from daemon.register.reasons import standing_of
from daemon.register.rows import HonninRow
from daemon.register.transitions import Standing
from daemon.rehearsal.dice import Dice
from daemon.rehearsal.history import Histories, History

CHUNKS = 40  # of the population, from which people are drawn

Asked = Search | Lookup


@dataclass(frozen=True)
class Question:
    """One request, and whom its answer must hold; None where it must be refused as too broad."""

    asked: Asked
    expected: HonninRow | None
    may_be_broad: bool = False
    """Whether in a large population more may fit than are shown: then a refusal is right too."""

    @property
    def path(self) -> str:
        """Where it goes."""
        return (LOOKUP if isinstance(self.asked, Lookup) else SEARCH).path

    def body(self, affair: str) -> bytes:
        """As it is sent, for an affair."""
        return codec.encode(replace(self.asked, affair=affair))

    def answered(self, hits: list[Hit]) -> bool:
        """Whether the one who was meant is among `hits`."""
        meant = self.expected
        return meant is not None and any(
            (hit.name, hit.birth, hit.address) == (meant.name, meant.birth, meant.address) for hit in hits
        )


Make = Callable[[History, date, Dice], Question | None]
"""From a history to a question about it, as of today; None where it gives none of this kind."""


def questions(kind: str, histories: Histories, today: date, count: int) -> list[Question]:
    """`count` questions of one kind about people from all over the population; fewer where it has too few."""
    make, found = KINDS[kind], list[Question]()
    dice = Dice("questions", kind)
    chunks = min(CHUNKS, histories.chunks)
    each = -(-count // chunks)
    for number in range(chunks):
        people = histories.chunk(number * histories.chunks // chunks)
        made = (question for history in people if (question := make(history, today, dice)))
        found += (question for _, question in zip(range(each), made, strict=False))
    return found[:count]


def _search(**terms: str | bool | Match | Scope) -> Search:
    return Search(**{"affair": "", "purpose": "測定", "application": "測定", **terms})  # type: ignore[arg-type]


def _lookup(**key: str) -> Lookup:
    return Lookup(affair="", purpose="測定", application="測定", **key)


def _resident(history: History, today: date) -> HonninRow | None:
    """Who they are today, if they live here and everything about them can be typed."""
    row = in_force(history, today)
    if not isinstance(row, HonninRow) or standing_of(row) is not Standing.PRESENT:
        return None
    return row if _plain(row) else None


def _plain(row: HonninRow) -> bool:
    return is_complete(row.birth) and GETA not in row.name + row.address and "（" not in row.name


def _code(history: History, today: date, _: Dice) -> Question | None:
    row = in_force(history, today)
    if not isinstance(row, HonninRow):
        return None
    return Question(_lookup(code=row.juminhyo_code), row)


def _number(history: History, today: date, _: Dice) -> Question | None:
    row = in_force(history, today)
    if row is not history[-1] or not isinstance(row, HonninRow) or not row.kojin_bango:
        return None
    return Question(_lookup(number=row.kojin_bango), row)


def _kana(history: History, today: date, _: Dice) -> Question | None:
    if (row := _resident(history, today)) is None:
        return None
    return Question(_search(kana=row.kana, kana_match=Match.WHOLE, birth=row.birth.code), row)


def _name(history: History, today: date, _: Dice) -> Question | None:
    if (row := _resident(history, today)) is None:
        return None
    return Question(_search(name=row.name, name_match=Match.WHOLE, birth=row.birth.code), row)


def _surname(history: History, today: date, _: Dice) -> Question | None:
    if (row := _resident(history, today)) is None:
        return None
    year = f"{parts(row.birth.code)[0]:04}"
    kana = row.kana.partition("　")[0]
    asked = _search(kana=kana, birth=year, municipality=row.municipality, sex=row.sex)
    # Somebody called み shares the beginning with half of a city.
    return Question(asked, row, may_be_broad=True)


def _address(history: History, today: date, _: Dice) -> Question | None:
    if (row := _resident(history, today)) is None:
        return None
    return Question(_search(address=row.address, sex=row.sex), row)


def _struck(history: History, today: date, _: Dice) -> Question | None:
    row = in_force(history, today)
    gone = isinstance(row, HonninRow) and standing_of(row) is not Standing.PRESENT and _plain(row)
    if not gone or not isinstance(row, HonninRow):
        return None
    terms = _search(kana=row.kana, kana_match=Match.WHOLE, birth=row.birth.code, scope=Scope.STRUCK)
    return Question(terms, row)


def _as_of(history: History, today: date, dice: Dice) -> Question | None:
    """Somebody as they were on a day of the past, when another version was in force than today."""
    day = dice.pick(history).received_on
    row = in_force(history, day)
    if row is in_force(history, today) or not isinstance(row, HonninRow) or not _plain(row):
        return None
    if standing_of(row) is not Standing.PRESENT or since(row) > number_of(day):
        return None
    terms = _search(kana=row.kana, kana_match=Match.WHOLE, birth=row.birth.code, as_of=f"{number_of(day):08}")
    return Question(terms, row)


def _former(history: History, today: date, _: Dice) -> Question | None:
    """Somebody by a name that they had before."""
    row = _resident(history, today)
    earlier = next((one for one in history if row and one.kana != row.kana and one.serial < row.serial), None)
    if row is None or earlier is None:
        return None
    terms = _search(kana=earlier.kana, kana_match=Match.WHOLE, birth=row.birth.code, former=True)
    return Question(terms, row)


def _broad(history: History, today: date, _: Dice) -> Question | None:
    if (row := _resident(history, today)) is None:
        return None
    return Question(_search(kana=row.kana[0], sex=row.sex), None)


def _mixed(history: History, today: date, _: Dice) -> Question | None:
    """Criteria each of which fits many, and together too."""
    if (row := _resident(history, today)) is None:
        return None
    decade = parts(row.birth.code)[0] // 10 * 10
    return Question(
        _search(
            kana=row.kana[0], birth=f"{decade}〜{min(decade + 9, today.year)}", municipality=row.municipality
        ),
        None,
    )


KINDS: dict[str, Make] = {
    "code": _code,
    "number": _number,
    "kana + birth": _kana,
    "name + birth": _name,
    "surname + year + municipality + sex": _surname,
    "address + sex": _address,
    "struck off": _struck,
    "as of a day": _as_of,
    "former name": _former,
    "too broad: kana": _broad,
    "too broad: mixed": _mixed,
}
LIMITS = {
    "code": 3.0,
    "number": 3.0,
    "kana + birth": 5.0,
    "name + birth": 5.0,
    "surname + year + municipality + sex": 30.0,
    "too broad: kana": 50.0,
    "too broad: mixed": 50.0,
}
"""Milliseconds that the 99th percentile may take."""
