"""What a thief reads off stolen files: pages and their numbers, the log beside them, sizes, rights, and what is in clear.

The reader knows SQLite's formats (sqlite.org/fileformat2.html §4 and walformat.html) and has no key.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from leak_pages import PAGE

REGISTER, INDEX = DATABASES = ("register.db", "index.db")
SALT = 16  # bytes
_WAL_HEADER, _FRAME_HEADER = 32, 24  # bytes, in clear
_MAGIC = (0x377F0682, 0x377F0683)
_MARK = 16  # bytes at the end of a page: part of its HMAC, other with each writing
_TAIL = struct.Struct(f"{PAGE - _MARK}x{_MARK}s")
_FRAME = struct.Struct(f">2I8s8x{PAGE - _MARK}x{_MARK}s")
_SHM_BLOCK, _SHM_HEADER, _SHM_FIRST = 32_768, 136, 4062
_SHM_NEXT = 4096  # page numbers in each block after the first
_WITNESS = re.compile(rb"jukura\.jp/[a-z]+/\d+\n(\d+)\n")

Place = tuple[str, int]
"""A page: its database and its number."""


@dataclass(frozen=True)
class Pages:
    """All pages of one database in a copy, by number, each with a mark that changes whenever it is written."""

    stamps: tuple[tuple[int, int], tuple[int, int]]
    """Time of writing and size of file and log."""
    base: dict[int, bytes]
    """Those of the file alone."""
    marks: dict[int, bytes]


Picture = dict[str, Pages]
"""By database."""


@dataclass(frozen=True)
class Frame:
    """One page in the log of a database."""

    page: int
    commits: bool
    """The last of its transaction."""
    image: bytes


@dataclass(frozen=True)
class Wal:
    """The log beside a database. Its headers are in clear."""

    restarts: int
    """How often it was begun anew since the file was made."""
    frames: tuple[Frame, ...]
    """Those in use, in the order of their writing."""
    stale: tuple[Frame, ...]
    """Those of an earlier round, not overwritten yet."""

    @property
    def commits(self) -> list[int]:
        """Pages per transaction, in order."""
        ends = [number for number, frame in enumerate(self.frames, start=1) if frame.commits]
        return [end - start for start, end in zip([0, *ends], ends, strict=False)]


NO_WAL = Wal(0, (), ())


def read_wal(file: Path) -> Wal:
    """The log in `file`; an empty one where there is none."""
    raw = file.read_bytes() if file.exists() else b""
    if len(raw) < _WAL_HEADER:
        return NO_WAL
    magic, _, size, restarts = struct.unpack_from(">4I", raw)
    if magic not in _MAGIC:
        raise ValueError("no log of SQLite")
    salts = raw[16:24]
    frames: list[Frame] = []
    stale: list[Frame] = []
    for at in range(_WAL_HEADER, len(raw) - size - _FRAME_HEADER + 1, size + _FRAME_HEADER):
        page, after = struct.unpack_from(">2I", raw, at)
        start = at + _FRAME_HEADER
        current = not stale and raw[at + 8 : at + 16] == salts
        (frames if current else stale).append(Frame(page, after > 0, raw[start : start + size]))
    return Wal(restarts, tuple(frames), tuple(stale))


def pages_in_shm(file: Path) -> int:
    """How many page numbers stand in the shared index of a log."""
    raw = file.read_bytes() if file.exists() else b""
    found = 0
    for start in range(0, len(raw), _SHM_BLOCK):
        at, many = (_SHM_HEADER, _SHM_FIRST) if not start else (start, _SHM_NEXT)
        found += sum(number > 0 for number in struct.unpack_from(f"<{many}I", raw, at))
    return found


def without_salt(page: int, image: bytes) -> bytes:
    """A page's image without the salt of its file, which stands in clear at the head of the first page, always the same."""
    return image[SALT:] if page == 1 else image


def pages_of(raw: bytes) -> Iterator[bytes]:
    """The whole pages of a database file."""
    return (raw[at : at + PAGE] for at in range(0, len(raw) - PAGE + 1, PAGE))


def picture(folder: Path, before: Picture | None = None) -> Picture:
    """Every page as a reader with the key would meet it: the log's newest committed image before the file's.

    A file that was not written since the picture `before` is not read again.
    """
    return {name: _pages(folder / name, before[name] if before else None) for name in DATABASES}


def _pages(file: Path, before: Pages | None) -> Pages:
    log = file.with_name(f"{file.name}-wal")
    stamps = _stamp(file), _stamp(log)
    if before is not None and before.stamps == stamps:
        return before
    unwritten = before is not None and before.stamps[0] == stamps[0]
    base = before.base if before is not None and unwritten else _marks(file)
    return Pages(stamps, base, base | _logged(log))


def _stamp(file: Path) -> tuple[int, int]:
    stat = file.stat() if file.exists() else None
    return (stat.st_mtime_ns, stat.st_size) if stat else (0, 0)


def _marks(file: Path) -> dict[int, bytes]:
    raw = file.read_bytes()
    whole = memoryview(raw)[: len(raw) // PAGE * PAGE]
    return {number: mark for number, (mark,) in enumerate(_TAIL.iter_unpack(whole), start=1)}


def _logged(log: Path) -> dict[int, bytes]:
    raw = log.read_bytes() if log.exists() else b""
    body = memoryview(raw)[_WAL_HEADER:]
    seen: dict[int, bytes] = {}
    waiting: dict[int, bytes] = {}
    for page, after, salts, mark in _FRAME.iter_unpack(body[: len(body) // _FRAME.size * _FRAME.size]):
        if salts != raw[16:24]:
            break
        waiting[page] = mark
        if after:
            seen |= waiting
            waiting = {}
    return seen


def changed(before: Picture, after: Picture) -> frozenset[Place]:
    """The pages that were written in between."""
    return frozenset(
        (name, number)
        for name, pages in after.items()
        if pages is not before[name]
        for number, mark in pages.marks.items()
        if before[name].marks.get(number) != mark
    )


def witnessed(folder: Path) -> list[int]:
    """Sizes of the audit log that stand in clear in the key service's files, without doubles, ascending."""
    files = (folder / "keys" / name for name in ("keys.db", "keys.db-wal"))
    raw = b"".join(file.read_bytes() for file in files if file.exists())
    return sorted({int(size) for size in _WITNESS.findall(raw)})


@dataclass(frozen=True)
class Entry:
    """A file of the state folder as `ls -l` shows it."""

    name: str
    size: int
    mode: str
    written: float
    """Seconds since 1970."""


def listing(folder: Path) -> list[Entry]:
    """Every regular file below `folder`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        Entry(str(path.relative_to(folder)), stat.st_size, f"{stat.st_mode & 0o777:o}", stat.st_mtime)
        for path, stat in ((path, path.stat()) for path in files)
    ]
