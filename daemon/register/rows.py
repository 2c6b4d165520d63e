"""Records as municipalities state them, and rows as the register keeps them.

A *record* is what a notice says of a person; a *row* is one version (更新順番号) of what the register knows, and never
changes. Both are plain values: `daemon.register.checks` says whether a record is well formed,
`daemon.register.reasons` whether it may follow the last row.

`..._unified` is what the field of that name has on the wire of the network: its codes of 住基ネット統一文字
(`daemon.register.unified`), or nothing. It is another form of the item, no item of its own.

Rows are sealed as their values in the order of the fields. A new field comes last and has a default, so that rows
sealed before it was there still open.
"""

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct


class Register(StrEnum):
    """The two registers. They share nothing but the code."""

    HONNIN = "honnin"
    FUHYO = "fuhyo"


class RegisterDate(Struct, frozen=True, forbid_unknown_fields=True, array_like=False):
    """A day as a register writes it: it may be partly or wholly unknown, and need not be in the calendar.

    `code` is YYYYMMDD with 00 for an unknown month or day and 0000 for an unknown year; `era` is 1 明治, 2 大正, 3 昭和,
    4 平成, 5 令和, 0 西暦; `text` is the 不詳 expression as written, or empty.
    """

    code: str
    era: str = "0"
    text: str = ""


class HonninRecord(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a notice to `honnin` states: items of origin SENDER, and those DERIVED if the sender states them."""

    juminhyo_code: str
    name: str
    name_gaiji: int
    kana: str
    birth: RegisterDate
    sex: str
    address: str
    address_gaiji: int
    kojin_bango: str
    reason: str
    event_date: RegisterDate
    municipality: str
    town: str
    name_gaiji_version: int
    address_gaiji_version: int
    former_name: str
    former_name_gaiji: int
    former_name_kana: str
    former_name_gaiji_version: int
    seion_kana: str | None = None
    gaiji_flag: str | None = None
    struck_flag: str | None = None
    name_unified: str = ""
    address_unified: str = ""
    former_name_unified: str = ""


class FuhyoRecord(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a notice to `fuhyo` states."""

    juminhyo_code: str
    name: str
    name_gaiji: int
    kana: str
    birth: RegisterDate
    sex: str
    address_municipality: str
    address: str
    address_gaiji: int
    last_address: str
    last_address_gaiji: int
    event_date: RegisterDate
    former_code: str
    municipality: str
    notice_kind: str
    status: str | None = None
    gaiji_flag: str | None = None
    gaiji_pattern: str | None = None
    name_unified: str = ""
    address_unified: str = ""
    last_address_unified: str = ""


class HonninRow(Struct, frozen=True, kw_only=True):
    """All 28 items of one version, in the order of 別添2(1)."""

    juminhyo_code: str
    name: str
    name_gaiji: int
    kana: str
    birth: RegisterDate
    sex: str
    address: str
    address_gaiji: int
    kojin_bango: str
    reason: str
    event_date: RegisterDate
    retention_flag: str
    seion_kana: str
    municipality: str
    town: str
    operator_id: str
    terminal_id: str
    updated_at: datetime
    received_on: date
    gaiji_flag: str
    struck_flag: str
    serial: int
    name_gaiji_version: int
    address_gaiji_version: int
    former_name: str
    former_name_gaiji: int
    former_name_kana: str
    former_name_gaiji_version: int
    name_unified: str = ""
    address_unified: str = ""
    former_name_unified: str = ""


class FuhyoRow(Struct, frozen=True, kw_only=True):
    """All 18 items of one version, in the order of 別添2(2), then the register's own bookkeeping."""

    juminhyo_code: str
    name: str
    name_gaiji: int
    kana: str
    birth: RegisterDate
    sex: str
    address_municipality: str
    address: str
    address_gaiji: int
    last_address: str
    last_address_gaiji: int
    event_date: RegisterDate
    former_code: str
    municipality: str
    status: str
    gaiji_flag: str
    gaiji_pattern: str
    notice_kind: str
    updated_at: datetime
    received_on: date
    serial: int
    name_unified: str = ""
    address_unified: str = ""
    last_address_unified: str = ""


Record = HonninRecord | FuhyoRecord
Row = HonninRow | FuhyoRow
