"""The names of keys: what kind each is, when the law ends it, and which dated ones may be made now. Pure.

Days are Japanese ones. The dates are those of the design's table of classes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from daemon.clock import JST, day_of, fiscal_year
from hsm.protocol import CLASS

OPERATIONAL = frozenset({"live", "store", "index", "backup", "secret"})
DATED = frozenset({"expire", "log", "case", "work", "transit"})
HOLD = "hold"
PAIRS = frozenset({"seal", "form"})
SEAL = "seal"

_LAWFUL = DATED | {HOLD}
_KEPT_YEARS = 8
"""A fiscal year's records are kept 7 years from their day: the year's last ones until this many years on."""
_EXPIRE_AHEAD = 152  # years: 150 of keeping, the 60 days that keys are made ahead, and slack
_BEFORE = timedelta(days=60)
_AHEAD = timedelta(days=120)
"""The register wants keys 60 days ahead; as much again is slack, for a record of the clock that was held back."""
_TRANSIT = timedelta(days=4)


def kind(name: str) -> str:
    """`live.3` is of the kind `live`."""
    return name.partition(".")[0]


def number(name: str) -> int:
    """The generation of a numbered name: 3 of `live.3`."""
    return int(name.partition(".")[2])


def numbered(of: str) -> bool:
    """Whether names of this kind count generations rather than dates."""
    return of not in DATED


def lawful(name: str) -> bool:
    """Whether the law sets the end of this key, and no drill or backup can move it."""
    return kind(name) in _LAWFUL


def is_pair(name: str) -> bool:
    """Whether `name` is a key pair rather than a data key."""
    return kind(name) in PAIRS


def sound(name: str) -> bool:
    """Whether such a key can exist: of the table's form, with a date that there is."""
    if not CLASS.fullmatch(name):
        return False
    try:
        ends(name)
    except (ValueError, OverflowError):
        return False
    return True


def newest(of: str, among: Iterable[str]) -> int:
    """The highest generation of a kind; 0 where there is none."""
    return max((number(name) for name in among if kind(name) == of), default=0)


def ends(name: str) -> datetime | None:
    """From when a dated key may be destroyed; None for any other. ValueError where its date is none."""
    reader = _ENDS.get(kind(name))
    return reader(name.partition(".")[2]) if reader else None


def in_window(name: str, now: datetime) -> bool:
    """Whether a dated name is near enough to `now` that the register can have a use for it."""
    span = _SPANS[kind(name)]
    return span.first(now) <= name.partition(".")[2] <= span.last(now)


def _year_over(year: str) -> datetime:
    return datetime(int(year) + 1, 1, 1, tzinfo=JST)


def _records_over(year: str) -> datetime:
    return datetime(int(year) + _KEPT_YEARS, 4, 1, tzinfo=JST)


def _month_after_next(month: str) -> datetime:
    year, index = int(month[:4]), int(month[5:]) + 1
    return datetime(year + index // 12, index % 12 + 1, 1, tzinfo=JST)


def _hour_over(hour: str) -> datetime:
    return datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=JST) + timedelta(hours=1)


_ENDS: Mapping[str, Callable[[str], datetime]] = {
    "expire": _year_over,
    "log": _records_over,
    "case": _records_over,
    "work": _month_after_next,
    "transit": _hour_over,
}


@dataclass(frozen=True)
class _Span:
    """The earliest and latest date, as it stands in a name: of fixed width, so that text compares as time does."""

    first: Callable[[datetime], str]
    last: Callable[[datetime], str]


def _fiscal(moment: datetime) -> str:
    return f"{fiscal_year(day_of(moment)):04}"


def _month(moment: datetime) -> str:
    return f"{day_of(moment):%Y-%m}"


def _hour(moment: datetime) -> str:
    return f"{moment.astimezone(JST):%Y-%m-%dT%H}"


_RECORDS = _Span(lambda now: _fiscal(now - _BEFORE), lambda now: _fiscal(now + _AHEAD))
_SPANS: Mapping[str, _Span] = {
    "expire": _Span(
        lambda now: f"{day_of(now - _BEFORE).year:04}", lambda now: f"{day_of(now).year + _EXPIRE_AHEAD:04}"
    ),
    "log": _RECORDS,
    "case": _RECORDS,
    "work": _Span(lambda now: _month(now - _BEFORE), lambda now: _month(now + _AHEAD)),
    "transit": _Span(lambda now: _hour(now - _TRANSIT), lambda now: _hour(now + _TRANSIT)),
}
