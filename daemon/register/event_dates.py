"""Whether the days that a record states are possible, seen from the day on which it came. Pure.

`record` has passed `checks.check`. A 転出 alone may be dated ahead (標準仕様書 j480, j640): a warning.
"""

from datetime import date

from daemon.errors import InputError
from daemon.register.dates import is_calendar, is_complete, number_of, span
from daemon.register.rows import Record
from daemon.register.transitions import EventDate, Transition

FUTURE_DEPARTURE = "reason.future_departure"


def check_dates(record: Record, transition: Transition, today: date) -> tuple[str, ...]:
    """Codes of what someone should look at; InputError where a day is impossible."""
    day = number_of(today)
    born, event = span(record.birth), span(record.event_date)
    if born[0] > day:
        raise InputError("reason.birth_in_future", field="birth")
    if transition.date is not EventDate.VAGUE and not is_calendar(record.event_date):
        incomplete = not is_complete(record.event_date)
        raise InputError(
            "reason.date_incomplete" if incomplete else "reason.date_not_in_calendar", field="event_date"
        )
    if event[1] < born[0]:
        raise InputError("reason.before_birth", field="event_date")
    if event[0] <= day:
        return ()
    if transition.date is EventDate.AHEAD:
        return (FUTURE_DEPARTURE,)
    raise InputError("reason.date_in_future", field="event_date")
