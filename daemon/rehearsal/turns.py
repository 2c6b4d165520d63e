"""What may have happened to somebody while they lived here, and what a notice said of it: one function per kind.

Each takes the last record and gives what the next one says otherwise. The rules are those of the transition table of
`honnin` (domain: 異動事由), so that a history made of these is one that the register could have written itself.
"""

from collections.abc import Iterator
from datetime import date

from daemon.register.dates import parts
from daemon.register.names import gaiji
from daemon.register.rows import HonninRecord
from daemon.rehearsal.ages import MAN, WOMAN
from daemon.rehearsal.births import japanese
from daemon.rehearsal.dice import Dice, Table
from daemon.rehearsal.mistakes import MISTAKES
from daemon.rehearsal.moves import DEPARTURE, RETURN, Change, Setting, Turn, house, moved

CORRECTION, MINOR = "32", "33"
READING, FORMER, ALIAS, REPLACED, GIVEN = "34", "35", "36", "41", "42"

_OTHER_SEX = {MAN: WOMAN, WOMAN: MAN}
_BUILDINGS = ("コーポ錦", "メゾン常盤", "ハイツ維新", "第二長門荘")


def next_turn(last: HonninRecord, dice: Dice, setting: Setting) -> Iterator[Change]:
    """What happens next to whoever is present."""
    if not last.kojin_bango:
        return _given(last, dice, setting)
    return (_FOREIGN if setting.foreign else _JAPANESE).draw(dice)(last, dice, setting)


def _given(_: HonninRecord, __: Dice, setting: Setting) -> Iterator[Change]:
    yield {"reason": GIVEN, "kojin_bango": setting.number}


def _away(last: HonninRecord, dice: Dice, setting: Setting) -> Iterator[Change]:
    """To another municipality of the prefecture, or out of it and back."""
    yield {"reason": DEPARTURE}
    yield moved(last, setting.places.home(dice, setting.places.municipality(dice)), RETURN)


def _minor(last: HonninRecord, dice: Dice, _: Setting) -> Iterator[Change]:
    ground, _space, room = last.address.partition("　")
    building = next(one for one in _BUILDINGS if not room.startswith(one))
    address = f"{ground}　{building}{dice.between(1, 9)}号"
    yield {
        "reason": MINOR,
        "address": address,
        "address_gaiji": gaiji(address),
        "address_gaiji_version": last.address_gaiji_version + int(last.address_gaiji > 0),
    }


def _married(last: HonninRecord, dice: Dice, setting: Setting) -> Iterator[Change]:
    given, read = last.name.partition("　")[2], last.kana.partition("　")[2]
    family = setting.names.family(dice)
    while last.name.startswith(f"{family.written}　"):
        family = setting.names.family(dice)
    yield _named(last, CORRECTION, f"{family.written}　{given}", f"{family.read}　{read}")


def _birth(last: HonninRecord, dice: Dice, _: Setting) -> Iterator[Change]:
    """A day of birth that was written down wrongly, or a sex."""
    year, month, day = parts(last.birth.code)
    other = dice.between(1, max(day, 1))
    if other < day:
        yield {"reason": CORRECTION, "birth": japanese(date(year, month, other))}
    else:
        yield {"reason": CORRECTION, "sex": _OTHER_SEX[last.sex]}


def _reading(last: HonninRecord, dice: Dice, setting: Setting) -> Iterator[Change]:
    family, _space, given = last.kana.partition("　")
    other = setting.names.given(dice, last.sex, setting.year).read
    while other == given:
        other = setting.names.given(dice, last.sex, setting.year).read
    yield {"reason": READING, "kana": f"{family}　{other}"}


def _former(last: HonninRecord, dice: Dice, setting: Setting) -> Iterator[Change]:
    """Written, changed, or, sometimes, deleted."""
    if last.former_name and dice.chance(0.2):
        yield {"reason": FORMER, "former_name": "", "former_name_kana": ""}
        return
    family = setting.names.family(dice)
    while family.written == last.former_name:
        family = setting.names.family(dice)
    yield {"reason": FORMER, "former_name": family.written, "former_name_kana": family.read}


def _alias(last: HonninRecord, dice: Dice, setting: Setting) -> Iterator[Change]:
    """A 通称 within the name, or none any more."""
    bare, mark, gone = last.name.partition("（")
    if mark:
        words = last.kana.split("　")
        yield _named(last, ALIAS, bare, "　".join(words[: -len(gone.split("　"))]))
    else:
        alias = setting.names.name(dice, last.sex, setting.year)
        yield _named(last, ALIAS, f"{bare}（{alias.written}）", f"{last.kana}　{alias.read}")


def _replaced(last: HonninRecord, _: Dice, setting: Setting) -> Iterator[Change]:
    if last.kojin_bango != setting.number:
        yield {"reason": REPLACED, "kojin_bango": setting.number}


def _named(last: HonninRecord, reason: str, name: str, kana: str) -> Change:
    pictures = gaiji(name)
    version = last.name_gaiji_version + int(pictures + last.name_gaiji > 0)
    return {
        "reason": reason,
        "name": name,
        "kana": kana,
        "name_gaiji": pictures,
        "name_gaiji_version": version,
    }


_COMMON: tuple[tuple[Turn, float], ...] = (
    (house, 38), (_away, 16), (_minor, 6), (_replaced, 0.3), *MISTAKES,
)  # fmt: skip
_JAPANESE: Table[Turn] = Table((*_COMMON, (_reading, 10), (_married, 6), (_birth, 1), (_former, 2)))
_FOREIGN: Table[Turn] = Table((*_COMMON, (_alias, 12)))
