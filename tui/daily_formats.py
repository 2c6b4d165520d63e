"""The daily report (日報) as rows and words, in one language each. Pure."""

from collections.abc import Iterator

from daemon.contract.console import Status
from daemon.contract.daily import DailyReport
from tui import (
    formats,
    log_formats,
    log_hold_formats,
    rows_format,
    service_format,
    timestamp_format,
    witness_format,
)
from tui.words import Words

FIGURES = ("action", "ok", "refused", "failed_count")
"""The columns of the figures, by their names in the locale's `log` group."""
CHECKPOINTS = ("signed", "size", "root")
KEYS = ("key", "made", "fingerprint")
"""Those of checkpoints and keys, in its `daily` group."""
LOOKED_AT = {
    "approvals": (
        "hold.cancelled", "boundary.announced", "boundary.withdrawn", "service.resumed", "rows.accepted", "log.hold_placed",
        "log.hold_ended", "log.export_approved", "log.export_declined", "key.signed",
    ),
    "stops": ("service.stopped", "stop.announced", "stop.withdrawn"),
    "alarms": ("log.epoch_opened", "log.mismatch", "disk.stage", "witness.refused", "timestamp.failed", "outbox.set_aside", "national.error"),
}  # fmt: skip
"""What whoever puts the paper by looks at first: second words of two people, stops, and what was found amiss."""
FOLD = 72
"""Characters of a note's line on paper; the rest stands below it, behind two spaces."""


def title(made: DailyReport, say: Words) -> str:
    """Which register's, of which day."""
    return say("daily.title", register=say(f"register.{made.register}"), day=made.day.isoformat())


def head(made: DailyReport, say: Words) -> list[tuple[str, str]]:
    """What stands above the tables, each with its name."""
    span = say("daily.none")
    if made.end:
        span = say("daily.span", first=f"{made.first:,}", last=f"{made.end - 1:,}")
    return [(say("daily.made"), formats.moment(made.made)), (say("daily.entries"), span)]


def lasts(made: DailyReport) -> bool:
    """Whether the day is not over yet."""
    return made.made.astimezone(formats.JST).date() <= made.day


def first(made: DailyReport, say: Words) -> list[tuple[str, str]]:
    """What is looked at first: refusals and failures of all kinds, and `LOOKED_AT`, each with its name."""
    by_action = {each.action: each for each in made.figures}
    told = [
        (say("daily.refused"), f"{sum(each.refused for each in made.figures):,}"),
        (say("daily.failed_acts"), f"{sum(each.failed for each in made.figures):,}"),
    ]
    for name, actions in LOOKED_AT.items():
        done = [by_action[action] for action in actions if action in by_action]
        words = [
            f"{log_formats.named(each.action, say)} {each.ok + each.refused + each.failed:,}" for each in done
        ]
        told.append((say(f"daily.{name}"), say("log.between").join(words) or "0"))
    return told


def state(made: DailyReport, status: Status, say: Words) -> Iterator[tuple[str, str]]:
    """How the register stands when the report is made, each line with its name."""
    reasons = say("log.between").join(say.of("reason", reason) for reason in status.reasons)
    yield say("status.state"), f"{say.of('state', status.state)} {reasons}".rstrip()
    for alarm in status.alarms:
        yield say("status.alarms"), say.of("alarm", alarm)
    yield from service_format.ground(status, say)
    yield from service_format.ahead(status, say)
    yield from rows_format.verification(status, say)
    yield from timestamp_format.stamped(status, say)
    for each in made.witnesses:
        yield say("witness.witnesses"), witness_format.state(each, say)
    if status.purge is not None:
        yield say("status.purge"), log_hold_formats.purge(status.purge, say)


def folded(note: str) -> str:
    """A note in lines that a sheet holds; `jukura-verify --known` puts them together again."""
    lines: list[str] = []
    for line in note.splitlines():
        lines.append(line[:FOLD])
        lines += [f"  {line[at : at + FOLD - 2]}" for at in range(FOLD, len(line), FOLD - 2)]
    return "".join(f"{line}\n" for line in lines)


def figures(made: DailyReport, say: Words) -> list[list[str]]:
    """By `FIGURES`."""
    return [
        [
            log_formats.named(each.action, say),
            *(_count(each_of) for each_of in (each.ok, each.refused, each.failed)),
        ]
        for each in made.figures
    ]


def checkpoints(made: DailyReport) -> list[list[str]]:
    """By `CHECKPOINTS`."""
    return [[formats.moment(each.signed), f"{each.size:,}", each.root] for each in made.checkpoints]


def keys(made: DailyReport) -> list[list[str]]:
    """By `KEYS`; the fingerprint in groups of eight, to be read aloud."""
    return [[each.name, formats.moment(each.made), grouped(each.fingerprint)] for each in made.keys]


def grouped(fingerprint: str) -> str:
    """64 digits in groups of eight."""
    return " ".join(fingerprint[at : at + 8] for at in range(0, len(fingerprint), 8))


def _count(number: int) -> str:
    return f"{number:,}" if number else ""
