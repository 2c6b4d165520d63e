"""Differences planted in what a municipality has, so that a comparison finds something: somebody lost, unknown, or written otherwise."""

from collections.abc import Sequence

from msgspec.structs import replace

from daemon.register.rows import Record
from daemon.rehearsal.dice import Dice
from daemon.rehearsal.numbers import Numbers

ENOUGH = 8
"""People that a municipality must have before any of its records is spoilt."""
NOBODY = 9_000_000_000
"""Numbers of people from here on are never reached by who is born or comes."""


def flawed(records: Sequence[Record], dice: Dice, numbers: Numbers) -> list[Record]:
    """`records` with one lost, two whose かな氏名 was exchanged where it differs, and one of nobody whom the register knows."""
    if len(records) < ENOUGH:
        return list(records)
    kept = list(records)
    lost = kept.pop(dice.between(0, len(kept) - 1))
    one = dice.between(0, len(kept) - 1)
    other = (one + dice.between(1, len(kept) - 1)) % len(kept)
    kept[one], kept[other] = (
        replace(kept[one], kana=kept[other].kana),
        replace(kept[other], kana=kept[one].kana),
    )
    unknown = numbers.juminhyo_code(NOBODY + dice.between(0, 999_999))
    return [*kept, replace(lost, juminhyo_code=unknown)]
