"""Who lived in a municipality of today before it began."""

from datetime import date

import pytest
from msgspec.structs import replace

from daemon.rehearsal.mergers import as_of, merger
from tests.register.people import HONNIN

TODAY = replace(HONNIN, municipality="35215", address="山口県周南市岐山通１")
DAY = date(2003, 4, 21)
EVE = date(2003, 4, 20)


def test_before_the_merger_it_was_another_municipality() -> None:
    before = as_of(TODAY, EVE)
    assert (before.municipality, before.address) == ("35205", "山口県徳山市岐山通１")
    assert as_of(TODAY, DAY) == TODAY
    assert as_of(HONNIN, EVE) == HONNIN


def test_a_town_lay_in_its_district() -> None:
    island = replace(TODAY, municipality="35305", address="山口県大島郡周防大島町小松１")
    assert as_of(island, EVE).address == "山口県大島郡久賀町小松１"


@pytest.mark.parametrize(
    ("told", "by", "reason", "moved"),
    [
        (EVE, DAY, "11", True),
        (EVE, EVE, "11", False),
        (DAY, date(2026, 1, 1), "11", False),
        (EVE, date(2026, 1, 1), "34", True),
        (EVE, date(2026, 1, 1), "21", False),
        (EVE, date(2026, 1, 1), "23", False),
    ],
)
def test_whoever_was_there_is_moved_once(told: date, by: date, reason: str, moved: bool) -> None:  # noqa: FBT001
    found = merger(replace(TODAY, reason=reason), told, by)
    assert bool(found) == moved
    if found:
        record, day = found
        assert (record.reason, record.event_date.code, day) == ("38", "20030421", DAY)
        assert record.municipality == "35215"


def test_nobody_is_moved_where_nothing_changed() -> None:
    assert merger(HONNIN, EVE, date(2026, 1, 1)) is None
