"""Municipalities of the prefecture, with the days on which their codes were valid (JIS X 0402).

A history runs for 150 years and keeps the code that was valid when it was told: 徳山市 stays 35205 though it has been part of
周南市 since 2003. A notice names a municipality of its own day. Whoever was put in the place of an abolished municipality
keeps its records from that day on (地方自治法施行令5条). A later 廃置分合 is a line in the data file.
"""

from dataclasses import dataclass
from datetime import date
from importlib import resources

NETWORK = date(2002, 8, 5)
"""The first day of the network; what was valid before it has no first day here."""
_NONE = "-"


@dataclass(frozen=True)
class Municipality:
    """A municipality: its 5-digit code, its name, how that is read, its 郡 (empty for a city), and when its code is valid."""

    code: str
    name: str
    kana: str
    district: str = ""
    since: date = date.min
    until: date = date.max
    """The first day on which the code is no longer valid."""
    heir: str = ""
    """The code of the municipality that took its place, or empty."""

    def valid(self, on: date) -> bool:
        """Whether the code is valid on a day."""
        return self.since <= on < self.until


def _read(line: str) -> Municipality:
    code, district, name, kana, since, until, heir = ("" if word == _NONE else word for word in line.split())
    return Municipality(
        code,
        name,
        kana,
        district,
        date.fromisoformat(since) if since else date.min,
        date.fromisoformat(until) if until else date.max,
        heir,
    )


def _load() -> dict[str, Municipality]:
    text = resources.files("daemon.register").joinpath("data", "municipalities.txt").read_text("utf-8")
    places = (_read(line) for line in text.splitlines() if line and not line.startswith("#"))
    return {place.code: place for place in places}


EVERY = _load()
"""Each that was valid on a day since the network began, by 5-digit code."""


def keeper(code: str, on: date) -> str:
    """Who keeps the records of a municipality of `EVERY` on a day: itself, or whoever was put in its place by then."""
    place = EVERY[code]
    while place.heir and place.until <= on:
        place = EVERY[place.heir]
    return place.code
