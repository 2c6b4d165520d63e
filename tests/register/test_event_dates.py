"""The day of an event: which days each reason takes (標準仕様書 j80, j480, j640), and a departure dated ahead."""

from datetime import date

import pytest
from msgspec.structs import replace

from daemon.errors import ConflictError, InputError
from daemon.register.dates import number_of
from daemon.register.honnin_reasons import HONNIN_REASONS
from daemon.register.reasons import Boundary, judge, standing_of
from tests.register.people import (
    CHANGE,
    HONNIN,
    KNOWN,
    OTHER_CITY,
    honnin_row,
    judged,
    refusal,
)
from tests.register.strategies import TODAY, written
from tests.register.times import LEAP, PARTLY, TOMORROW, UNKNOWN


@pytest.mark.parametrize("reason", sorted(HONNIN_REASONS))
def test_the_day_of_the_event(reason: str) -> None:
    entering = reason in {"11", "12", "13", "14"}
    stood = honnin_row(
        "24" if reason == "15" else "11", kojin_bango="" if reason == "42" else HONNIN.kojin_bango
    )
    before = None if entering else stood
    record = replace(HONNIN, reason=reason, kojin_bango="" if entering else HONNIN.kojin_bango)
    record = replace(record, **CHANGE.get(reason, {}))
    known = dict(KNOWN.get(reason, {}))
    if reason == "38":
        known["announced"] = (Boundary(HONNIN.municipality, OTHER_CITY, number_of(TODAY)),)
    assert judged(replace(record, event_date=written(TODAY)), before, **known).warnings == ()
    vague = reason in {"13", "23", "24"}
    for day, code in (
        (PARTLY, "date_incomplete"),
        (UNKNOWN, "date_incomplete"),
        (LEAP, "date_not_in_calendar"),
    ):
        odd = replace(record, event_date=day)
        if vague:
            assert judged(odd, before).warnings == ()
        else:
            assert refusal(odd, before, InputError) == (f"reason.{code}", "event_date")
    ahead = replace(record, event_date=TOMORROW)
    if reason in {"21", "22"}:
        assert judged(ahead, before).warnings == ("reason.future_departure",)
    else:
        assert refusal(ahead, before, InputError) == ("reason.date_in_future", "event_date")


def test_nobody_is_born_after_today_or_after_the_event() -> None:
    unborn = replace(HONNIN, birth=TOMORROW)
    assert refusal(unborn, None, InputError) == ("reason.birth_in_future", "birth")
    early = replace(HONNIN, reason="13", kojin_bango="", birth=written(TODAY))
    assert judged(replace(early, event_date=written(TODAY)), None).standing == "present"
    assert refusal(early, None, InputError) == ("reason.before_birth", "event_date")
    assert judged(replace(early, event_date=PARTLY), None).warnings == ()


# A 転出 dated ahead.

LEAVING = honnin_row("21", event_date=TOMORROW)


def test_a_departure_dated_ahead_counts_from_its_date() -> None:
    assert standing_of(LEAVING, on=TODAY) == "present"
    assert standing_of(LEAVING, on=date(2026, 11, 25)) == "out"
    assert standing_of(LEAVING) == "out"


def test_whoever_leaves_tomorrow_may_arrive_today() -> None:
    assert judged(replace(HONNIN, municipality=OTHER_CITY), LEAVING).standing == "present"


def test_whoever_leaves_tomorrow_may_die_or_leave_on_another_day_but_not_change() -> None:
    assert judged(replace(HONNIN, reason="23"), LEAVING).standing == "dead"
    assert judged(replace(HONNIN, reason="21"), LEAVING).standing == "out"
    moved = replace(HONNIN, reason="31", address="山口県山口市滝町２番２号")
    assert refusal(moved, LEAVING) == ("reason.departure_pending", "reason")
    assert (
        refusal(replace(HONNIN, reason="23", municipality=OTHER_CITY), LEAVING)[0]
        == "reason.other_municipality"
    )


def test_a_departure_that_does_not_happen_is_cancelled_and_whoever_leaves_may_be_undone() -> None:
    assert judged(replace(HONNIN, reason="15"), LEAVING).standing == "present"
    assert judged(replace(HONNIN, reason="25"), LEAVING).standing == "gone"


def test_on_its_date_the_departure_is_done() -> None:
    with pytest.raises(ConflictError) as refused:
        judge(replace(HONNIN, reason="23"), LEAVING, today=date(2026, 11, 25))
    assert refused.value.code == "reason.moved_out"
