"""What the register tells the national server (全国サーバ, 附票全国サーバ; 住基法30条の7), over mutual TLS 1.3.

At least once, in order per person: a message may come again after a lost answer or a restore, always with the
same `key`, and the receiver answers `duplicate` then. The real server's protocol is not public; this is ours.
"""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from daemon.contract.endpoint import Endpoint
from daemon.register.rows import FuhyoRow, HonninRow

MAX_UPDATES = 200  # in one batch


class Update(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One applied notice, passed on with all items of the new row."""

    key: str
    """Idempotency key: a digest over (register, sender, notice id, kind), 64 hex digits."""
    register: str
    sender: str
    row: dict[str, Any]
    """A HonninRow or FuhyoRow with all its items, by `register`."""


ROW_TYPES = {"honnin": HonninRow, "fuhyo": FuhyoRow}


class UpdateBatch(Struct, frozen=True, forbid_unknown_fields=True):
    updates: list[Update]


class ReceiptOutcome(StrEnum):
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class Receipt(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    key: str
    outcome: ReceiptOutcome
    code: str = ""


class Receipts(Struct, frozen=True, forbid_unknown_fields=True):
    """One receipt per update, in the order sent."""

    receipts: list[Receipt]


UPDATES = Endpoint("POST", "/v1/updates", UpdateBatch, Receipts)
ENDPOINTS = (UPDATES,)
