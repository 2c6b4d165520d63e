"""Which entries belong to one case: from the notice as it came, over its hold, to its delivery; or one person's work on one application. Pure."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from daemon.audit.entry import Header
from daemon.audit.mention import Kind, Mention

TOGETHER = (("notice", "subject"), ("report", "subject"))
"""Sealed fields that entries of one case have in common: a notice of a municipality about somebody, a report of the 機構."""

Mark = tuple[object, ...]
"""What two entries of one case have in common."""


class Known(NamedTuple):
    """An entry, open."""

    header: Header
    fields: Mapping[str, Any]


def belonging(one: Known, others: Collection[Known]) -> list[Known]:
    """Those of `others` that are of its case.

    What belongs together with one of them does too: a held notice has its delivery in common with nothing but the entry of its becoming a row. A
    delivery is of many cases, and leads from none of them to another.
    """
    wanted, left, found = set(_marks(one)), list(others), list[Known]()
    while more := [each for each in left if not wanted.isdisjoint(_marks(each))]:
        found += more
        left = [each for each in left if wanted.isdisjoint(_marks(each))]
        wanted.update(mark for each in more if "serials" not in each.fields for mark in _marks(each))
    return found


def leads(one: Known) -> set[Mention]:
    """What the other entries of its case mention."""
    fields, found = one.fields, set[Mention]()
    if application := str(fields.get("application", "")).strip():
        found.add(Mention(Kind.REFERENCE, application))
    if any(fields.get(name) for name, _ in TOGETHER) and fields.get("subject"):
        found.add(Mention(Kind.SUBJECT, fields["subject"]))
    return found.union(Mention(Kind.SUBJECT, subject) for subject, _ in _versions(fields))


def _marks(one: Known) -> Iterator[Mark]:
    header, fields = one
    if application := str(fields.get("application", "")).strip():
        # One person's work on one application: two offices may give their applications the same number.
        yield "application", application, header.actor, header.affair
    for names in TOGETHER:
        if all(fields.get(name) for name in names):
            yield names, *(fields[name] for name in names)
    for version in _versions(fields):
        yield "version", *version


def _versions(fields: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """The versions of people that it is about, by 住民票コード and serial."""
    if fields.get("subject") and fields.get("serial"):
        yield fields["subject"], fields["serial"]
    yield from zip(fields.get("subjects", ()), fields.get("serials", ()), strict=False)
