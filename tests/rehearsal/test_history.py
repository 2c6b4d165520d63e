"""Histories of a whole register: lawful from end to end, the same for the same seed, and as many as were asked for."""

import hashlib
from collections import Counter
from datetime import UTC, date, datetime
from itertools import islice, pairwise

import msgspec
import pytest

from daemon.register.dates import is_complete, number_of, span
from daemon.register.effect import in_force
from daemon.register.history import checked
from daemon.register.municipalities import EVERY
from daemon.register.reasons import standing_of
from daemon.register.rows import HonninRow
from daemon.register.transitions import Standing
from daemon.rehearsal.history import Histories, History
from daemon.rehearsal.residents import Source

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 0, tzinfo=UTC)
RESIDENTS = 2500


@pytest.fixture(scope="module")
def everybody(source: Source) -> list[History]:
    """A town."""
    return list(Histories(7, RESIDENTS, TODAY, source=source))


def digest(histories: Histories, people: int) -> str:
    return hashlib.sha256(msgspec.json.encode(list(islice(histories, people)))).hexdigest()


def test_the_same_seed_gives_the_same_histories(source: Source) -> None:
    one, other = (Histories(3, 300, TODAY, source=source) for _ in range(2))
    assert digest(one, 400) == digest(one, 400) == digest(other, 400)
    assert digest(Histories(4, 300, TODAY, source=source), 400) != digest(one, 400)


def test_every_history_could_be_our_own(everybody: list[History]) -> None:
    """Well formed, in order, and each version one that the transition table lets follow."""
    found = [checked(history, of=HonninRow, now=NOW) for history in everybody]
    assert [one.rows for one in found] == everybody
    assert not Counter(code for one in found for code in one.warnings)


def test_what_changes_often_stays_well_formed(source: Source) -> None:
    """Names do not grow with each 通称 that comes and goes: over a hundred versions of one person are lawful too."""
    histories = list(Histories(5, 300, TODAY, rows=300 * 100, source=source))
    assert max(map(len, histories)) > 100
    assert [checked(history, of=HonninRow, now=NOW).rows for history in histories] == histories
    plain = [row for history in histories for row in history if "（" not in row.name]
    assert max(row.kana.count("　") for row in plain) <= max(
        history[0].kana.count("　") for history in histories
    )


def test_people_ascend_by_their_code(everybody: list[History]) -> None:
    codes = [history[-1].juminhyo_code for history in everybody]
    assert codes == sorted(set(codes))
    assert all(len({row.juminhyo_code for row in history}) == 1 for history in everybody)


def test_numbers_are_never_the_same_twice(everybody: list[History]) -> None:
    held = [{row.kojin_bango for row in history} - {""} for history in everybody]
    assert len(set().union(*held)) == sum(map(len, held))


def test_there_are_as_many_residents_as_asked_for(everybody: list[History]) -> None:
    standings = Counter(standing_of(history[-1], on=TODAY) for history in everybody)
    assert standings[Standing.PRESENT] == RESIDENTS
    assert sum(standings.values()) == RESIDENTS * 7 // 5
    assert min(standings[one] for one in (Standing.OUT, Standing.DEAD, Standing.GONE)) > 10


@pytest.mark.parametrize(("rows", "per_resident"), [(None, 4.3 / 1.35), (20_000, 8), (4000, 2)])
def test_there_are_about_as_many_versions_as_asked_for(
    source: Source, rows: int | None, per_resident: float
) -> None:
    histories = Histories(7, RESIDENTS, TODAY, rows=rows, source=source)
    assert sum(map(len, histories)) / RESIDENTS == pytest.approx(per_resident, rel=0.1)


def test_what_is_rare_happens(everybody: list[History]) -> None:
    rows = [row for history in everybody for row in history]
    reasons = {row.reason for row in rows}
    assert reasons >= {"11", "12", "13", "21", "22", "23", "24", "31", "32", "33", "34", "35", "36", "42"}
    assert any(row.former_name for row in rows)
    assert any("（" in row.name for row in rows)
    assert any(not is_complete(row.birth) for row in rows)
    assert any(row.address_gaiji for row in rows)


def test_mistakes_are_made_and_undone(source: Source) -> None:
    histories = list(Histories(5, 2000, TODAY, rows=40_000, source=source))
    assert not Counter(
        code for history in histories for code in checked(history, of=HonninRow, now=NOW).warnings
    )
    pairs = Counter((last.reason, row.reason) for history in histories for last, row in pairwise(history))
    for pair in (("24", "14"), ("23", "15"), ("24", "15"), ("11", "25"), ("25", "15"), ("31", "37")):
        assert pairs[pair], pair


def test_people_lived_in_the_municipalities_of_their_day(everybody: list[History]) -> None:
    rows = [row for history in everybody for row in history]
    assert all(EVERY[row.municipality].valid(row.received_on) for row in rows)
    assert all(EVERY[row.municipality].name in row.address for row in rows)
    moved = [row for row in rows if row.reason == "38"]
    assert {row.received_on for row in moved} == {
        EVERY[code].since
        for code in ("35215", "35216", "35305")
        if any(row.municipality == code for row in moved)
    }
    assert len(moved) > 10
    assert any(history[-1].reason == "38" for history in everybody)


def test_a_departure_may_lie_ahead(source: Source) -> None:
    ahead = [
        history
        for history in islice(Histories(1, 40_000, TODAY, rows=1, source=source), 20_000)
        if span(history[-1].event_date)[0] > number_of(TODAY)
    ]
    assert ahead
    assert all(standing_of(history[-1]) is Standing.OUT for history in ahead)
    assert all(standing_of(history[-1], on=TODAY) is Standing.PRESENT for history in ahead)


def test_some_were_somebody_else_on_a_day_of_the_past(everybody: list[History]) -> None:
    day = date(2015, 10, 5)
    then = [(in_force(history, day), history[-1]) for history in everybody]
    assert sum(row is not None and row.name != last.name for row, last in then) > 10
    assert sum(row is not None and row.address != last.address for row, last in then) > 100


def test_a_whole_country_costs_no_more_than_its_first_person(source: Source) -> None:
    """One after the other, on the fly."""
    first = next(iter(Histories(1, 100_000_000, TODAY, source=source)))
    assert first[0].serial == 1
