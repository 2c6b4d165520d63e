"""住民票コード and 個人番号 for people who do not exist: valid check digits, never the same twice.

The n-th base number is (a·n + b) mod 10^k with `a` coprime to 10, so uniqueness needs no memory: two people differ
in n, hence in the number. Which a and b depends on the seed.
"""

from daemon.register.codes import juminhyo_digit, kojin_bango_digit
from daemon.rehearsal.dice import Dice


class Numbers:
    """The numbers of the people of one seed."""

    def __init__(self, seed: int) -> None:
        self._code = _spread(seed, "code", 10)
        self._bango = _spread(seed, "bango", 11)

    def juminhyo_code(self, person: int) -> str:
        """住民票コード (11 digits) of the person with this number."""
        base = _base(self._code, person, 10)
        return base + juminhyo_digit(base)

    def kojin_bango(self, person: int) -> str:
        """個人番号 (12 digits) of the person with this number."""
        base = _base(self._bango, person, 11)
        return base + kojin_bango_digit(base)


def _spread(seed: int, kind: str, digits: int) -> tuple[int, int]:
    dice = Dice(seed, kind)
    whole = 10**digits
    step = int(dice.fraction() * whole / 10) * 10 + dice.pick((1, 3, 7, 9))
    return step, int(dice.fraction() * whole)


def _base(spread: tuple[int, int], person: int, digits: int) -> str:
    step, start = spread
    return f"{(step * person + start) % 10**digits:0{digits}d}"
