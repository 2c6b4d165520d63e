"""Which municipality somebody at a console asks about."""

from collections.abc import Sequence

from daemon.errors import InputError
from daemon.register.codes import five_digits


def of_register(asked: str, municipalities: Sequence[str]) -> str:
    """The 5 digits of one of the register's municipalities, of 5 or 6; InputError where it is none of them."""
    municipality = five_digits(asked)
    if municipality is None or municipality not in municipalities:
        raise InputError("record.unknown_municipality", field="municipality")
    return municipality
