"""Rules of form: whether a record could be right, whoever sends it and whatever the register holds.

Each field has one rule; then the fields are held against each other: every 外字 counted, unified codes those of their
text, a 旧氏 whole, an address abroad complete, what the sender derived equal to what we derive. What comes back is what
is stored: kana as hiragana, municipalities as 5 digits, nothing else touched. The first fault found is reported.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from msgspec.structs import replace

from daemon.errors import AuthorityError, InputError
from daemon.register.codes import five_digits, is_juminhyo_code, is_kojin_bango
from daemon.register.dates import check_date
from daemon.register.derived import ABROAD, derived
from daemon.register.fuhyo_reasons import CODE_CHANGED
from daemon.register.items import UNIFIED
from daemon.register.kana import hiragana, is_kana
from daemon.register.municipalities import EVERY
from daemon.register.names import check_text, gaiji
from daemon.register.rows import FuhyoRecord, HonninRecord, Record
from daemon.register.unified import check_unified

NAME = 100  # graphemes, also of its kana
FORMER_NAME = 50  # graphemes, also of its kana
ADDRESS = 200  # graphemes
MAX_VERSION = 9999  # of a 外字変更連番
TOWN_DIGITS = 6  # 大字 3, 小字 3 (標準仕様書 j250)
SEXES = frozenset("0129")  # 1 男, 2 女, 0 and 9 不明・空欄
ABROAD_ADDRESS = "国外転出者"  # stands for the 住所 of one (住基法17条3号)

R = TypeVar("R", bound=Record)
Rule = Callable[[Any, str], Any]
"""From a value and its field's name to the value to store, or an InputError."""


def _text(limit: int, *, empty: bool = False) -> Rule:
    def rule(value: str, field: str) -> str:
        if not (value or empty):
            raise InputError("record.empty", field=field)
        return check_text(value, field, limit)

    return rule


def _kana(limit: int) -> Rule:
    def rule(value: str, field: str) -> str:
        if not value:
            return value
        kana = hiragana(value) if len(value) <= 2 * limit else value
        if check_text(kana, field, limit) and not is_kana(kana):
            raise InputError("record.not_kana", field=field)
        return kana

    return rule


def _juminhyo_code(value: str, field: str) -> str:
    if not is_juminhyo_code(value):
        raise InputError("record.bad_juminhyo_code", field=field)
    return value


def _former_code(value: str, field: str) -> str:
    return _juminhyo_code(value, field) if value else value


def _kojin_bango(value: str, field: str) -> str:
    if value and not is_kojin_bango(value):
        raise InputError("record.bad_kojin_bango", field=field)
    return value


def _municipality(value: str, field: str) -> str:
    """One of this prefecture, of today or of an earlier day; which of them may be named now is for `reasons`."""
    code = value if value in EVERY else five_digits(value)
    if code is None:
        raise InputError("record.bad_municipality", field=field)
    if code not in EVERY:
        raise InputError("record.unknown_municipality", field=field)
    return code


def _anywhere(value: str, field: str) -> str:
    """Any municipality of the 47 prefectures, or abroad (99999, or empty)."""
    code = five_digits(value) if value else ABROAD
    if code is None or not ("01" <= code[:2] <= "47" or code == ABROAD):
        raise InputError("record.bad_municipality", field=field)
    return code


def _town(value: str, field: str) -> str:
    if len(value) != TOWN_DIGITS or not (value.isascii() and value.isdigit()):
        raise InputError("record.bad_town", field=field)
    return value


def _sex(value: str, field: str) -> str:
    if value not in SEXES:
        raise InputError("record.bad_sex", field=field)
    return value


def _version(value: int, field: str) -> int:
    if not 0 <= value <= MAX_VERSION:
        raise InputError("record.bad_version", field=field)
    return value


def _check_former_name(record: HonninRecord) -> None:
    if not record.former_name and (record.former_name_kana or record.former_name_gaiji_version):
        raise InputError("record.former_name_missing", field="former_name")


def _check_fuhyo(record: FuhyoRecord) -> None:
    abroad = record.address_municipality == ABROAD
    if abroad != (record.address == ABROAD_ADDRESS):
        raise InputError("record.abroad_address", field="address")
    if abroad != bool(record.last_address):
        raise InputError("record.last_address", field="last_address")
    if bool(record.former_code) != (record.notice_kind == CODE_CHANGED):
        raise InputError("record.former_code", field="former_code")


@dataclass(frozen=True)
class _Form:
    """What a register asks of a record: of each field, of the counts and codes of its texts, and of the whole."""

    fields: dict[str, Rule]
    texts: tuple[str, ...]
    whole: Callable[[Any], None]


_FORMS: dict[type, _Form] = {
    HonninRecord: _Form(
        {
            "juminhyo_code": _juminhyo_code,
            "name": _text(NAME),
            "kana": _kana(NAME),
            "birth": check_date,
            "sex": _sex,
            "address": _text(ADDRESS),
            "kojin_bango": _kojin_bango,
            "event_date": check_date,
            "municipality": _municipality,
            "town": _town,
            "name_gaiji_version": _version,
            "address_gaiji_version": _version,
            "former_name": _text(FORMER_NAME, empty=True),
            "former_name_kana": _kana(FORMER_NAME),
            "former_name_gaiji_version": _version,
        },
        tuple(UNIFIED["honnin"].values()),
        _check_former_name,
    ),
    FuhyoRecord: _Form(
        {
            "juminhyo_code": _juminhyo_code,
            "name": _text(NAME),
            "kana": _kana(NAME),
            "birth": check_date,
            "sex": _sex,
            "address_municipality": _anywhere,
            "address": _text(ADDRESS),
            "last_address": _text(ADDRESS, empty=True),
            "event_date": check_date,
            "former_code": _former_code,
            "municipality": _municipality,
        },
        tuple(UNIFIED["fuhyo"].values()),
        _check_fuhyo,
    ),
}


def check(record: R) -> R:
    """`record` as it is to be stored, or an InputError that names the field."""
    form = _FORMS[type(record)]
    changed = {}
    for field, rule in form.fields.items():
        if (kept := rule(sent := getattr(record, field), field)) is not sent:
            changed[field] = kept
    stored = replace(record, **changed) if changed else record
    for field in form.texts:
        text, count, codes = getattr(stored, field), f"{field}_gaiji", f"{field}_unified"
        if getattr(stored, count) != gaiji(text):
            raise InputError("record.gaiji_count", field=count)
        check_unified(getattr(stored, codes), text, codes)
    form.whole(stored)
    for field, value in derived(stored).items():
        if getattr(stored, field) not in (None, value):
            raise InputError("record.derived_differs", field=field)
    return stored


def check_sender(record: Record, sender: str) -> None:
    """Raise unless item 14 names the municipality (5 digits) whose server sent the notice."""
    if record.municipality != sender and five_digits(record.municipality) != sender:
        raise AuthorityError("notice.wrong_sender", field="municipality")
