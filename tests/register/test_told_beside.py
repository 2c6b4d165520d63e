"""Where more must be known than the last row: announced changes of boundaries (38), other codes (51), the days of municipalities."""

from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.errors import InputError
from daemon.register.honnin_reasons import HONNIN_REASONS
from daemon.register.reasons import Boundary, Code, Decision, changes_code, judge
from daemon.register.rows import RegisterDate
from daemon.register.transitions import Standing
from tests.register.people import (
    CHANGE,
    FUHYO,
    HONNIN,
    KNOWN,
    MOVING,
    OTHER_CITY,
    OTHER_CODE,
    honnin_row,
    judged,
    refusal,
)
from tests.register.times import TOMORROW

# 38 廃置分合・境界変更.

MOVED = replace(HONNIN, reason="38", **CHANGE["38"])


@pytest.mark.parametrize(
    ("changes", "announced", "refused"),
    [
        ({}, (), ("reason.not_announced", "municipality")),
        ({}, (Boundary("35203", "35202", 20261120),), ("reason.not_announced", "municipality")),
        ({}, (Boundary("35202", OTHER_CITY, 20261120),), ("reason.not_announced", "municipality")),
        ({}, (Boundary(OTHER_CITY, "35203", 20261120),), ("reason.not_announced", "municipality")),
        ({}, (Boundary("35203", OTHER_CITY, 20261119),), ("reason.boundary_date", "event_date")),
        ({}, (Boundary("35203", OTHER_CITY, 20261125),), ("reason.boundary_date", "event_date")),
        ({"event_date": RegisterDate("20261119")}, MOVING, ("reason.boundary_date", "event_date")),
        ({"name": "住民　次郎"}, MOVING, ("reason.item_changed", "name")),
    ],
)
def test_a_boundary_moves_only_whom_it_was_announced_for(
    changes: dict[str, Any], announced: tuple[Boundary, ...], refused: tuple[str, str]
) -> None:
    assert refusal(replace(MOVED, **changes), honnin_row(), announced=announced) == refused
    assert judged(MOVED, honnin_row(), announced={*announced, *MOVING}).standing == "present"


def test_a_boundary_is_not_moved_before_its_day() -> None:
    ahead = (Boundary("35203", OTHER_CITY, 20261125),)
    record = replace(MOVED, event_date=TOMORROW)
    assert refusal(record, honnin_row(), InputError, announced=ahead) == (
        "reason.date_in_future",
        "event_date",
    )


def test_a_boundary_may_leave_the_town_but_not_both_address_and_municipality_as_they_were() -> None:
    stays = (Boundary("35203", "35203", 20261120),)
    renamed = replace(HONNIN, reason="38", town="999999")
    assert refusal(renamed, honnin_row(), announced=stays) == ("reason.nothing_changed", "address")
    assert judged(replace(renamed, address="別の住所"), honnin_row(), announced=stays).standing == "present"
    assert (
        judged(replace(MOVED, address=HONNIN.address), honnin_row(), announced=MOVING).standing == "present"
    )


# 51 住民票コードの変更.

RECODED = replace(HONNIN, reason="51", **CHANGE["51"])


def test_a_change_of_code_names_the_code_that_the_person_has() -> None:
    third = "25208017643"
    for code in (Code(), Code(old=third), Code(old=OTHER_CODE)):
        assert refusal(RECODED, honnin_row(), code=code) == ("reason.old_code", "old_code")
    assert judged(RECODED, honnin_row(), **KNOWN["51"]) == Decision(Standing.PRESENT)


def test_a_change_of_code_takes_none_that_anybody_has_or_had() -> None:
    has, had = honnin_row(juminhyo_code=OTHER_CODE), honnin_row(juminhyo_code="25208017643")
    for holder in (has, had):
        code = Code(old=HONNIN.juminhyo_code, holder=holder)
        assert refusal(RECODED, honnin_row(), code=code) == ("reason.code_in_use", "juminhyo_code")


@pytest.mark.parametrize("reason", ["11", "12", "13", "14"])
def test_nobody_is_entered_under_a_code_that_somebody_had(reason: str) -> None:
    record = replace(HONNIN, reason=reason, kojin_bango="")
    had = Code(holder=honnin_row(juminhyo_code=OTHER_CODE))
    assert refusal(record, None, code=had) == ("reason.code_in_use", "juminhyo_code")
    assert judged(record, None).standing == "present"


@pytest.mark.parametrize("reason", sorted({*HONNIN_REASONS} - {"51"}))
def test_no_other_reason_names_an_old_code(reason: str) -> None:
    record = replace(HONNIN, reason=reason, **CHANGE.get(reason, {}))
    for last in (None, honnin_row()):
        refused = refusal(record, last, InputError, code=Code(old=HONNIN.juminhyo_code))
        assert refused == ("reason.old_code_unasked", "old_code")


# Municipalities have their days.


@pytest.mark.parametrize(
    ("code", "day", "valid"),
    [
        ("35205", "20030420", True),
        ("35205", "20030421", False),
        ("35215", "20030420", False),
        ("35215", "20030421", True),
        ("35504", "20100115", True),
        ("35504", "20100116", False),
        ("35203", "20020805", True),
        ("35203", "20261124", True),
    ],
)
def test_a_notice_names_a_municipality_of_its_day(code: str, day: str, valid: bool) -> None:  # noqa: FBT001
    record = replace(HONNIN, municipality=code, event_date=RegisterDate(day))
    came = datetime.strptime(day, "%Y%m%d").date()  # noqa: DTZ007 - a day has no time zone
    if valid:
        assert judge(record, None, today=came).standing == "present"
    else:
        with pytest.raises(InputError) as refused:
            judge(record, None, today=came)
        assert (refused.value.code, refused.value.field) == ("reason.municipality_not_valid", "municipality")


def test_what_changes_a_code() -> None:
    assert {code for code in [*HONNIN_REASONS, "99"] if changes_code(replace(HONNIN, reason=code))} == {"51"}
    assert {kind for kind in "123459" if changes_code(replace(FUHYO, notice_kind=kind))} == {"4"}
