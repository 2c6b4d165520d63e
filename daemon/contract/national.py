"""What the register tells the national server (全国サーバ, 附票全国サーバ; 住基法30条の7), over mutual TLS 1.3.

At least once, in order per person: a message may come again after a lost answer or a restore, always with the
same `key`, and the receiver answers `duplicate` then. A batch holds one message about a person at the most, so a refusal
never lets a later one of the same person pass. The real server's protocol is not public; this is ours.
"""

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct

from daemon.contract.endpoint import Endpoint
from daemon.register.rows import FuhyoRow, HonninRow

MAX_UPDATES = 200  # in one batch
NUMBER_REUSED = "national.number_reused"
"""The code of an update whose number another one had: a register that was restored from a backup learns so where to go on."""


class Update(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One applied notice, passed on with all items of the new row."""

    key: str
    """Idempotency key: a digest over (register, sender, notice id, kind), 64 hex digits."""
    register: str
    sender: str
    number: int = 0
    """Running number of the register's messages, from 1: the first to go out has the first. One that was refused keeps
    its number to itself, and has another one when it is sent anew."""
    repeat: bool = False
    """Whether it was asked for again (`daemon.contract.inbound.AGAIN`); number and key are those of the first time."""
    erased: bool = False
    """A repeat of a row that was erased meanwhile (消去): `row` is empty."""
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
    given: Annotated[int, Meta(ge=0, lt=2**62)] = 0
    """With `NUMBER_REUSED` the highest number that came from this register: it gives higher ones from then on."""


class Receipts(Struct, frozen=True, forbid_unknown_fields=True):
    """One receipt per update, in the order sent."""

    receipts: list[Receipt]


UPDATES = Endpoint("POST", "/v1/updates", UpdateBatch, Receipts)
ENDPOINTS = (UPDATES,)
