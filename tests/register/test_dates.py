"""Dates of a register: which exist, what they may stand for, and what a form takes."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.errors import InputError
from daemon.register.dates import check_date, is_calendar, is_complete, of_day, parse_query, span
from daemon.register.eras import ALL
from daemon.register.rows import RegisterDate
from tests.register.strategies import TODAY, births, calendar_days, era_of, written


def _code(day: RegisterDate) -> str:
    with pytest.raises(InputError) as refused:
        check_date(day, "birth")
    assert refused.value.field == "birth"
    return refused.value.code


@given(births)
def test_every_form_of_a_register_passes_untouched(day: RegisterDate) -> None:
    assert check_date(day, "birth") is day


@pytest.mark.parametrize(
    "day",
    [
        RegisterDate("19120730", "1"),  # 明治45年7月30日 and 大正元年7月30日 are one day (domain.md §3)
        RegisterDate("19120730", "2"),
        RegisterDate("19261225", "2"),  # 大正15年12月25日, 昭和元年12月25日
        RegisterDate("19261225", "3"),
        RegisterDate("19890107", "3"),
        RegisterDate("19890108", "4"),
        RegisterDate("20190430", "4"),
        RegisterDate("20190501", "5"),
        RegisterDate("20250229"),  # outside the calendar, and legal (標準仕様書 j80)
        RegisterDate("19000229", "1"),
        RegisterDate("00000000", text="年月日不詳"),
        RegisterDate("00000000", "5", "令和年月日不詳"),
        RegisterDate("19890000", "3"),
        RegisterDate("19890000", "4"),
        RegisterDate("19450300", text="昭和20年3月頃"),
    ],
)
def test_unknown_and_odd_dates_that_are_legal(day: RegisterDate) -> None:
    assert check_date(day, "birth") == day


@pytest.mark.parametrize(
    "code",
    [
        "20250230", "20250431", "20251301", "20250132", "20250001", "00000101", "00000001", "00000100", "18491231", "23000101",
        "1989010", "198901011", "1989-1-1", "１９８９０１０１", "", "19890107\n", "-9890107",
    ],
)  # fmt: skip
def test_no_other_date_exists(code: str) -> None:
    assert _code(RegisterDate(code)) == "record.bad_date"


@pytest.mark.parametrize(
    "day",
    [
        RegisterDate("19890108", "3"),
        RegisterDate("19890107", "4"),
        RegisterDate("20190501", "4"),
        RegisterDate("20190430", "5"),
        RegisterDate("19120731", "1"),
        RegisterDate("19261226", "2"),
        RegisterDate("19890200", "3"),
        RegisterDate("20190400", "5"),
        RegisterDate("19900000", "3"),
        RegisterDate("19890107", "6"),
        RegisterDate("19890107", ""),
        RegisterDate("19890107", "昭和"),
    ],
)
def test_a_date_lies_in_its_era(day: RegisterDate) -> None:
    assert _code(day) == "record.bad_era"


# 不詳日入力一覧 of 標準仕様書 j80, all fourteen, with the code that says what is known.
UNKNOWN_DATES = [
    ("令和５年頃", RegisterDate("20230000", "5"), (20230101, 20231231)),
    ("令和５年４月頃", RegisterDate("20230400", "5"), (20230401, 20230430)),
    ("令和５年４月１日頃", RegisterDate("20230401", "5"), (20230401, 20230401)),
    ("推定令和５年４月１日", RegisterDate("20230401", "5"), (20230401, 20230401)),
    ("推定令和５年４月", RegisterDate("20230400", "5"), (20230401, 20230430)),
    ("令和５年春", RegisterDate("20230000", "5"), (20230101, 20231231)),
    ("令和５年２月上旬", RegisterDate("20230200", "5"), (20230201, 20230229)),
    ("令和元年５月中旬頃", RegisterDate("20190500", "5"), (20190501, 20190531)),
    ("年月日不詳", RegisterDate("00000000"), (0, 99991231)),
    ("令和元年　月日不詳", RegisterDate("20190000", "5"), (20190501, 20191231)),
    ("令和５年１２月　日不詳", RegisterDate("20231200", "5"), (20231201, 20231231)),
    ("令和５年４月１日から４月３０日頃までの間", RegisterDate("20230400", "5"), (20230401, 20230430)),
    ("令和５年４月推定１日から１０日までの間", RegisterDate("20230400", "5"), (20230401, 20230430)),
    ("令和５年４月１日頃から１０日頃までの間", RegisterDate("20230400", "5"), (20230401, 20230430)),
]


@pytest.mark.parametrize(("text", "day", "days"), UNKNOWN_DATES)
def test_every_unknown_date_of_the_standard_is_kept_with_its_expression(
    text: str, day: RegisterDate, days: tuple[int, int]
) -> None:
    stated = replace(day, text=text)
    assert check_date(stated, "birth") == stated
    assert span(stated) == days


@pytest.mark.parametrize("text", ["みなし昭和２０年３月１日", "昭和２０年（みなし）"])
def test_nobody_gets_an_assumed_date(text: str) -> None:
    # 「みなし生年月日等を作成できること」 stands among what must not be built (標準仕様書 j80).
    assert _code(RegisterDate("19450301", "3", text)) == "record.assumed_date"


def test_the_text_of_an_unknown_date_is_text_like_any_other() -> None:
    assert _code(RegisterDate("00000000", text="不詳\u202e")) == "record.bad_character"
    assert _code(RegisterDate("00000000", text="不" * 41)) == "record.too_long"


@pytest.mark.parametrize(
    ("day", "days"),
    [
        (RegisterDate("19890107", "3"), (19890107, 19890107)),
        (RegisterDate("19890200"), (19890201, 19890229)),
        (RegisterDate("19890400"), (19890401, 19890430)),
        (RegisterDate("19890000"), (19890101, 19891231)),
        (RegisterDate("19890000", "3"), (19890101, 19890107)),
        (RegisterDate("19890000", "4"), (19890108, 19891231)),
        (RegisterDate("19890100", "4"), (19890108, 19890131)),
        (RegisterDate("00000000"), (0, 99991231)),
        (RegisterDate("00000000", "3"), (19261225, 19890107)),
        (RegisterDate("00000000", "5"), (20190501, 99991231)),
    ],
)
def test_span(day: RegisterDate, days: tuple[int, int]) -> None:
    assert span(day) == days


@given(births)
def test_a_span_begins_before_it_ends_and_one_day_is_one_day(day: RegisterDate) -> None:
    first, last = span(day)
    assert first <= last
    assert (first == last) == is_complete(day)


@given(calendar_days, st.booleans())
def test_a_day_of_the_calendar_is_complete_and_spans_itself(day: date, era: bool) -> None:  # noqa: FBT001
    number = int(day.strftime("%Y%m%d"))
    assert is_calendar(written(day, era=era))
    assert span(of_day(day, era=era_of(day) if era else "0")) == (number, number)


def test_what_is_no_day_of_the_calendar() -> None:
    for code in ("20250229", "20250200", "20250000", "00000000"):
        assert not is_calendar(RegisterDate(code))
    assert is_complete(RegisterDate("20250229"))
    assert is_calendar(RegisterDate("20240229"))


def test_one_era_begins_where_the_other_ends() -> None:
    assert [era.first for era in ALL] == sorted(era.first for era in ALL)
    assert all(before.last <= after.first for before, after in pairwise(ALL))
    assert [era.year(era.last // 10000) for era in ALL[:-1]] == [45, 15, 64, 31]


@pytest.mark.parametrize(
    ("typed", "days"),
    [
        ("19890107", (19890107, 19890107)),
        ("198901", (19890101, 19890131)),
        ("1989", (19890101, 19891231)),
        ("1989-01-07", (19890107, 19890107)),
        ("1989/1/7", (19890107, 19890107)),
        ("1989.1", (19890101, 19890131)),
        ("1989年1月7日", (19890107, 19890107)),
        ("1989年", (19890101, 19891231)),
        ("西暦1989年1月", (19890101, 19890131)),
        ("昭和64年1月7日", (19890107, 19890107)),
        ("昭和64年", (19890101, 19890107)),
        ("昭和６４年　１月", (19890101, 19890107)),
        ("S64.1.7", (19890107, 19890107)),
        ("s64/1", (19890101, 19890107)),
        ("Ｓ６４", (19890101, 19890107)),
        ("S640107", (19890107, 19890107)),
        ("平成元年", (19890108, 19891231)),
        ("H1", (19890108, 19891231)),
        ("令和8年11月", (20261101, 20261130)),
        ("明治45.7.30", (19120730, 19120730)),
        ("大正15年12月25日", (19261225, 19261225)),
        ("昭和元年12月25日", (19261225, 19261225)),
        ("20250229", (20250229, 20250229)),
        ("198902", (19890201, 19890229)),
        ("19890100", (19890101, 19890131)),
        (" 1989 ", (19890101, 19891231)),
    ],
)
def test_what_a_form_takes(typed: str, days: tuple[int, int]) -> None:
    assert parse_query(typed) == days


@pytest.mark.parametrize(
    "typed",
    [
        "20250230", "明治99年", "昭和65年", "昭和64年1月8日", "昭和64年2月", "平成31年5月1日", "昭和0年", "S0", "0000", "00000000",
        "19891301", "198913", "1989-1/7", "1989年1", "1989-", "89", "890107", "元年", "S", "昭和", "X1.1.1", "1989%",
        "1989 OR 1=1", "", "　", "٣١٢٣", "1989\x00", "1989\u202e", "1700", "2300", "1" * 10_000, "昭和64年1月7日生まれの人を全部ください",
    ],
)  # fmt: skip
def test_what_is_no_date_is_an_error_never_an_empty_answer(typed: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_query(typed)
    assert (refused.value.code, refused.value.field) == ("search.bad_date", "birth")


def test_nobody_is_born_tomorrow() -> None:
    with pytest.raises(InputError):
        parse_query("20261125", today=TODAY)
    assert parse_query("20261124", today=TODAY) == (20261124, 20261124)
    assert parse_query("令和8年", today=TODAY) == (20260101, 20261231)


@given(calendar_days)
def test_every_way_of_writing_a_day_finds_that_day(day: date) -> None:
    number = int(day.strftime("%Y%m%d"))
    era = next(era for era in ALL if era.code == era_of(day))
    year = day.year - era.first // 10000 + 1
    for typed in (
        f"{number}",
        f"{day.year}-{day.month:02}-{day.day:02}",
        f"{day.year}/{day.month}/{day.day}",
        f"{era.name}{year}年{day.month}月{day.day}日",
        f"{era.letter}{year}.{day.month}.{day.day}",
        f"{era.letter.lower()}{year:02}{day.month:02}{day.day:02}",
    ):
        assert parse_query(typed) == (number, number)


@given(births)
def test_a_person_is_found_by_the_year_and_month_the_register_knows(day: RegisterDate) -> None:
    first, last = span(day)
    for digits in (8, 6, 4):
        if day.code[:digits].strip("0") and "00" not in (day.code[4:digits], day.code[6:digits]):
            asked = parse_query(day.code[:digits])
            assert asked[0] <= last
            assert first <= asked[1]


@given(st.text(max_size=12))
def test_any_text_is_a_date_or_an_error_of_ours(text: str) -> None:
    try:
        first, last = parse_query(text)
    except InputError:
        return
    assert 18500101 <= first <= last <= 99991231
