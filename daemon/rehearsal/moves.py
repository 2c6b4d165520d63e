"""Where somebody lives next, and what is needed to tell of anything that happens to them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from daemon.register.names import gaiji
from daemon.register.rows import HonninRecord
from daemon.rehearsal.dice import Dice
from daemon.rehearsal.names import Names
from daemon.rehearsal.places import Home, Places

DEPARTURE, RETURN, HOUSE = "21", "11", "31"  # 異動事由: 転出, 転入, 転居

Change = dict[str, Any]
"""Fields of a record with their new values."""


@dataclass(frozen=True)
class Setting:
    """Where lives are lived, and who lives this one."""

    places: Places
    names: Names
    year: int
    """Of birth."""
    foreign: bool
    number: str
    """The 個人番号 that they are given, or that takes the place of the one they have."""


Turn = Callable[[HonninRecord, Dice, Setting], Iterator[Change]]
"""From the last record to one change, or to more where somebody leaves and comes back."""


def moved(last: HonninRecord, home: Home, reason: str) -> Change:
    """The change to another address."""
    pictures = gaiji(home.address)
    return {
        "address": home.address,
        "address_gaiji": pictures,
        "address_gaiji_version": last.address_gaiji_version + int(pictures + last.address_gaiji > 0),
        "municipality": home.municipality,
        "town": home.town,
        "reason": reason,
    }


def house(last: HonninRecord, dice: Dice, setting: Setting) -> Iterator[Change]:
    """A 転居."""
    home = setting.places.home(dice, last.municipality)
    while home.address == last.address:
        home = setting.places.home(dice, last.municipality)
    yield moved(last, home, HOUSE)
