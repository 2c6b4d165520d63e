"""What a search asks, folded; the projection turns it into SQL, and whoever answers holds it against the opened row.

A person has one version in force on each day (`daemon.register.effect`). A search names a day, and finds people by the
version in force on it: how they stand, their names, birth, sex and address *then*. With `former` a name that an earlier
version held counts too; everything else is still asked of the version in force.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from daemon.register.dates import Span
from daemon.register.transitions import Standing


@dataclass(frozen=True)
class Named:
    """A name that is looked for, as search keys: any of `keys`, each whole or as a beginning."""

    keys: tuple[str, ...]
    whole: bool = False

    def fits(self, held: Iterable[str]) -> bool:
        """Whether any of the `held` keys is one of those looked for, or begins with one."""
        return any(key in self.keys if self.whole else key.startswith(self.keys) for key in held)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A search. Every criterion that is given must fit; one that is empty or None asks nothing."""

    on: int
    """The day (YYYYMMDD) as of which people stand so: today, or a day of the past."""
    standings: tuple[Standing, ...]
    """How they stand then; any of these."""
    kana: Named | None = None
    name: Named | None = None
    """In kanji, Latin letters or whatever the name is written in."""
    former: bool = False
    """Names of earlier versions count too."""
    birth: Span | None = None
    """Days that a birth date may mean; the row's own span must overlap it."""
    sex: str = ""
    municipality: str = ""
    """5 digits."""
    town: str = ""
    """大字 (3 digits), or 大字 and 小字 (6)."""
    address: str = ""
    """How the address after the municipality's name begins, as a key."""


class Keys(Struct, frozen=True):
    """What one version can be found by. Each tuple begins with the key of the name itself."""

    kana: tuple[str, ...]
    names: tuple[str, ...]
    birth: Span
    sex: str
    municipality: str
    town: str
    address: str


def fits(keys: Keys, wanted: Wanted, earlier: Iterable[Keys] = ()) -> bool:
    """Whether the version in force, with these `keys`, is what is `wanted`, but for standing and day.

    `earlier` are the keys of the versions before it; they matter where `wanted.former`.
    """
    kana, names = list(keys.kana), list(keys.names)
    if wanted.former:
        for before in earlier:
            kana += before.kana
            names += before.names
    return (
        (wanted.kana is None or wanted.kana.fits(kana))
        and (wanted.name is None or wanted.name.fits(names))
        and (wanted.birth is None or _overlap(keys.birth, wanted.birth))
        and wanted.sex in ("", keys.sex)
        and wanted.municipality in ("", keys.municipality)
        and keys.town.startswith(wanted.town)
        and keys.address.startswith(wanted.address)
    )


class By(StrEnum):
    """By what somebody was found: by which of their names, the plainest first, or by a 住民票コード that is not theirs now."""

    NAME = "name"
    """The name itself, or no name was asked."""
    OTHER = "other"
    """A 旧氏, a 通称, or a part of a foreigner's name."""
    EARLIER = "earlier"
    """One that an earlier version had."""
    FORMER_CODE = "former_code"
    """A 住民票コード that the version in force does not have."""


_PLAINEST = tuple(By)


def by(keys: Keys, wanted: Wanted) -> By:
    """By which name a version that fits was found; of two that were asked the less plain one."""
    return max(_by(wanted.kana, keys.kana), _by(wanted.name, keys.names), key=_PLAINEST.index)


def _by(named: Named | None, held: tuple[str, ...]) -> By:
    if named is None or named.fits(held[:1]):
        return By.NAME
    return By.OTHER if named.fits(held) else By.EARLIER


def _overlap(one: Span, other: Span) -> bool:
    return one[0] <= other[1] and one[1] >= other[0]
