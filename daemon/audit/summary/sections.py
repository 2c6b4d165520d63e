"""The sections of the summary: each a table, under one of the six views of an external audit (assessment IV-1). Pure.

A section that is to come is one more line of `SECTIONS`, with its words.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from daemon.audit.summary.tally import Row, Tally
from daemon.contract.actions import called

HOURS = tuple(f"{hour:02}" for hour in range(24))


class View(StrEnum):
    """外部監査の観点, in the assessment's order."""

    ORGANISATION = "organisation"
    ASSETS = "assets"
    PHYSICAL = "physical"
    PERSONNEL = "personnel"
    TECHNICAL = "technical"
    OPERATION = "operation"


class Person(NamedTuple):
    """An account as it stands when the summary is made; without the name."""

    id: str
    department: str
    roles: Sequence[str]


@dataclass(frozen=True)
class Counted:
    """What the summary is made of."""

    tally: Tally
    people: Sequence[Person]


class Section(NamedTuple):
    """One table."""

    name: str
    """Its words, and its file `summary-<name>.csv`."""
    view: View
    columns: Row
    rows: Callable[[Counted], Iterator[Row]]


def _people(counted: Counted) -> Iterator[Row]:
    for person in sorted(counted.people):
        yield person.id, person.department, " ".join(person.roles)


def _approvals(counted: Counted) -> Iterator[Row]:
    for one in counted.tally.approvals:
        yield (
            one.action, called(one.action).ja, one.asked_seq, one.asked_time, one.asked_actor,
            str(one.seq), one.time, one.actor,
        )  # fmt: skip


def _acts(counted: Counted) -> Iterator[Row]:
    by_hour: dict[Row, Counter[str]] = defaultdict(Counter)
    for (*who, hour), count in counted.tally.counts["acts"].items():
        by_hour[tuple(who)][hour] += count
    for (actor, action), hours in sorted(by_hour.items()):
        yield (
            actor, action, called(action).ja, str(hours.total()), *(str(hours[hour]) for hour in HOURS),
        )  # fmt: skip


def _peers(counted: Counted) -> Iterator[Row]:
    volumes = counted.tally.counts["volumes"]
    for (peer, action, outcome), count in sorted(counted.tally.counts["peers"].items()):
        yield (
            peer, action, called(action).ja, outcome, str(count), str(volumes[peer, action, outcome]),
        )  # fmt: skip


def _findings(counted: Counted) -> Iterator[Row]:
    for one in counted.tally.findings:
        yield (
            str(one.seq), one.time, one.action, called(one.action).ja, one.actor, one.outcome, one.code,
            one.figures,
        )  # fmt: skip


def _counted(name: str, action: int) -> Callable[[Counted], Iterator[Row]]:
    """The rows of one count, with the meaning of the action that stands in column `action`."""

    def rows(counted: Counted) -> Iterator[Row]:
        for row, count in sorted(counted.tally.counts[name].items()):
            yield (*row[: action + 1], called(row[action]).ja, *row[action + 1 :], str(count))

    return rows


SECTIONS: tuple[Section, ...] = (
    Section("people", View.ORGANISATION, ("actor", "department", "roles"), _people),
    Section(
        "approvals", View.ORGANISATION,
        ("action", "meaning", "asked_seq", "asked_time", "asked_actor", "seq", "time", "actor"), _approvals,
    ),
    Section("keys", View.ASSETS, ("action", "meaning", "figures", "count"), _counted("keys", 0)),
    Section("terminals", View.PHYSICAL, ("terminal", "action", "meaning", "count"), _counted("terminals", 1)),
    Section("acts", View.PERSONNEL, ("actor", "action", "meaning", "count", *HOURS), _acts),
    Section("refusals", View.TECHNICAL, ("code", "action", "meaning", "outcome", "count"), _counted("refusals", 1)),
    Section(
        "findings", View.TECHNICAL,
        ("seq", "time", "action", "meaning", "actor", "outcome", "code", "figures"), _findings,
    ),
    Section("days", View.OPERATION, ("day", "action", "meaning", "count"), _counted("days", 1)),
    Section("peers", View.OPERATION, ("peer", "action", "meaning", "outcome", "count", "bytes"), _peers),
)  # fmt: skip
"""In the order of the views. 管理簿 (ledgers) as of a date will be sections of ASSETS."""
