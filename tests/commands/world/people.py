"""What the model remembers of people, and of notices that wait."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from daemon.contract.peer import HonninNotice, Notice
from tests.commands.world.rules import begins, number


@dataclass(frozen=True)
class Version:
    """What one notice became."""

    record: Any
    serial: int
    seq: int
    received: date
    at: datetime
    notice: str
    """Its id."""


@dataclass
class Person:
    """Everything that was told of somebody."""

    versions: list[Version] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)

    @property
    def codes(self) -> list[str]:
        """Every 住民票コード that they had, the last one now."""
        return list(dict.fromkeys(version.record.juminhyo_code for version in self.versions))

    @property
    def last(self) -> Any:
        """What was told last."""
        return self.versions[-1].record

    def on(self, day: date) -> Version | None:
        """The version in force on a day."""
        counting = [one for one in self.versions if begins(one.record, one.received) <= number(day)]
        return counting[-1] if counting else None

    def before(self, sender: str, seq: int) -> Any | None:
        """What was told before a city told what it counted as `seq`, for the first time."""
        told = [one for one in self.versions if (one.record.municipality, one.seq) != (sender, seq)]
        return told[-1].record if told else None


@dataclass
class Hold:
    """A notice that waits."""

    notice: Notice
    why: str
    other: str
    received: datetime
    until: date
    place: int
    asked: tuple[str, datetime] | None = None
    """Who wants it cancelled, and since when."""

    @property
    def sender(self) -> str:
        """5 digits."""
        return self.notice.record.municipality


def old_code(notice: Notice) -> str:
    """The 住民票コード that a notice says its person had before, or empty."""
    return notice.old_code if isinstance(notice, HonninNotice) else notice.record.former_code


@dataclass(frozen=True)
class Answer:
    """What a city is told of one notice."""

    outcome: str
    serial: int | None = None
    code: str = ""
    """Where it waits."""
    until: date | None = None
