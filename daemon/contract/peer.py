"""What a municipality's server (市町村CS) may send, over mutual TLS 1.3 with JSON bodies (text where a witness of the log speaks).

The sender is the certificate's SAN URI `urn:jukura:municipality:<5 digits>`; nothing in a body can change it.
One notice that is refused does not stop its neighbours: each gets a verdict of its own, in the order sent.

Texts are Unicode, a kanji with its variation selector where it needs one (Moji_Joho), counted by graphemes; a 外字 is 〓.
Beside a text its codes of 住基ネット統一文字 may stand (`name_unified` and the like): four upper-case hex digits for each
grapheme, a space `3000` or `0020`, a 外字 `0000`; the empty string where none are given. They must be the codes of that
text (`daemon.register.unified`), and are kept and passed on as they came.
"""

from datetime import date
from enum import StrEnum
from typing import Any

from msgspec import Struct

from daemon.contract.announcements import ANNOUNCEMENTS
from daemon.contract.endpoint import Endpoint
from daemon.contract.holds import ENDPOINTS as HOLD_ENDPOINTS
from daemon.contract.reconciliation import RECONCILIATION_ENDPOINTS
from daemon.contract.reports import REPORT_ENDPOINTS
from daemon.contract.witnessing import WITNESS_ENDPOINTS
from daemon.register.rows import FuhyoRecord, HonninRecord

MAX_BODY = 4 * 1024 * 1024  # bytes
MAX_NOTICES = 500  # in one batch
MAX_NOTICE = 16 * 1024  # bytes of one notice
MAX_ID = 64  # characters, from A-Z a-z 0-9 . _ -


class HonninNotice(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One notice (住基法30条の6). `id` names it for ever within its sender."""

    id: str
    sender_seq: int
    """The sender's own count of notices about this person, from 1 (the register judges order by it).

    One that runs ahead is held until those before it have come. A refused notice does not count: its number is used again.
    The count taken last, with another reason or date and otherwise the same, tells that notice anew.
    """
    record: HonninRecord
    old_code: str = ""
    """With 51 alone: the 住民票コード until now (the 28 items have no room for it)."""


class FuhyoNotice(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One notice of the supplementary register (住基法30条の41)."""

    id: str
    sender_seq: int
    record: FuhyoRecord


Notice = HonninNotice | FuhyoNotice
NOTICE_TYPES: dict[str, type[HonninNotice] | type[FuhyoNotice]] = {
    "honnin": HonninNotice,
    "fuhyo": FuhyoNotice,
}


class NoticeBatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What is posted: up to `MAX_NOTICES` notices, each decoded on its own."""

    notices: list[Any]


class Outcome(StrEnum):
    """What became of a notice."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    """The same notice was applied before: `serial` is the one given then."""
    HELD = "held"
    """It waits (保留) for another one: `code` says for what, `until` how long. It is applied by itself."""
    REFUSED = "refused"


class Verdict(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one notice. `id` is empty where the notice was too broken to name itself."""

    id: str
    outcome: Outcome
    serial: int | None = None
    """更新順番号 given to the new row."""
    until: date | None = None
    """The last day (in Japan) on which a held notice may still be applied."""
    code: str = ""
    field: str = ""
    ja: str = ""
    en: str = ""
    warnings: list[str] = []


class Verdicts(Struct, frozen=True):
    """One verdict per notice, in the order sent."""

    verdicts: list[Verdict]


NOTICES = Endpoint("POST", "/v1/notices", NoticeBatch, Verdicts)
ENDPOINTS = (
    NOTICES, *HOLD_ENDPOINTS, *REPORT_ENDPOINTS, *RECONCILIATION_ENDPOINTS, ANNOUNCEMENTS, *WITNESS_ENDPOINTS,
)  # fmt: skip
