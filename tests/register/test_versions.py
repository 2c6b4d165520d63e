"""Rows: what the register adds, and that nothing is lost on the way in or out."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given, settings
from msgspec.structs import asdict, replace

from daemon.register.items import ITEMS, UNIFIED, Origin
from daemon.register.rows import FuhyoRecord, FuhyoRow, HonninRecord, HonninRow, Record, Row
from daemon.register.versions import next_row
from tests.register.people import FUHYO, HONNIN
from tests.register.strategies import fuhyo_records, honnin_records
from tests.register.times import NOON


def _next(record: Record, last: Row | None = None, received: datetime = NOON) -> Row:
    return next_row(record, last, received=received, terminal="CS-35203")


@settings(max_examples=40)
@given(honnin_records() | fuhyo_records())
def test_a_row_holds_what_was_stated(record: Record) -> None:
    row = asdict(_next(record))
    stated = {name: value for name, value in asdict(record).items() if value is not None}
    assert row.items() >= stated.items()


@settings(max_examples=40)
@given(honnin_records() | fuhyo_records())
def test_a_row_goes_through_json_and_msgpack_without_loss(record: Record) -> None:
    row = _next(record)
    assert msgspec.json.decode(msgspec.json.encode(row), type=type(row)) == row
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(row), type=type(row)) == row
    assert msgspec.json.decode(msgspec.json.encode(record), type=type(record)) == record


def test_the_items_that_the_register_gives() -> None:
    row = _next(HONNIN)
    assert isinstance(row, HonninRow)
    assert (row.serial, row.operator_id, row.terminal_id) == (1, "CS", "CS-35203")
    assert (row.received_on, row.updated_at) == (date(2026, 11, 24), NOON)
    assert (row.retention_flag, row.struck_flag, row.gaiji_flag) == ("0", "0", "0")
    assert row.seion_kana == "しゆうみんたろう"


@pytest.mark.parametrize("reason", ["21", "22", "23", "24"])
def test_a_strike_is_marked_and_its_term_runs(reason: str) -> None:
    row = _next(replace(HONNIN, reason=reason), _next(HONNIN))
    assert isinstance(row, HonninRow)
    assert (row.serial, row.retention_flag, row.struck_flag) == (2, "1", "1")


def test_a_row_of_the_supplementary_register() -> None:
    first = _next(replace(FUHYO, address="〓", address_gaiji=1))
    assert isinstance(first, FuhyoRow)
    assert (first.serial, first.status, first.gaiji_flag, first.gaiji_pattern) == (1, "1", "1", "2")
    struck = _next(replace(FUHYO, notice_kind="2"), first)
    assert isinstance(struck, FuhyoRow)
    assert (struck.serial, struck.status, struck.received_on) == (2, "9", date(2026, 11, 24))


@pytest.mark.parametrize(
    ("received", "day"),
    [
        (datetime(2026, 11, 24, 14, 59, 59, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 11, 24, 15, 0, 0, tzinfo=UTC), date(2026, 11, 25)),
    ],
)
def test_the_day_of_receipt_is_a_day_in_japan(received: datetime, day: date) -> None:
    assert _next(HONNIN, received=received).received_on == day


def test_what_the_sender_derived_is_the_same_in_the_row() -> None:
    stated = replace(HONNIN, seion_kana="しゆうみんたろう", gaiji_flag="0", struck_flag="0")
    assert _next(stated) == _next(HONNIN)


def test_rows_and_records_have_the_items_of_the_law_in_its_order() -> None:
    for register, row, record in (("honnin", HonninRow, HonninRecord), ("fuhyo", FuhyoRow, FuhyoRecord)):
        items = ITEMS[register]
        assert [item.number for item in items] == list(range(1, len(items) + 1))
        assert list(row.__struct_fields__)[: len(items)] == [item.name for item in items]
        stated = {item.name for item in items if item.origin is not Origin.REGISTER}
        assert set(record.__struct_fields__) == stated | UNIFIED[register].keys()
        assert list(row.__struct_fields__)[-len(UNIFIED[register]) :] == list(UNIFIED[register])
    assert (len(ITEMS["honnin"]), len(ITEMS["fuhyo"])) == (28, 18)
