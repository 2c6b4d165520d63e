"""What a thief learns from one copy of a register's state folder: uniformity, repeats, sizes, and what stands in clear."""

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from leak_files import (
    DATABASES,
    Entry,
    Wal,
    listing,
    pages_in_shm,
    pages_of,
    read_wal,
    without_salt,
    witnessed,
)
from leak_pages import PAGE, Uniformity, repeated_blocks, repeated_strings, uniformity

MOST_PAGES = 60_000
"""Pages of one file that are tested; of more, so many at equal distances."""


@dataclass(frozen=True)
class Log:
    """What the headers of one database's log say, without any key."""

    restarts: int
    transactions: int
    pages_each: float
    """Median."""
    frames: int
    earlier: int
    """Frames of earlier rounds."""
    named: int
    """Different pages that stand in it by their number."""
    in_shm: int
    """Page numbers in the shared index of the log."""


@dataclass(frozen=True)
class Copy:
    """One copy under the microscope."""

    files: dict[str, Uniformity]
    pages: int
    """Distinct ones. A page that was moved from the log into the file stands in both, and is one."""
    blocks: int
    """Blocks of 16 bytes in them."""
    repeated_blocks: int
    repeated_strings: int
    """Strings of 16 bytes at any place, the "tokens" that a thief could match with names."""
    logs: dict[str, Log]
    witnessed: int
    """Sizes of the audit log, second by second, in clear in the key service's files."""
    entries: int
    """The last of those: how many entries there are."""
    listing: list[Entry]

    @property
    def uniform(self) -> bool:
        """Whether nothing but headers tells the pages from random bytes."""
        alike = all(found.uniform for found in self.files.values())
        return alike and not self.repeated_blocks and not self.repeated_strings


def one_copy(folder: Path) -> Copy:
    """Every test over every file of `folder` that holds pages."""
    wals = {name: read_wal(folder / f"{name}-wal") for name in DATABASES}
    images = {name: _sample(list(enumerate(pages_of((folder / name).read_bytes()), 1))) for name in DATABASES}
    images |= {
        f"{name}-wal": _sample([(frame.page, frame.image) for frame in (*wal.frames, *wal.stale)])
        for name, wal in wals.items()
    }
    distinct = {without_salt(page, image) for pages in images.values() for page, image in pages}
    blocks, repeated = repeated_blocks(distinct)
    sizes = witnessed(folder)
    return Copy(
        files={name: uniformity([image for _, image in pages]) for name, pages in images.items() if pages},
        pages=len(distinct),
        blocks=blocks,
        repeated_blocks=repeated,
        repeated_strings=len(repeated_strings(distinct)),
        logs={name: _log(wal, folder / f"{name}-shm") for name, wal in wals.items()},
        witnessed=len(sizes),
        entries=sizes[-1] if sizes else 0,
        listing=[entry for entry in listing(folder) if not entry.name.startswith("pki/")],
    )


def page_count(folder: Path, name: str) -> int:
    """Pages of a database, those included that are in its log alone."""
    last = max((frame.page for frame in read_wal(folder / f"{name}-wal").frames), default=0)
    return max(last, (folder / name).stat().st_size // PAGE)


def _log(wal: Wal, shm: Path) -> Log:
    return Log(
        restarts=wal.restarts,
        transactions=len(wal.commits),
        pages_each=median(wal.commits) if wal.commits else 0,
        frames=len(wal.frames),
        earlier=len(wal.stale),
        named=len({frame.page for frame in (*wal.frames, *wal.stale)}),
        in_shm=pages_in_shm(shm),
    )


def _sample(pages: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    return pages[:: -(-len(pages) // MOST_PAGES)] if pages else []
