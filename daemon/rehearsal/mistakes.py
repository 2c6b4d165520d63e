"""What went wrong with somebody's record and was put right: 職権消除 and 職権記載, and the three kinds of 異動の取消し."""

from collections.abc import Iterator

from daemon.register.municipalities import EVERY, NETWORK
from daemon.register.rows import HonninRecord
from daemon.rehearsal.dice import Dice
from daemon.rehearsal.moves import DEPARTURE, RETURN, Change, Setting, Turn, house, moved

DEATH, STRUCK, ENTERED = "23", "24", "14"  # 死亡, 職権消除, 職権記載
BACK, UNDONE, RESTORED = "15", "25", "37"  # 異動の取消し（増・減・修正）


def _struck_and_entered(last: HonninRecord, dice: Dice, setting: Setting) -> Iterator[Change]:
    """Not found at home and struck off; found again elsewhere."""
    yield {"reason": STRUCK}
    yield moved(last, setting.places.home(dice, setting.places.municipality(dice)), ENTERED)


def _struck_by_mistake(last: HonninRecord, dice: Dice, setting: Setting) -> Iterator[Change]:
    """Not dead, or not gone, after all."""
    if EVERY[last.municipality].since > NETWORK:
        # The day on which it began might come between, and who is back is as before.
        yield from house(last, dice, setting)
        return
    yield {"reason": dice.pick((DEATH, STRUCK))}
    yield {"reason": BACK}


def _entered_by_mistake(last: HonninRecord, dice: Dice, setting: Setting) -> Iterator[Change]:
    """Left, entered elsewhere, and never gone there: that is undone, and the municipality before takes them back."""
    there = setting.places.municipality(dice)
    while there == last.municipality:
        there = setting.places.municipality(dice)
    yield {"reason": DEPARTURE}
    yield moved(last, setting.places.home(dice, there), RETURN)
    yield {"reason": UNDONE}
    same = ("address", "address_gaiji", "address_gaiji_version", "municipality", "town")
    yield {"reason": BACK} | {name: getattr(last, name) for name in same}


def _house_by_mistake(last: HonninRecord, dice: Dice, setting: Setting) -> Iterator[Change]:
    """A 転居 that was none."""
    for change in house(last, dice, setting):
        yield change
        yield {name: getattr(last, name) for name in change} | {"reason": RESTORED}


MISTAKES: tuple[tuple[Turn, float], ...] = (
    (_struck_and_entered, 0.3), (_struck_by_mistake, 0.2), (_entered_by_mistake, 0.1), (_house_by_mistake, 0.3),
)  # fmt: skip
