"""A section as a CSV file for spreadsheets: UTF-8 with a byte order mark, each cell in quotes (RFC 4180, lines end with U+000A).

A spreadsheet takes a cell that begins with one of = + - @, a tab or a carriage return for a formula: such a cell gets an apostrophe before it.
"""

from collections.abc import Iterator

from daemon.audit.summary.sections import Counted, Section
from daemon.audit.summary.tally import Row
from daemon.audit.summary.words import english, word

MARK = "\ufeff"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
AT_ONCE = 500  # rows in one piece


def file_of(section: Section) -> str:
    """The name of its file."""
    return f"summary-{section.name}.csv"


def csv(section: Section, counted: Counted) -> Iterator[bytes]:
    """The file, piece by piece; the first line names the columns in both languages."""
    yield MARK.encode() + _line(tuple(heading(column) for column in section.columns))
    piece: list[bytes] = []
    for row in section.rows(counted):
        piece.append(_line(row))
        if len(piece) == AT_ONCE:
            yield b"".join(piece)
            piece = []
    yield b"".join(piece)


def heading(column: str) -> str:
    """The title of a column."""
    ja, en = word("column", column), english("column", column)
    return ja if ja == en else f"{ja} {en}"


def _line(row: Row) -> bytes:
    return (",".join(f'"{_harmless(cell)}"' for cell in row) + "\n").encode()


def _harmless(cell: str) -> str:
    return ("'" if cell.startswith(FORMULA) else "") + cell.replace('"', '""')
