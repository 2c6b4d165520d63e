"""The manifest: what an export is, and the digest of every file in it."""

import re
from dataclasses import dataclass

from .faults import VerificationError
from .forms import DIGEST, SIZE, second
from .notes import Note, read_notes
from .source import Source, measured
from .trust import Trust, check_not_ended, check_signatures

MANIFEST = "manifest.txt"
HEAD = re.compile(r"jukura\.jp/([a-z]+)/manifest", re.ASCII)
IDENT = re.compile(r"[0-9a-f]{32}", re.ASCII)
EPOCH = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
FILE = re.compile(
    r"file ([0-9a-f]{64}) (0|[1-9][0-9]{0,15}) ([a-z0-9][a-zA-Z0-9.-]{0,63}|README\.txt)", re.ASCII
)
ENTRIES = re.compile(r"entries-[0-9]{4}\.jsonl", re.ASCII)


@dataclass(frozen=True)
class Manifest:
    """What was signed."""

    note: Note
    register: str
    time: str
    epoch: int
    span: tuple[str, str]
    """The time that was asked for: from, until."""
    first: int
    end: int
    files: dict[str, tuple[str, int]]
    """Name to SHA-256 (hex) and bytes."""

    @property
    def origin(self) -> str:
        """Of the checkpoints of this log in its present epoch,"""
        return f"jukura.jp/{self.register}/{self.epoch}"

    @property
    def earlier(self) -> list[str]:
        """and in those before."""
        return [f"jukura.jp/{self.register}/{epoch}" for epoch in range(1, self.epoch)]

    @property
    def entries(self) -> list[str]:
        """The files of the entries, in order."""
        return sorted(filter(ENTRIES.fullmatch, self.files))


def read_manifest(files: Source) -> Manifest:
    """The manifest, of which nothing is checked but its form."""
    notes = list(read_notes(files, MANIFEST, "manifest_form"))
    made = _manifest(notes[0]) if len(notes) == 1 else None
    if made is None:
        raise VerificationError("manifest_form", file=MANIFEST, line=notes[0].line if notes else 1)
    return made


def _manifest(note: Note) -> Manifest | None:
    match [line.partition(" ")[::2] for line in note.text[4:9]]:
        case [("epoch", epoch), ("from", since), ("until", until), ("first", first), ("end", end)]:
            pass
        case _:
            return None
    head, kind, ident, time = note.text[:4]
    found = HEAD.fullmatch(head)
    listed = [FILE.fullmatch(line) for line in note.text[9:]]
    sound = (
        found and kind == "export" and IDENT.fullmatch(ident) and EPOCH.fullmatch(epoch)
        and all(map(second, (time, since, until))) and SIZE.fullmatch(first) and SIZE.fullmatch(end)
    )  # fmt: skip
    table = {line[3]: (line[1], int(line[2])) for line in listed if line and DIGEST.fullmatch(line[1])}
    if not found or not sound or len(table) != len(note.text) - 9 or int(first) > int(end):
        return None
    return Manifest(note, found[1], time, int(epoch), (since, until), int(first), int(end), table)


def check_manifest(made: Manifest, trust: Trust) -> list[str]:
    """A key that may sign, and has not ended, signed it; the keys that did."""
    name = made.note.text[0]
    signers = check_signatures(made.note, name, name, trust)
    check_not_ended(made.note, name, signers, trust)
    return signers


def check_files(made: Manifest, files: Source) -> int:
    """Every file is what was signed, and is there once; how many there are of which nothing was."""
    present = files.names()
    for name, expected in made.files.items():
        if present.count(name) > 1:
            raise VerificationError("file_twice", file=name)
        if measured(files, name) != expected:
            raise VerificationError("file_changed", file=name)
    return sum(1 for name in present if name not in made.files and name != MANIFEST)
