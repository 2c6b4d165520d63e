"""What may be taken over from another system: whole histories, each version well formed and in its place."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.errors import InputError
from daemon.register.dates import of_day
from daemon.register.history import Checked, checked
from daemon.register.rows import FuhyoRow, HonninRow, RegisterDate, Row
from tests.register.people import CHANGE, FUHYO, HONNIN, OTHER_CODE, fuhyo_row, honnin_row
from tests.register.times import NOON


def life(*reasons: str, **changes: Any) -> list[HonninRow]:
    """A history of `honnin`, one version for each reason, told on one day after the other."""
    rows: list[HonninRow] = []
    stated: dict[str, Any] = {}
    for serial, reason in enumerate(reasons, start=1):
        stated |= CHANGE.get(reason, {})
        row = honnin_row(reason, **stated)
        rows.append(replace(row, serial=serial, received_on=date(2026, 11, 20 + min(serial, 4))))
    rows[-1] = replace(rows[-1], **changes)
    return rows


def fault(rows: list[HonninRow], *, of: type[Row] = HonninRow) -> tuple[str, str]:
    """Code and field with which `rows` are refused."""
    with pytest.raises(InputError) as refused:
        checked(rows, of=of, now=NOON)
    return refused.value.code, refused.value.field


def test_a_history_is_taken_over_as_it_was() -> None:
    rows = life("13", "42", "31", "21")
    assert checked(rows, of=HonninRow, now=NOON).rows == tuple(rows)
    alone = (fuhyo_row(),)
    assert checked(alone, of=FuhyoRow, now=NOON).rows == alone


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"serial": 3}, "history.serial"),
        ({"serial": 1}, "history.serial"),
        ({"received_on": date(2026, 11, 1), "event_date": RegisterDate("20261101", "5")}, "history.order"),
        ({"received_on": date(2026, 11, 25)}, "history.ahead"),
        ({"updated_at": datetime(2026, 11, 21)}, "history.time"),  # noqa: DTZ001 - that is the fault
        ({"updated_at": datetime(2026, 11, 25, tzinfo=UTC)}, "history.time"),
        ({"operator_id": "名前"}, "history.equipment"),
        ({"terminal_id": "T" * 21}, "history.equipment"),
        ({"retention_flag": "2"}, "history.flag"),
        ({"event_date": RegisterDate("20261123", "5")}, "history.untold"),
        ({"kana": "kana"}, "record.not_kana"),
        ({"birth": RegisterDate("20250230")}, "record.bad_date"),
        ({"juminhyo_code": "24727059607"}, "record.bad_juminhyo_code"),
        ({"name": "住民　〓"}, "record.gaiji_count"),
        ({"seion_kana": "べつ"}, "record.derived_differs"),
        ({"gaiji_flag": "1"}, "record.derived_differs"),
        ({"struck_flag": "1"}, "record.derived_differs"),
        ({"reason": "99"}, "reason.unknown"),
    ],
)
def test_a_fault_is_named_with_its_version(change: dict[str, Any], code: str) -> None:
    rows = life("11", "31")
    assert checked(rows, of=HonninRow, now=NOON).rows == tuple(rows)
    found, field = fault([rows[0], replace(rows[1], **change)])
    assert found == code
    assert field.startswith("2.")


def test_a_history_without_a_version_is_none() -> None:
    assert fault([]) == ("history.empty", "")


def test_a_row_of_the_other_register_is_refused() -> None:
    assert fault(life("11"), of=FuhyoRow) == ("history.other_register", "1.")


def test_a_departure_may_be_told_ahead() -> None:
    rows = life("11", "21", event_date=RegisterDate("20261201", "5"))
    assert checked(rows, of=HonninRow, now=NOON).rows[-1].event_date.code == "20261201"


def test_what_our_table_would_not_let_follow_is_told_and_taken() -> None:
    rows = life("11", "23", "31")
    found = checked(rows, of=HonninRow, now=NOON)
    assert found.rows == tuple(rows)
    assert found.warnings == ("reason.dead",)


def test_it_is_stored_in_the_form_of_ours() -> None:
    (row,) = checked(
        life("11", kana="ジュウミン　タロウ", municipality="352039"), of=HonninRow, now=NOON
    ).rows
    assert isinstance(row, HonninRow)
    assert (row.kana, row.municipality) == (HONNIN.kana, "35203")


def at(*versions: tuple[str, str, date, dict[str, Any]]) -> list[HonninRow]:
    """A history of (reason, municipality, day it happened and was told, further changes)."""
    return [
        replace(
            honnin_row(reason, municipality=municipality, event_date=of_day(day), **changes),
            received_on=day,
            serial=serial,
        )
        for serial, (reason, municipality, day, changes) in enumerate(versions, start=1)
    ]


MERGER = date(2003, 4, 21)
BEFORE, AFTER = {"address": "山口県徳山市１"}, {"address": "山口県周南市１"}


def test_a_history_keeps_municipalities_that_are_no_more() -> None:
    rows = at(
        ("11", "35205", date(2002, 8, 5), BEFORE),
        ("38", "35215", MERGER, AFTER),
        ("21", "35215", date(2026, 11, 20), AFTER),
    )
    assert checked(rows, of=HonninRow, now=NOON) == Checked(tuple(rows), ())


def test_a_municipality_that_took_over_goes_on_with_the_history() -> None:
    rows = at(
        ("11", "35205", date(2002, 8, 5), BEFORE),
        ("31", "35215", date(2005, 5, 5), AFTER),
        ("23", "35215", date(2026, 11, 20), AFTER),
    )
    assert checked(rows, of=HonninRow, now=NOON) == Checked(tuple(rows), ())


@pytest.mark.parametrize(
    ("municipality", "day"), [("35205", MERGER), ("35215", date(2003, 4, 20)), ("35504", date(2010, 1, 16))]
)
def test_a_municipality_is_told_of_while_it_is_there(municipality: str, day: date) -> None:
    assert fault(at(("11", municipality, day, {}))) == ("history.municipality", "1.municipality")


def test_a_merger_is_moved_on_its_day() -> None:
    late = at(("11", "35205", date(2002, 8, 5), BEFORE), ("38", "35215", date(2003, 4, 22), AFTER))
    assert checked(late, of=HonninRow, now=NOON).warnings == ("reason.boundary_date",)
    other = at(("11", "35205", date(2002, 8, 5), BEFORE), ("38", "35216", date(2005, 3, 22), AFTER))
    assert checked(other, of=HonninRow, now=NOON).warnings == ("reason.not_announced",)


def test_a_code_that_changed_stands_in_the_history() -> None:
    new = {"juminhyo_code": OTHER_CODE}
    told = [("11", {}), ("51", new), ("31", {**new, **CHANGE["31"]})]
    rows = at(*[(reason, "35203", date(2026, 11, 20), changes) for reason, changes in told])
    assert checked(rows, of=HonninRow, now=NOON) == Checked(tuple(rows), ())
    without = at(*[(reason.replace("51", "32"), "35203", date(2026, 11, 20), said) for reason, said in told])
    assert checked(without, of=HonninRow, now=NOON).warnings == ("reason.item_changed",)


def test_a_code_that_changed_stands_in_a_history_of_fuhyo() -> None:
    first = fuhyo_row()
    changed = fuhyo_row("4", juminhyo_code=OTHER_CODE, former_code=FUHYO.juminhyo_code)
    rows = (first, replace(changed, serial=2))
    assert checked(rows, of=FuhyoRow, now=NOON) == Checked(rows, ())
    wrong = (first, replace(changed, serial=2, former_code="25208017643"))
    assert checked(wrong, of=FuhyoRow, now=NOON).warnings == ("reason.old_code",)


@settings(max_examples=50)
@given(st.lists(st.sampled_from(sorted({*CHANGE, "11", "21", "23"})), min_size=1, max_size=6), st.data())
def test_versions_in_another_order_are_never_taken(reasons: list[str], data: st.DataObject) -> None:
    rows = life(*reasons)
    checked(rows, of=HonninRow, now=NOON)
    shuffled = data.draw(st.permutations(rows))
    if shuffled != rows:
        assert fault(shuffled)[0] == "history.serial"
