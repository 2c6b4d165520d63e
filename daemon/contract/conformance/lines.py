"""The lines of the assessment that software can carry, from the tables `*.toml` beside this file.

A line is named by its place as the assessment prints it (`III-3 リスク2 使用の記録 ・1`). Lines stand in the assessment's order,
and no place stands twice for the same file of persons. Whatever breaks that, or says less than its status needs, is an
error of ours: ValueError when the tables are read. That the named modules, tests and actions exist is held by the tests.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Annotated

from msgspec import Meta, Struct, convert

from daemon.contract.messages import Text

CHAPTERS = ("I", "II", "III", "IV", "V")
GROUPS = ("", "委託事項", "提供先", "移転先", "リスク", "その他のリスク")
"""What a section of the assessment is divided into, in the order in which it prints them."""
_GROUP, _ITEM = "|".join(GROUPS[1:]), "[①-⑳]"
PLACE = re.compile(
    rf"(?P<chapter>{'|'.join(CHAPTERS)})-(?P<section>[1-9])"
    rf"(?: (?P<group>{_GROUP})(?P<number>[1-9]?)|(?! (?:{_GROUP})))"
    rf"(?: (?P<item>{_ITEM})[①-⑳～0-9]*|(?! {_ITEM}))(?= |$).*"
)


class Status(StrEnum):
    """How far a line is kept."""

    MET = "met"
    """The software carries it, and a test holds it to that."""
    BY_OFFICE = "by_office"
    """People, rooms, contracts or another body's system carry it."""
    NOT_AS_WRITTEN = "not_as_written"
    """It is done, by other means or within other bounds than the assessment names."""
    NOT_YET = "not_yet"
    """It is not built, or only in part; the remark says what is missing."""


class File(StrEnum):
    """Which of the two files of persons a line of the assessment is about."""

    BOTH = "both"
    HONNIN = "honnin"
    FUHYO = "fuhyo"


class Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the assessment."""

    place: Annotated[str, Meta(pattern=rf"\A{PLACE.pattern}\Z")]
    file: File = File.BOTH
    asks: Text
    """What is asked, in our words."""
    status: Status
    functions: tuple[str, ...] = ()
    """What carries it: a module (`daemon.peers.tls`), a command (`jukura search`) or a file of the project (with `/`)."""
    tests: tuple[str, ...] = ()
    """pytest's names, `tests/….py::test_…`."""
    actions: tuple[str, ...] = ()
    """Entries of the log that give evidence (`daemon.audit.action.Action`)."""
    records: tuple[Annotated[str, Meta(pattern=r"\Adocs/")], ...] = ()
    """Documents of the project that do."""
    remark: Text | None = None

    @property
    def section(self) -> str:
        """Such as `III-3`."""
        return self.place.partition(" ")[0]


class Chapter(Struct, frozen=True, forbid_unknown_fields=True):
    """One table: the sections with their titles, and their lines."""

    sections: dict[str, Text]
    line: tuple[Line, ...]


@cache
def chapters() -> tuple[Chapter, ...]:
    """Every table, in the assessment's order; ValueError as above."""
    folder = resources.files("daemon.contract").joinpath("conformance")
    tables = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    read = tuple(convert(tomllib.loads(file.read_text("utf-8")), Chapter) for file in tables)
    check([line for chapter in read for line in chapter.line])
    return read


def lines() -> tuple[Line, ...]:
    """Every line, in the assessment's order."""
    return tuple(line for chapter in chapters() for line in chapter.line)


def titles() -> dict[str, Text]:
    """The title of each section."""
    return {section: title for chapter in chapters() for section, title in chapter.sections.items()}


def check(lines: Sequence[Line]) -> None:
    """Raise ValueError with the first place that stands twice, out of order, or says less or more than its status allows."""
    seen: set[tuple[str, File]] = set()
    for line in lines:
        whose = _files(line.file)
        if seen & (places := {(line.place, file) for file in whose}):
            raise ValueError(f"twice: {line.place}")
        seen |= places
        if lacks := [*_unfit(line)]:
            raise ValueError(f"{line.place}: {line.status} does not go with {lacks}")
    for before, after in pairwise(lines):
        if position(before.place) > position(after.place):
            raise ValueError(f"out of order: {after.place}")


def position(place: str) -> tuple[int, ...]:
    """Where the assessment prints `place`: chapter, section, group, its number, item; ValueError if it is no place."""
    found = PLACE.fullmatch(place)
    if found is None:
        raise ValueError(f"no place: {place}")
    return (
        CHAPTERS.index(found["chapter"]), int(found["section"]), GROUPS.index(found["group"] or ""),
        int(found["number"] or 0), ord(found["item"] or "\0"),
    )  # fmt: skip


NEEDS: dict[Status, tuple[str, ...]] = {
    Status.MET: ("functions", "tests", "evidence"),
    Status.BY_OFFICE: (),
    Status.NOT_AS_WRITTEN: ("remark",),
    Status.NOT_YET: ("remark",),
}
FORBIDS: dict[Status, tuple[str, ...]] = {
    Status.MET: (),
    Status.BY_OFFICE: ("functions", "tests"),
    Status.NOT_AS_WRITTEN: (),
    Status.NOT_YET: (),
}


def _unfit(line: Line) -> Iterable[str]:
    said = {
        "functions": line.functions,
        "tests": line.tests,
        "evidence": line.actions or line.records,
        "remark": line.remark,
    }
    yield from (f"no {name}" for name in NEEDS[line.status] if not said[name])
    yield from (name for name in FORBIDS[line.status] if said[name])
    if bool(line.functions) != bool(line.tests):
        yield "functions without tests, or tests without functions"


def _files(file: File) -> tuple[File, ...]:
    return (File.HONNIN, File.FUHYO) if file is File.BOTH else (file,)
