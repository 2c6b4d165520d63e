"""One invented person in each register, for tests that change one thing at a time, and what becomes of a change."""

from typing import Any

import pytest
from msgspec.structs import replace

from daemon.errors import ConflictError, JukuraError
from daemon.register.reasons import Boundary, Code, Decision, judge
from daemon.register.rows import FuhyoRecord, FuhyoRow, HonninRecord, HonninRow, Record, RegisterDate, Row
from daemon.register.versions import next_row
from tests.register.strategies import TODAY
from tests.register.times import NOON

OTHER_CITY = "35201"
OTHER_NUMBER = "987654321093"
OTHER_CODE = "24846016224"

HONNIN = HonninRecord(
    juminhyo_code="24727059608",
    name="住民　太郎",
    name_gaiji=0,
    kana="じゅうみん　たろう",
    birth=RegisterDate("19890107", "3"),
    sex="1",
    address="山口県山口市滝町１番１号",
    address_gaiji=0,
    kojin_bango="123456789018",
    reason="11",
    event_date=RegisterDate("20261120", "5"),
    municipality="35203",
    town="001000",
    name_gaiji_version=0,
    address_gaiji_version=0,
    former_name="",
    former_name_gaiji=0,
    former_name_kana="",
    former_name_gaiji_version=0,
)

FUHYO = FuhyoRecord(
    juminhyo_code="24727059608",
    name="住民　太郎",
    name_gaiji=0,
    kana="じゅうみん　たろう",
    birth=RegisterDate("19890107", "3"),
    sex="1",
    address_municipality="13104",
    address="東京都新宿区西新宿２丁目８番１号",
    address_gaiji=0,
    last_address="",
    last_address_gaiji=0,
    event_date=RegisterDate("20261120", "5"),
    former_code="",
    municipality="35203",
    notice_kind="1",
)

OTHER: dict[str, Any] = {
    "name": "別　人", "name_gaiji": 3, "kana": "べつ　じん", "birth": RegisterDate("19500101"), "sex": "2",
    "address": "別の住所", "address_gaiji": 3, "kojin_bango": OTHER_NUMBER, "town": "999999", "name_gaiji_version": 7,
    "address_gaiji_version": 7, "former_name": "別", "former_name_gaiji": 3, "former_name_kana": "べつ",
    "former_name_gaiji_version": 7, "juminhyo_code": OTHER_CODE, "address_municipality": "27100",
    "last_address": "別の最終住所", "last_address_gaiji": 3,
}  # fmt: skip
"""Another value for every item but 14."""


CHANGE: dict[str, dict[str, Any]] = {
    "13": {"kojin_bango": ""},
    "31": {"address": "山口県山口市滝町２番２号"},
    "32": {"name": "住民　次郎"},
    "33": {"address": "山口県山口市滝町１－１"},
    "34": {"kana": "じゅうみん　たらう"},
    "35": {"former_name": "住基"},
    "36": {"name": "住民　太郎（通称）"},
    "37": {"name": "住民　次郎"},
    "38": {"municipality": OTHER_CITY, "address": "山口県下関市滝町１番１号"},
    "41": {"kojin_bango": OTHER_NUMBER},
    "42": {},
    "51": {"juminhyo_code": OTHER_CODE},
}
"""One change that each reason asks for, against `HONNIN`."""


def row_of(record: Record, **changes: Any) -> Row:
    """`record` with `changes` as the first row of a life."""
    return next_row(replace(record, **changes), None, received=NOON, terminal="CS-35203")


def honnin_row(reason: str = "11", **changes: Any) -> HonninRow:
    """The person of `honnin`, as a notice for `reason` left them."""
    row = row_of(HONNIN, reason=reason, **changes)
    assert isinstance(row, HonninRow)
    return row


def fuhyo_row(kind: str = "1", **changes: Any) -> FuhyoRow:
    """The person of `fuhyo`, as a notice of `kind` left them."""
    row = row_of(FUHYO, notice_kind=kind, **changes)
    assert isinstance(row, FuhyoRow)
    return row


MOVING = (Boundary(HONNIN.municipality, OTHER_CITY, 20261120),)
"""An announced change: part of one city belongs to the other."""
KNOWN: dict[str, dict[str, Any]] = {
    "38": {"announced": MOVING},
    "51": {"code": Code(old=HONNIN.juminhyo_code)},
}
"""What a reason needs to be known beside the last row, of `HONNIN`."""


def judged(record: Record, last: Row | None, **known: Any) -> Decision:
    """What the table says of `record` after `last`, today."""
    return judge(record, last, today=TODAY, **known)


def refusal(
    record: Record, last: Row | None, error: type[JukuraError] = ConflictError, **known: Any
) -> tuple[str, str]:
    """Code and field with which `record` is refused after `last`."""
    with pytest.raises(error) as refused:
        judged(record, last, **known)
    return refused.value.code, refused.value.field
