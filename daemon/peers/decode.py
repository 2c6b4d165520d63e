"""From the bytes that a municipality posted to its notices: strict, each notice on its own. Pure."""

import re

from daemon.commands.notices.receiving import Broken
from daemon.contract.codec import parse as parse_json
from daemon.contract.codec import shape, weigh
from daemon.contract.peer import MAX_ID, MAX_NOTICE, MAX_NOTICES, NOTICE_TYPES, Notice, NoticeBatch
from daemon.errors import InputError, JukuraError, TooMuchError
from daemon.register.rows import Register

MOST_OBJECTS = 16 * MAX_NOTICES  # a notice is four or five objects
_ID = re.compile(rf"[A-Za-z0-9._-]{{1,{MAX_ID}}}", re.ASCII)


def parse(body: bytes, register: Register) -> list[Notice | Broken]:
    """The notices in `body`, broken ones in their places; InputError or TooMuchError where the whole is no batch."""
    # Reading an object costs a hundred times the byte that opens it; whoever sends a million of them sends no notices.
    if body.count(b"{") > MOST_OBJECTS:
        raise TooMuchError("notice.too_many", field="notices")
    whole = parse_json(body)
    if not isinstance(whole, dict):
        weigh(whole)
    batch = shape(whole, NoticeBatch)
    if not batch.notices:
        raise InputError("notice.empty_batch", field="notices")
    if len(batch.notices) > MAX_NOTICES:
        raise TooMuchError("notice.too_many", field="notices")
    return [_one(value, register) for value in batch.notices]


def _one(value: object, register: Register) -> Notice | Broken:
    try:
        if weigh(value) > MAX_NOTICE:
            raise TooMuchError("notice.too_large")
        notice = shape(value, NOTICE_TYPES[register])
        if not _ID.fullmatch(notice.id):
            raise InputError("notice.bad_id", field="id")
        if notice.sender_seq < 1:
            raise InputError("notice.bad_sequence", field="sender_seq")
    except JukuraError as error:
        return Broken(_name(value), error)
    return notice


def _name(value: object) -> str:
    """The id that a broken notice gives itself, so that its sender can tell which it was; empty if none can be read."""
    name = value.get("id") if isinstance(value, dict) else None
    return name if isinstance(name, str) and _ID.fullmatch(name) else ""
