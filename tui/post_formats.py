"""How the outbox and reports to municipalities look: pure, in one language each."""

from collections.abc import Sequence
from datetime import datetime

from daemon.contract.outbox import AsideMessage, OutboxView, ReportLine
from tui import formats
from tui.words import Words

ASIDE_COLUMNS = ("state", "code", "sender", "serial", "applied", "since", "person", "id")
"""The columns of what is aside, by their names in the locale's `outbox` group."""
REPORT_COLUMNS = ("at", "kind", "law", "to", "acknowledged", "serial", "items", "reference", "id")
"""The columns of reports, by their names in the locale's `report` group."""
REPORT_LIST = ("at", "to", "kind", "acknowledged")
"""The same on a screen, which has room for fewer."""
NOTHING = "—"


def summary(view: OutboxView, say: Words) -> list[tuple[str, str]]:
    """The figures, each with its name."""
    figures = [
        ("waiting", formats.figure("outbox", view.waiting, say)),
        ("oldest", _when(view.oldest)),
        ("next_try", say("outbox.now") if view.next_try is None else formats.moment(view.next_try)),
        ("failures", f"{view.failures:,}"),
        ("again", formats.figure("outbox", view.again, say)),
        ("aside", formats.figure("outbox", view.aside, say)),
    ]
    return [(say(f"outbox.{name}"), value) for name, value in figures]


def message(each: AsideMessage, say: Words) -> list[str]:
    """One message that is aside, by `ASIDE_COLUMNS`."""
    return [
        say.of("message_state", each.state),
        each.code or NOTHING,
        formats.place(each.sender, say),
        str(each.serial or NOTHING),
        _when(each.applied),
        _when(each.since),
        each.person,
        each.id,
    ]


def report(line: ReportLine, say: Words) -> list[str]:
    """One report, by `REPORT_COLUMNS`."""
    return [
        formats.moment(line.at),
        say.of("report_kind", line.kind),
        line.law,
        formats.place(line.to, say) if line.to else say("report.nobody"),
        _when(line.acknowledged),
        str(line.serial or NOTHING),
        "、".join(line.items) or NOTHING,
        line.reference or NOTHING,
        line.id,
    ]


def report_row(line: ReportLine, say: Words) -> list[str]:
    """One report, by `REPORT_LIST`."""
    values = dict(zip(REPORT_COLUMNS, report(line, say), strict=True))
    return [values[name] for name in REPORT_LIST]


def report_lines(line: ReportLine, say: Words) -> list[tuple[str, str]]:
    """One report in full but for the words, each value with its name."""
    names = [say(f"report.{name}") for name in REPORT_COLUMNS]
    return [*zip(names, report(line, say), strict=True), *figures(line, say)]


def report_detail(line: ReportLine, say: Words) -> str:
    """What a list has no room for, in one line."""
    serial = [(say("report.serial"), str(line.serial))] if line.serial else []
    names = "、".join(say.of("item", name) for name in line.items)
    items = [(say("report.items"), names)] if names else []
    told = [(say("report.law"), line.law), *serial, *items, *_counts(line, say)]
    return "  ".join(f"{name} {value}" for name, value in told)


def figures(line: ReportLine, say: Words) -> Sequence[tuple[str, str]]:
    """What a list has no room for."""
    other = [(say("report.other"), formats.place(line.other, say))] if line.other else []
    person = [(say("report.person"), line.person)] if line.person else []
    return [*other, *person, *_counts(line, say)]


def _counts(line: ReportLine, say: Words) -> list[tuple[str, str]]:
    return [(say.of("finding", name), f"{count:,}") for name, count in line.counts.items()]


def _when(moment: datetime | None) -> str:
    return NOTHING if moment is None else formats.moment(moment)
