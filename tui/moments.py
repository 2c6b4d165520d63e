"""Moments as an auditor types them: a day, or a day and a time, in Japan. Pure."""

from datetime import datetime, timedelta

from daemon.errors import InputError
from tui.formats import JST

DAY, MINUTE = "%Y-%m-%d", "%Y-%m-%d %H:%M"


def begins(typed: str, field: str) -> datetime | None:
    """The moment from which on; None where nothing is typed, InputError that names `field` where it is no moment."""
    read = _read(typed, field)
    return read[0] if read else None


def ends(typed: str, field: str) -> datetime | None:
    """The moment before which: a day counts whole, and so does a minute."""
    read = _read(typed, field)
    return read[0] + read[1] if read else None


def _read(typed: str, field: str) -> tuple[datetime, timedelta] | None:
    """When it begins, and how long it is."""
    text = typed.strip()
    if not text:
        return None
    for form, length in ((DAY, timedelta(days=1)), (MINUTE, timedelta(minutes=1))):
        try:
            return datetime.strptime(text, form).replace(tzinfo=JST), length
        except ValueError:
            continue
    raise InputError("console.bad_moment", field=field)
