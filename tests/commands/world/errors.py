"""What cities say that is wrong, and what they say anew."""

from collections.abc import Callable
from datetime import timedelta
from itertools import chain

from msgspec.structs import replace

from daemon.register.rows import HonninRecord
from tests.commands.world.cities import City
from tests.commands.world.lives import CITIES, Lives, a_day


def comes_about(lives: Lives, person: int, what: str, city: str) -> None:
    """One of `DEEDS` happens, or something is said that is wrong (`ERRORS`) or was said before (`ANEW`)."""
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
    other = {"reason": _OTHER.get(record.reason, record.reason)}
    changes = other if reason else {"event_date": a_day(lives.today - timedelta(days=1))}
    city.say(person, replace(record, **changes), seq=last.sender_seq, old=last.old_code)


_OTHER = {
    "31": "33", "33": "31", "32": "33", "11": "14", "12": "14", "14": "11", "21": "22", "22": "21", "24": "23", "34": "32",
    "35": "37", "41": "37",
}  # fmt: skip


def _too_much(lives: Lives, city: City, person: int, record: HonninRecord) -> None:
    moved = replace(record, reason="31", sex="2", **lives.somewhere(city.code))
    city.say(person, moved, seq=city.due(person))


def _nothing(_: Lives, city: City, person: int, record: HonninRecord) -> None:
    city.say(person, replace(record, reason="31"), seq=city.due(person))


def _taken(lives: Lives, city: City, person: int, record: HonninRecord) -> None:
    """The code of somebody, now or before."""
    others = [one for one in (*lives.now, *chain(*lives.trail)) if one.juminhyo_code != record.juminhyo_code]
    if others:
        changed = replace(record, reason="51", juminhyo_code=others[-1].juminhyo_code)
        city.say(person, changed, seq=city.due(person), old=record.juminhyo_code)


def _back(lives: Lives, city: City, person: int, record: HonninRecord) -> None:
    """The code that they had before; that is theirs no more."""
    before = [one.juminhyo_code for one in lives.trail[person] if one.juminhyo_code != record.juminhyo_code]
    if before:
        changed = replace(record, reason="51", juminhyo_code=before[-1])
        city.say(person, changed, seq=city.due(person), old=record.juminhyo_code)


def _outdated(lives: Lives, city: City, person: int, record: HonninRecord) -> None:
    """Under the first code that they had."""
    first = (lives.trail[person] or [record])[0].juminhyo_code
    moved = replace(record, reason="31", juminhyo_code=first, **lives.somewhere(city.code))
    city.say(person, moved, seq=city.due(person))


def _born_again(_: Lives, city: City, person: int, record: HonninRecord) -> None:
    city.say(person, replace(record, reason="13", kojin_bango=""), seq=city.due(person))


def _numbered(lives: Lives, city: City, person: int, record: HonninRecord) -> None:
    reason = "42" if record.kojin_bango else "41"
    city.say(person, replace(record, reason=reason, kojin_bango=lives.number()), seq=city.due(person))


def _household(_: Lives, city: City, person: int, record: HonninRecord) -> None:
    city.say(person, replace(record, reason="91"), seq=city.due(person))


def _broken(_: Lives, city: City, person: int, record: HonninRecord) -> None:
    code = record.juminhyo_code
    city.say(
        person, replace(record, juminhyo_code=code[:-1] + str((int(code[-1]) + 1) % 10)), seq=city.due(person)
    )


def _tomorrow(lives: Lives, city: City, person: int, record: HonninRecord) -> None:
    moved = replace(record, reason="31", **lives.somewhere(city.code))
    city.say(person, replace(moved, event_date=a_day(lives.today + timedelta(days=1))), seq=city.due(person))


def _not_theirs(lives: Lives, city: City, person: int, record: HonninRecord) -> None:
    """Another city moves somebody of this one; so does a city with what it says in another's name."""
    other = lives.cities[next(code for code in CITIES if code != city.code)]
    moved = replace(record, reason="31", **lives.somewhere(other.code))
    other.say(person, moved, seq=other.due(person))
    city.say(person, record, seq=city.due(person), record=moved)


def _past(lives: Lives, city: City, person: int, record: HonninRecord) -> None:
    moved = replace(record, reason="31", **lives.somewhere(city.code))
    city.say(person, moved, seq=max(1, city.due(person) - 2))


def _ahead(lives: Lives, city: City, person: int, record: HonninRecord) -> None:
    moved = replace(record, reason="31", **lives.somewhere(city.code))
    city.say(person, moved, seq=city.due(person) + 3)


def _unasked(lives: Lives, city: City, person: int, record: HonninRecord) -> None:
    moved = replace(record, reason="31", **lives.somewhere(city.code))
    city.say(person, moved, seq=city.due(person), old=record.juminhyo_code)


def _same_name(lives: Lives, city: City, person: int, record: HonninRecord) -> None:
    if city.said:
        moved = replace(record, reason="31", **lives.somewhere(city.code))
        city.say(person, moved, seq=city.due(person), id=city.said[-1].id)


_ERRORS: dict[str, Callable[[Lives, City, int, HonninRecord], None]] = {
    "too much": _too_much, "nothing": _nothing, "taken": _taken, "outdated": _outdated, "back": _back, "born again": _born_again,
    "numbered": _numbered, "household": _household, "broken": _broken, "tomorrow": _tomorrow, "not theirs": _not_theirs,
    "past": _past, "ahead": _ahead, "unasked": _unasked, "same name": _same_name,
}  # fmt: skip
ERRORS = tuple(_ERRORS)
ANEW = "reason", "day"
"""What is other when something is said once more."""
