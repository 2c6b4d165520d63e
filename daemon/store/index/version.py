"""What the projection keeps of one version of a person, and on which days each of their versions is in force. Pure.

A version carries every name that its person was ever found by, and every 住民票コード: whoever asks for a former one finds the
version in force, without reading those before it. So each is projected with what is known of the one before (`Known`).
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from daemon.errors import IntegrityError
from daemon.register.dates import Span, number_of
from daemon.register.effect import FOREVER, since
from daemon.register.eras import ALL
from daemon.register.keys import keys_of
from daemon.register.reasons import standing_of
from daemon.register.transitions import Standing
from daemon.store.rows import OF_PERSON, Stored

ERA_STARTS = frozenset(era.first for era in ALL)


class Kind(IntEnum):
    """What a further key is: a name in kana, one as it is written, or a 住民票コード, which is always a former one."""

    KANA = 0
    NAME = 1
    CODE = 2


class Alias(NamedTuple):
    """A further key of a version: a 旧氏, a 通称, or a name or 住民票コード that an earlier version held."""

    kind: Kind
    key: str
    former: bool
    """Whether the version itself holds it no more."""


class Known(NamedTuple):
    """Every key that a person was ever found by."""

    kana: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


NOTHING = Known()


class Latest(NamedTuple):
    """A version of a person. `known` is there where it was asked for by code."""

    row: bytes
    person: bytes
    serial: int
    known: Known = NOTHING


class Version(NamedTuple):
    """The projection of one version, but for what depends on those after it."""

    row: bytes
    person: bytes
    serial: int
    code: str
    number: str
    standing: Standing
    since: int
    """The first day (YYYYMMDD) on which it counts."""
    told: int
    """The day on which the notice came."""
    kana: str
    name: str
    birth_min: int
    birth_max: int
    sex: str
    municipality: str
    town: str
    address: str
    aliases: tuple[Alias, ...] = ()


def projected(stored: Stored, before: Known | None = None) -> Version:
    """The projection of one version; `before` is what was known of its person. IntegrityError if its id is not one of that person."""
    if stored.id[:OF_PERSON] != stored.person[:OF_PERSON]:
        raise IntegrityError("store.altered")
    row, keys = stored.row, keys_of(stored.row)
    birth_min, birth_max = reaching(keys.birth)
    version = Version(
        stored.id,
        stored.person,
        row.serial,
        row.juminhyo_code,
        getattr(row, "kojin_bango", ""),
        standing_of(row),
        since(row),
        number_of(row.received_on),
        keys.kana[0],
        keys.names[0],
        birth_min,
        birth_max,
        keys.sex,
        keys.municipality,
        keys.town,
        keys.address,
    )
    if len(keys.kana) > 1 or len(keys.names) > 1:
        aliases = _aliases(Kind.KANA, keys.kana, former=False) + _aliases(Kind.NAME, keys.names, former=False)
        version = version._replace(aliases=aliases)
    return version if before is None else with_former(version, before)


def with_former(version: Version, before: Known) -> Version:
    """`version` with what was known of its person before it."""
    own = known_of(version)
    kana = [key for key in before.kana if key not in own.kana]
    names = [key for key in before.names if key not in own.names]
    codes = [key for key in before.codes if key not in own.codes]
    if not kana and not names and not codes:
        return version
    further = ((Kind.KANA, kana), (Kind.NAME, names), (Kind.CODE, codes))
    former = [alias for kind, keys in further for alias in _aliases(kind, ("", *keys), former=True)]
    return version._replace(aliases=(*version.aliases, *former))


def known_of(version: Version) -> Known:
    """What the next version of the person is projected with."""
    if not version.aliases:
        kana, name = version.kana, version.name
        return Known((kana,) if kana else (), (name,) if name else (), (version.code,))
    keys: dict[Kind, dict[str, None]] = {
        Kind.KANA: {version.kana: None},
        Kind.NAME: {version.name: None},
        Kind.CODE: {version.code: None},
    }
    for kind, key, _ in version.aliases:
        keys[Kind(kind)][key] = None
    return Known(*(tuple(key for key in keys[kind] if key) for kind in Kind))


def former_codes(version: Version) -> tuple[str, ...]:
    """The 住民票コード that the person had before, and has no more."""
    return tuple(key for kind, key, _ in version.aliases if kind == Kind.CODE)


def latest_of(version: Version) -> Latest:
    """Where it lies, with the names and codes known by it."""
    return Latest(version.row, version.person, version.serial, known_of(version))


def spans(versions: Sequence[Version]) -> list[tuple[int, bool]]:
    """`until` and `open` of all versions of one person, who are given by ascending serial.

    A version is in force until the first day of any after it. It is open where that day lies after the last notice: the
    newest always, and the one before it while a 転出 lies ahead.
    """
    told = max((version.told for version in versions), default=0)
    found, until = [], FOREVER
    for version in reversed(versions):
        found.append((until, until > told))
        until = min(until, version.since)
    return found[::-1]


def reaching(span: Span) -> Span:
    """`span`, begun earlier where it must be, so that `starts` of each of its days names its first day.

    That is so already of every form in which a register writes an unknown day.
    """
    first, last = span
    if first in (0, last) or first in ERA_STARTS:
        return span
    if first // 100 == last // 100 and first % 100 == 1:
        return span
    return (first // 10000 * 10000 + 101 if first // 10000 == last // 10000 else 0), last


def starts(day: int) -> tuple[int, ...]:
    """The first days of whatever span reaches `day` from before it: of its month, its year, an era, or of all time."""
    month, year = day // 100 * 100 + 1, day // 10000 * 10000 + 101
    return tuple(sorted(start for start in {0, month, year, *ERA_STARTS} if start < day))


def _aliases(kind: Kind, keys: Sequence[str], *, former: bool) -> tuple[Alias, ...]:
    """Of `keys` the further ones, since the first is the version's own."""
    further = dict.fromkeys(key for key in keys[1:] if key and key != keys[0])
    return tuple(Alias(kind, key, former) for key in further)
