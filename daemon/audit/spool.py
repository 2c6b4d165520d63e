"""The log once more, on a second disk: a folder of segments, one a day, each a row of records (design, section 5).

What a backup lacks since it was made, a restore finds here. A record is 4 bytes of length, 8 of the sequence number of its first entry, 4 of
how many there are, and their stored values, sealed as one under `log.<fiscal year>`; so the second disk tells nothing but how many
acts there were, and dies with the key. A record is whole or, where the power went, at the very end and cut: then it was never promised
to anybody and is dropped. Blocking: for a thread, one call at a time.
"""

import os
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from daemon.audit.journal import sequence
from daemon.crypto import classes
from daemon.crypto.seal import Place, Sealer
from daemon.errors import IntegrityError, JukuraError
from daemon.register.rows import Register

HEAD = struct.Struct(">IQI")
"""Bytes of the sealed part, first entry, number of entries."""
LONGEST = 64 * 1024 * 1024  # bytes of a record
_NAME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})-([0-9]{16})\.spool", re.ASCII)
_VALUES = msgspec.msgpack.Decoder(list[bytes])


@dataclass(frozen=True, order=True)
class Segment:
    """One file."""

    first: int
    """Its first entry."""
    day: date
    path: Path


@dataclass(frozen=True)
class Record:
    """Where one lies."""

    at: int
    """Offset in its file."""
    length: int
    """Of the sealed part."""
    first: int
    count: int

    @property
    def after(self) -> int:
        """Offset of the next."""
        return self.at + HEAD.size + self.length


class Spool:
    """The segments of one register's log."""

    def __init__(self, folder: Path, register: Register, sealer: Sealer) -> None:
        self._folder = folder
        self._register = register
        self._sealer = sealer

    def open(self) -> int:
        """Drop what was cut off by the power; the number of the entry that comes next (0: nothing is here).

        IntegrityError where what is here is no spool of this register.
        """
        self._folder.mkdir(mode=0o700, exist_ok=True)
        while segments := self.segments():
            path = segments[-1].path
            records = list(_records(path))
            while records and not self._opens(path, records[-1]):
                records.pop()
            _truncate(path, records[-1].after if records else 0)
            if records:
                return records[-1].first + records[-1].count
            self._remove(path)
        return 0

    def segments(self) -> list[Segment]:
        """Oldest first."""
        found = [(path, _NAME.fullmatch(path.name)) for path in self._folder.iterdir()]
        return sorted(
            Segment(int(name[2]), date.fromisoformat(name[1]), path) for path, name in found if name
        )

    def record(self, day: date, first: int, values: Sequence[bytes]) -> bytes:
        """The record of the entries from `first` on. Does not touch the disk."""
        body = self._sealer.seal(classes.log(day), self._place(first), msgspec.msgpack.encode(list(values)))
        return HEAD.pack(len(body), first, len(values)) + body

    def append(self, day: date, first: int, record: bytes) -> None:
        """Add a record; on the disk when this returns."""
        segments = self.segments()
        fresh = not segments or segments[-1].day != day
        path = self._folder / f"{day}-{first:016}.spool" if fresh else segments[-1].path
        with path.open("ab") as file:
            file.write(record)
            file.flush()
            os.fdatasync(file.fileno())
        if fresh:
            self._sync()

    def cut(self, end: int) -> None:
        """Forget the entries from `end` on: they were not committed. IntegrityError where one record has both kinds."""
        for segment in reversed(self.segments()):
            later = [record for record in _records(segment.path) if record.first + record.count > end]
            if not later:
                return
            if later[0].first < end:
                raise IntegrityError("spool.other_log")
            _truncate(segment.path, later[0].at)
            if later[0].at == 0:
                self._remove(segment.path)

    def set_aside(self, end: int, label: str) -> int:
        """Copy the segments that have entries from `end` on, for people to read; how many. They end as the spool does, with their keys."""
        beyond = [
            segment.path
            for segment in self.segments()
            if any(record.first + record.count > end for record in _records(segment.path))
        ]
        for path in beyond:
            copy = path.with_name(f"{path.name}.{label}")
            with copy.open("wb") as file:
                file.write(path.read_bytes())
                file.flush()
                os.fsync(file.fileno())
        self._sync()
        return len(beyond)

    def read(self, first: int) -> Iterator[tuple[int, bytes]]:
        """(sequence number, stored value) of the entries from `first` on, as far as they are here."""
        for segment in self.segments():
            for record in _records(segment.path):
                if record.first + record.count > first:
                    values = _VALUES.decode(self._body(segment.path, record))
                    yield from (
                        (record.first + n, value)
                        for n, value in enumerate(values)
                        if record.first + n >= first
                    )

    def prune(self, before: date) -> None:
        """Let go of the segments of earlier days, but never of the newest: it says how far the spool has come."""
        for segment in self.segments()[:-1]:
            if segment.day < before:
                self._remove(segment.path)

    def _opens(self, path: Path, record: Record) -> bool:
        try:
            return len(_VALUES.decode(self._body(path, record))) == record.count
        except (JukuraError, msgspec.DecodeError):
            return False

    def _body(self, path: Path, record: Record) -> bytes:
        with path.open("rb") as file:
            file.seek(record.at + HEAD.size)
            return self._sealer.open(self._place(record.first), file.read(record.length))

    def _place(self, first: int) -> Place:
        return Place(self._register, "spool", sequence(first))

    def _remove(self, path: Path) -> None:
        path.unlink()
        self._sync()

    def _sync(self) -> None:
        """What the folder lists, on the disk."""
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _records(path: Path) -> Iterator[Record]:
    """Those that are there in full length."""
    size = path.stat().st_size
    with path.open("rb") as file:
        while len(head := file.read(HEAD.size)) == HEAD.size:
            length, first, count = HEAD.unpack(head)
            record = Record(file.tell() - HEAD.size, length, first, count)
            if length > LONGEST or record.after > size:
                return
            yield record
            file.seek(record.after)


def _truncate(path: Path, size: int) -> None:
    if path.stat().st_size != size:
        with path.open("r+b") as file:
            file.truncate(size)
            os.fsync(file.fileno())
