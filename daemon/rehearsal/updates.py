"""What a national server makes of one update: strict, and blind to everything but its order."""

import re
from typing import Any

from daemon.contract.codec import shape
from daemon.contract.national import Update
from daemon.errors import InputError
from daemon.register.rows import FuhyoRow, HonninRow, Register

_KEY = re.compile(r"[0-9a-f]{64}")
_SHAPES: dict[Register, type[HonninRow] | type[FuhyoRow]] = {
    Register.HONNIN: HonninRow,
    Register.FUHYO: FuhyoRow,
}


def read_update(update: Update, register: Register) -> tuple[str, int]:
    """Whom it is about (住民票コード) and which version it is; nobody and 0 where its row was erased.

    InputError if anything in it is not as agreed.
    """
    if not _KEY.fullmatch(update.key):
        raise InputError("national.bad_key", field="key")
    if update.number < 1 or (update.erased and not update.repeat):
        raise InputError("national.bad_number", field="number")
    if update.register != register:
        raise InputError("national.other_register", field="register")
    if update.erased:
        return _nothing(update)
    row = _row(update.row, _SHAPES[register])
    if row.municipality != update.sender:
        raise InputError("national.other_sender", field="sender")
    return row.juminhyo_code, row.serial


def _nothing(update: Update) -> tuple[str, int]:
    """Of an erased row nothing may come."""
    if update.row:
        raise InputError("json.wrong_shape", field="row")
    return "", 0


def _row(value: dict[str, Any], kind: type[HonninRow] | type[FuhyoRow]) -> HonninRow | FuhyoRow:
    """All items of `kind` and no others."""
    if value.keys() != set(kind.__struct_fields__):
        raise InputError("json.wrong_shape", field="row")
    return shape(value, kind)
