"""A question to the log as it was asked, read into what is wanted. Pure. What cannot be read is an InputError that names the field."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.audit.days import is_of
from daemon.audit.entry import IDENTIFIER, Outcome
from daemon.audit.mention import Kind, Mention
from daemon.audit.reading import Wanted
from daemon.commands.caller import require_text
from daemon.commands.inquiries.lookup import code_typed
from daemon.contract.log import LogSearch
from daemon.errors import InputError

NUMBER = 8  # bytes of a cursor that are an entry's place; as many are of the question
END = 2**63 - 1
"""Above every entry."""

FORMS: dict[str, Callable[[str], object]] = {
    "actor": IDENTIFIER.fullmatch,
    "terminal": IDENTIFIER.fullmatch,
    "affair": IDENTIFIER.fullmatch,
    "action": lambda text: any(is_of(action, text) for action in Action),
    "outcome": lambda text: text in set(Outcome),
}
"""What each may be, where it is given: a typing error must not look like "there was none"."""


@dataclass(frozen=True)
class Asked:
    """What is wanted."""

    wanted: Wanted
    mention: Mention | None
    below: int
    """Of entries before this one."""


def read(query: LogSearch) -> Asked:
    """What `query` asks for."""
    for field, form in FORMS.items():
        if (value := getattr(query, field)) and not form(value):
            raise InputError("log.bad_filter", field=field)
    for field in ("since", "until"):
        moment: datetime | None = getattr(query, field)
        if moment is not None and moment.tzinfo is None:
            raise InputError("log.bad_filter", field=field)
    return Asked(
        Wanted(
            since=query.since,
            until=query.until,
            actor=query.actor,
            terminal=query.terminal,
            action=query.action,
            outcome=query.outcome,
            affair=query.affair,
        ),
        _mention(query),
        _below(query),
    )


def _mention(query: LogSearch) -> Mention | None:
    """By whom or what entries are to be found, which needs a reason."""
    if not (query.subject or query.reference):
        return None
    if query.subject and query.reference:
        raise InputError("log.one_mention", field="reference")
    require_text(query.purpose, "purpose")
    require_text(query.application, "application")
    if query.subject:
        return Mention(Kind.SUBJECT, code_typed(query.subject, field="subject"))
    return Mention(Kind.REFERENCE, require_text(query.reference, "reference"))


def cursor(query: LogSearch, seq: int) -> str:
    """Where to go on with this question, below `seq`; empty for 0."""
    return (seq.to_bytes(NUMBER, "big") + _question(query)).hex() if seq else ""


def _below(query: LogSearch) -> int:
    if not query.after:
        return END
    given = bytes.fromhex(query.after)
    if given[NUMBER:] != _question(query):
        raise InputError("log.cursor_other", field="after")
    return int.from_bytes(given[:NUMBER], "big")


def _question(query: LogSearch) -> bytes:
    """A digest of all that is asked, but for where to go on."""
    return blake2b(msgspec.json.encode(replace(query, after="")), digest_size=NUMBER).digest()


def terms(query: LogSearch) -> dict[str, Any]:
    """The conditions that were given, for the entry that the question leaves."""
    names = ("since", "until", *FORMS)
    given = {name: getattr(query, name) for name in names if getattr(query, name)}
    return {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in given.items()
    }
