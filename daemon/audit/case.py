"""Which entries belong to one case. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from daemon.audit.entry import Header
from daemon.audit.mention import Kind, Mention

TOGETHER = (("notice", "subject"), ("report", "subject"))
"""Sealed fields that entries of one case have in common: a notice of a municipality about somebody, a report of the 機構."""


class Known(NamedTuple):
    """An entry, open."""

    header: Header
    fields: Mapping[str, Any]


def related(one: Known, other: Known) -> bool:
    """Whether both belong to one case; an entry always belongs to its own."""
    return one.header.seq == other.header.seq or any(
        mine == theirs for mine in _marks(one) for theirs in _marks(other)
    )


def leads(one: Known) -> set[Mention]:
    """What every other entry of its case mentions."""
    fields, found = one.fields, set[Mention]()
    if application := str(fields.get("application", "")).strip():
        found.add(Mention(Kind.REFERENCE, application))
    if any(fields.get(name) for name, _ in TOGETHER) and fields.get("subject"):
        found.add(Mention(Kind.SUBJECT, fields["subject"]))
    return found


def _marks(one: Known) -> Iterator[tuple[object, ...]]:
    header, fields = one
    if application := str(fields.get("application", "")).strip():
        # One person's work on one application: two offices may give their applications the same number.
        yield "application", application, header.actor, header.affair
    for names in TOGETHER:
        if all(fields.get(name) for name in names):
            yield names, *(fields[name] for name in names)
