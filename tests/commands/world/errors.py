"""What cities say that is wrong, and what they say anew."""

from collections.abc import Callable
from datetime import timedelta
from itertools import chain
from typing import Any

from msgspec.structs import replace

from tests.commands.world.cities import City
from tests.commands.world.fuhyo_rules import ABROAD
from tests.commands.world.honnin_lives import HonninLives
from tests.commands.world.lives import CITIES, Lives, a_day
from tests.commands.world.people import old_code


def comes_about(lives: Lives, person: int, what: str, city: str) -> None:
    """A deed of the register's lives happens, or something is said that is wrong or was said before (`ANEW`)."""
    if what in _ERRORS:
        _errs(lives, person, what)
    elif what in ANEW:
        _anew(lives, person, reason=what == "reason")
    else:
        lives.happens(person, what, city)


def _errs(lives: Lives, person: int, how: str) -> None:
    """A city says what is not so, under the count of what it will say next."""
    record = replace(lives.now[person], event_date=a_day(lives.today))
    _ERRORS[how](lives, lives.cities[record.municipality], person, record)


def _anew(lives: Lives, person: int, *, reason: bool) -> None:
    """The city that said something last says it once more, with another reason or another day (標準仕様書 j1090)."""
    city = lives.cities[lives.now[person].municipality]
    told = [one for one in city.said if city.owner[one] == (person, True)]
    if not told:
        return
    record, last = told[-1].record, told[-1]
    why = getattr(record, lives.reason)
    other = {lives.reason: _OTHER.get(why, why)}
    changes = other if reason else {"event_date": a_day(lives.today - timedelta(days=1))}
    city.say(person, replace(record, **changes), seq=last.sender_seq, old=old_code(last))


_OTHER = {
    "31": "33", "33": "31", "32": "33", "11": "14", "12": "14", "14": "11", "21": "22", "22": "21", "24": "23", "34": "32",
    "35": "37", "41": "37", "38": "31", "1": "3", "2": "3", "3": "4",
}  # fmt: skip


def _says(city: City, person: int, stated: Any, **other: Any) -> None:
    city.say(person, stated, **({"seq": city.due(person)} | other))


def _too_much(lives: Lives, city: City, person: int, record: Any) -> None:
    _says(city, person, replace(lives.moved(record), sex="2"))


def _nothing(lives: Lives, city: City, person: int, record: Any) -> None:
    _says(city, person, replace(record, **{lives.reason: lives.move}))


def _taken(lives: Lives, city: City, person: int, record: Any) -> None:
    """The code of somebody, now or before."""
    others = [one for one in (*lives.now, *chain(*lives.trail)) if one.juminhyo_code != record.juminhyo_code]
    if others:
        changed = lives.renamed(record, others[-1].juminhyo_code)
        _says(city, person, changed, old=record.juminhyo_code)


def _back(lives: Lives, city: City, person: int, record: Any) -> None:
    """The code that they had before; that is theirs no more."""
    before = [one.juminhyo_code for one in lives.trail[person] if one.juminhyo_code != record.juminhyo_code]
    if before:
        _says(city, person, lives.renamed(record, before[-1]), old=record.juminhyo_code)


def _outdated(lives: Lives, city: City, person: int, record: Any) -> None:
    """Under the first code that they had."""
    first = (lives.trail[person] or [record])[0].juminhyo_code
    _says(city, person, replace(lives.moved(record), juminhyo_code=first))


def _misnamed(lives: Lives, city: City, person: int, record: Any) -> None:
    """A new code in place of one that they do not have."""
    other = lives.code()
    _says(city, person, lives.renamed(record, lives.code()), old=other)


def _born_again(_: HonninLives, city: City, person: int, record: Any) -> None:
    _says(city, person, replace(record, reason="13", kojin_bango=""))


def _numbered(lives: HonninLives, city: City, person: int, record: Any) -> None:
    reason = "42" if record.kojin_bango else "41"
    _says(city, person, replace(record, reason=reason, kojin_bango=lives.number()))


def _household(_: HonninLives, city: City, person: int, record: Any) -> None:
    _says(city, person, replace(record, reason="91"))


def _on_another_day(lives: HonninLives, city: City, person: int, record: Any) -> None:
    """The city that got where they are says so of the day before."""
    for old, new, day in lives.announced:
        if old == city.code:
            there = {"event_date": a_day(day - timedelta(days=1)), **lives.somewhere(new)}
            _says(lives.cities[new], person, replace(record, reason="38", **there))


def _written_again(_: Lives, city: City, person: int, record: Any) -> None:
    _says(city, person, replace(record, notice_kind="1", sex="9"))


def _struck_as_another(_: Lives, city: City, person: int, record: Any) -> None:
    _says(city, person, replace(record, notice_kind="2", name="別人"))


def _half_abroad(_: Lives, city: City, person: int, record: Any) -> None:
    _says(city, person, replace(record, notice_kind="3", address=ABROAD, sex="9"))


def _broken(_: Lives, city: City, person: int, record: Any) -> None:
    code = record.juminhyo_code
    _says(city, person, replace(record, juminhyo_code=code[:-1] + str((int(code[-1]) + 1) % 10)))


def _tomorrow(lives: Lives, city: City, person: int, record: Any) -> None:
    _says(city, person, replace(lives.moved(record), event_date=a_day(lives.today + timedelta(days=1))))


def _not_theirs(lives: Lives, city: City, person: int, record: Any) -> None:
    """Another city moves somebody of this one; so does a city with what it says in another's name."""
    other = lives.cities[next(code for code in CITIES if code != city.code)]
    moved = lives.moved(replace(record, municipality=other.code))
    _says(other, person, moved)
    _says(city, person, record, record=moved)


def _past(lives: Lives, city: City, person: int, record: Any) -> None:
    _says(city, person, lives.moved(record), seq=max(1, city.due(person) - 2))


def _ahead(lives: Lives, city: City, person: int, record: Any) -> None:
    _says(city, person, lives.moved(record), seq=city.due(person) + 3)


def _unasked(lives: Lives, city: City, person: int, record: Any) -> None:
    """With a code of before, which that one does not name; also ahead of its turn, when its form alone is looked at."""
    for ahead in (0, 3):
        _says(city, person, lives.moved(record), old=record.juminhyo_code, seq=city.due(person) + ahead)


def _same_name(lives: Lives, city: City, person: int, record: Any) -> None:
    if city.said:
        _says(city, person, lives.moved(record), id=city.said[-1].id)


_Error = Callable[[Any, City, int, Any], None]
_ANYWHERE: dict[str, _Error] = {
    "nothing": _nothing, "taken": _taken, "outdated": _outdated, "back": _back, "misnamed": _misnamed, "broken": _broken,
    "tomorrow": _tomorrow, "not theirs": _not_theirs, "past": _past, "ahead": _ahead, "unasked": _unasked, "same name": _same_name,
}  # fmt: skip
_HONNIN: dict[str, _Error] = {
    "too much": _too_much, "born again": _born_again, "numbered anew": _numbered, "household": _household,
    "on another day": _on_another_day,
}  # fmt: skip
_FUHYO: dict[str, _Error] = {
    "written again": _written_again, "struck as another": _struck_as_another, "half abroad": _half_abroad,
}  # fmt: skip
_ERRORS = _ANYWHERE | _HONNIN | _FUHYO
ERRORS, FUHYO_ERRORS = (*_ANYWHERE, *_HONNIN), (*_ANYWHERE, *_FUHYO)
"""What a city can say to each register that is wrong."""
ANEW = "reason", "day"
"""What is other when something is said once more."""
