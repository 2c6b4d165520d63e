"""The five eras since 明治 (皇室典範特例法, 元号法), as data.

The last day of one era may be the first of the next: 明治45年7月30日 is 大正元年7月30日, 大正15年12月25日 is
昭和元年12月25日, and a register may hold either form. The later changes fell on midnight.
"""

from dataclasses import dataclass

LAST_DAY = 99991231
"""Stands for "no end": the last day that a code can write."""


@dataclass(frozen=True)
class Era:
    """An era: its code in a RegisterDate, name, letter, and first and last day as YYYYMMDD."""

    code: str
    name: str
    letter: str
    first: int
    last: int

    def year(self, western: int) -> int:
        """The year of this era that the western year is; 1 is 元年."""
        return western - self.first // 10000 + 1

    def western(self, year: int) -> int:
        """The western year that year `year` of this era is."""
        return year + self.first // 10000 - 1


WESTERN = "0"
"""The code of a date written without an era (西暦)."""

ALL = (
    Era("1", "明治", "M", 18680125, 19120730),
    Era("2", "大正", "T", 19120730, 19261225),
    Era("3", "昭和", "S", 19261225, 19890107),
    Era("4", "平成", "H", 19890108, 20190430),
    Era("5", "令和", "R", 20190501, LAST_DAY),
)

ERAS = {era.code: era for era in ALL}
