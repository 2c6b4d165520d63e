"""How long rows are kept: 150 years (施行令30条の6; 34条2項 and 3項 for how they are counted); and entries of the log: 7.

A superseded row counts from the day its successor's notice came, a row of 消除 from its own. The day of the notice is
day 1: kept through the day before the anniversary, erased from the anniversary on; from 1 March where that year has
no 29 February (民法143条2項).

Of an entry of the log the day itself does not count (民法140条): one of 24 November is kept through 24 November 7 years later.
"""

from datetime import date, timedelta

ROW_YEARS = 150
LOG_YEARS = 7


def erased_from(received: date, years: int = ROW_YEARS) -> date:
    """The first day on which what began its term on `received` is no longer kept."""
    try:
        return received.replace(year=received.year + years)
    except ValueError:
        return date(received.year + years, 3, 1)


def due_year(successor_received: date) -> int:
    """The year in which the 150 years end: that of the last day on which the row is kept.

    It names the key class that the row is sealed under, whose key is destroyed when that year is over.
    """
    return (erased_from(successor_received) - timedelta(days=1)).year


def log_over(day: date, years: int = LOG_YEARS) -> date:
    """The first day on which an entry of `day` is no longer kept, or a checkpoint of `day` proves that its entries are not."""
    return erased_from(day + timedelta(days=1), years)
