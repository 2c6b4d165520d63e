"""Whole lives at random: whatever comes in whatever order, the rows stay a life that the law knows."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from daemon.errors import ConflictError, InputError, JukuraError
from daemon.register.checks import check
from daemon.register.honnin_reasons import HONNIN_REASONS
from daemon.register.reasons import Boundary, Code, changes_code, judge, standing_of
from daemon.register.rows import FuhyoRecord, HonninRecord, Record, RegisterDate, Row
from daemon.register.transitions import Standing
from daemon.register.versions import next_row
from tests.register.people import FUHYO, HONNIN, OTHER_CODE
from tests.register.strategies import TODAY
from tests.register.times import NOON

ADDRESS = {"address", "address_gaiji", "town", "address_gaiji_version"}
changes = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["住民　太郎", "住民　〓"]),
        "kana": st.sampled_from(["じゅうみん　たろう", "ジュウミン　ジロウ"]),
        "address": st.sampled_from(["山口県山口市滝町１番１号", "山口県〓町１"]),
        "sex": st.sampled_from("12"),
        "municipality": st.sampled_from(["35203", "35201"]),
        "event_date": st.sampled_from(
            [RegisterDate("20261120"), RegisterDate("20261201"), RegisterDate("20261100")]
        ),
    },
)
honnin_only = st.fixed_dictionaries(
    {"reason": st.sampled_from([*HONNIN_REASONS, "91", "99"])},
    optional={
        "kojin_bango": st.sampled_from(["", "123456789018", "987654321093"]),
        "juminhyo_code": st.sampled_from([HONNIN.juminhyo_code, OTHER_CODE]),
    },
)
ANNOUNCED = {Boundary("35203", "35201", 20261120), Boundary("35201", "35203", 20261120)}
fuhyo_only = st.fixed_dictionaries(
    {"notice_kind": st.sampled_from("12349")},
    optional={"juminhyo_code": st.sampled_from([FUHYO.juminhyo_code, OTHER_CODE])},
)


def _counted(record: Any) -> Any:
    counts = {"name_gaiji": record.name.count("〓"), "address_gaiji": record.address.count("〓")}
    return replace(record, **counts)


def _renamed(record: Any, rows: list[Row]) -> Any:
    """A notice of `fuhyo` that changes the code names the old one in itself."""
    if isinstance(record, HonninRecord):
        return record
    return replace(record, former_code=rows[-1].juminhyo_code if rows and record.notice_kind == "4" else "")


def _live(first: Record, steps: list[dict[str, Any]]) -> tuple[list[Row], list[JukuraError]]:
    """The rows that a life leaves; each notice says what the last row says, but for its own changes."""
    rows: list[Row] = []
    refusals: list[JukuraError] = []
    stated: Record = first
    for step in steps:
        record = _renamed(_counted(replace(stated, **step)), rows)
        kept = [asdict(row) for row in rows]
        try:
            record = check(record)
            decision = judge(
                record,
                rows[-1] if rows else None,
                today=TODAY,
                code=Code(rows[-1].juminhyo_code) if rows and changes_code(record) else Code(),
                announced=ANNOUNCED,
            )
        except (InputError, ConflictError) as refused:
            refusals.append(refused)
        else:
            rows.append(next_row(record, rows[-1] if rows else None, received=NOON, terminal="CS"))
            assert standing_of(rows[-1]) == decision.standing
            stated = record
        assert [asdict(row) for row in rows[: len(kept)]] == kept
    return rows, refusals


def _differing(row: Row, last: Row) -> set[str]:
    bookkeeping = {
        "reason",
        "event_date",
        "notice_kind",
        "serial",
        "struck_flag",
        "retention_flag",
        "status",
        "former_code",
    }
    derived = {"seion_kana", "gaiji_flag", "gaiji_pattern"}
    return (
        {name for name, value in asdict(row).items() if value != getattr(last, name)} - bookkeeping - derived
    )


@settings(max_examples=40)
@given(st.lists(st.builds(lambda a, b: a | b, changes, honnin_only), min_size=1, max_size=12))
def test_a_life_in_honnin(steps: list[dict[str, Any]]) -> None:
    rows, refusals = _live(HONNIN, steps)
    assert len(rows) + len(refusals) == len(steps)
    assert [row.serial for row in rows] == list(range(1, len(rows) + 1))
    standing = Standing.NONE
    for last, row in zip([None, *rows], rows, strict=False):
        assert isinstance(row.juminhyo_code, str)
        reason = getattr(row, "reason")  # noqa: B009 - both kinds of row pass here
        if reason in {"11", "12", "13", "14"}:
            assert standing in {Standing.NONE, Standing.OUT, Standing.GONE}
        else:
            assert last is not None
            undone = reason == "15" and getattr(last, "reason") == "25"  # noqa: B009 - as above
            assert row.municipality == last.municipality or undone or reason == "38"
        if last is not None:
            assert (row.juminhyo_code != last.juminhyo_code) == (reason == "51")
        if reason in {"21", "22", "23", "24", "25"} and last is not None:
            assert not _differing(row, last)
        if reason == "31" and last is not None:
            assert _differing(row, last) <= ADDRESS
            assert _differing(row, last)
        assert standing is not Standing.DEAD or reason == "15", "nothing follows a death but that it was none"
        standing = standing_of(row)


@settings(max_examples=40)
@given(st.lists(st.builds(lambda a, b: a | b, changes, fuhyo_only), min_size=1, max_size=12))
def test_a_life_in_fuhyo(steps: list[dict[str, Any]]) -> None:
    rows, refusals = _live(FUHYO, steps)
    assert len(rows) + len(refusals) == len(steps)
    struck = True
    for last, row in zip([None, *rows], rows, strict=False):
        kind = getattr(row, "notice_kind")  # noqa: B009 - both kinds of row pass here
        assert struck == (kind == "1")
        if kind == "2" and last is not None:
            assert not _differing(row, last)
        if kind == "4" and last is not None:
            assert _differing(row, last) == {"juminhyo_code"}
        struck = standing_of(row) is Standing.STRUCK
        assert struck == (kind == "2")


MOVE = {"reason": "31", "address": "山口県〓町１", "event_date": RegisterDate("20261120")}
LEAVE = {"reason": "21"}
ARRIVE = {"reason": "11", "municipality": "35201", "address": "山口県下関市１"}


def test_an_ordinary_life_is_applied_to_the_end() -> None:
    rows, refusals = _live(
        replace(HONNIN, kojin_bango=""),
        [
            {"reason": "13", "event_date": RegisterDate("19890107")},
            {"reason": "42", "kojin_bango": "123456789018", "event_date": RegisterDate("20151005")},
            MOVE,
            LEAVE,
            ARRIVE,
            {"reason": "34", "kana": "ジュウミン　ジロウ"},
            {"reason": "23", "event_date": RegisterDate("20261100", "5", "11月頃")},
        ],
    )
    assert refusals == []
    assert [standing_of(row) for row in rows] == [*["present"] * 3, "out", "present", "present", "dead"]


def test_a_life_with_mistakes_is_applied_to_the_end() -> None:
    """Entered ex officio, dead by mistake, a 転入 elsewhere that was none, a change undone, another code, another boundary."""
    home = {"municipality": HONNIN.municipality, "address": HONNIN.address}
    rows, refusals = _live(
        HONNIN,
        [
            {"reason": "14"},
            {"reason": "23"},
            {"reason": "15"},
            LEAVE,
            ARRIVE,
            {"reason": "25"},
            {"reason": "15", **home},
            MOVE,
            {"reason": "37", "address": HONNIN.address},
            {"reason": "51", "juminhyo_code": OTHER_CODE},
            {"reason": "38", "municipality": "35201"},
            {"reason": "31", "address": "山口県下関市２"},
        ],
    )
    assert refusals == []
    assert [standing_of(row) for row in rows] == [
        *["present", "dead", "present", "out", "present", "gone"], *["present"] * 6
    ]  # fmt: skip
    assert rows[-1].juminhyo_code == OTHER_CODE


@pytest.mark.parametrize("step", [MOVE, LEAVE, ARRIVE, {"reason": "23"}])
def test_nothing_follows_a_death(step: dict[str, Any]) -> None:
    rows, refusals = _live(HONNIN, [{}, {"reason": "23"}, step])
    assert [refused.code for refused in refusals] == ["reason.dead"]
    assert len(rows) == 2


def test_a_record_of_one_register_is_none_of_the_other() -> None:
    assert isinstance(HONNIN, HonninRecord)
    assert isinstance(FUHYO, FuhyoRecord)
    assert not set(HonninRecord.__struct_fields__) >= set(FuhyoRecord.__struct_fields__)
