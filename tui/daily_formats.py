"""The daily report (日報) as rows and words, in one language each. Pure."""

from daemon.contract.daily import DailyReport
from tui import formats, log_formats, witness_format
from tui.words import Words

FIGURES = ("action", "ok", "refused", "failed_count")
"""The columns of the figures, by their names in the locale's `log` group."""
CHECKPOINTS = ("signed", "size", "root")
KEYS = ("key", "made", "fingerprint")
"""Those of checkpoints and keys, in its `daily` group."""


def title(made: DailyReport, say: Words) -> str:
    """Which register's, of which day."""
    return say("daily.title", register=say(f"register.{made.register}"), day=made.day.isoformat())


def head(made: DailyReport, say: Words) -> list[tuple[str, str]]:
    """What stands above the tables, each with its name."""
    span = say("daily.none")
    if made.end:
        span = say("daily.span", first=f"{made.first:,}", last=f"{made.end - 1:,}")
    told = [(say("daily.made"), formats.moment(made.made)), (say("daily.entries"), span)]
    return told + [(say("witness.witnesses"), witness_format.state(each, say)) for each in made.witnesses]


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
