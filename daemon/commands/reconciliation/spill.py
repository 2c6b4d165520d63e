"""People put down by parts of the range of 住民票コード, so that any number of them can be sorted or compared a part at a time. Pure.

An entry is a code as 5 bytes, and whatever belongs to it, always of the same length.
"""

from collections.abc import Iterator

from daemon.register.ranges import CODES

CODE = 5  # bytes: 11 digits are less than 2^40
PER_PART = 25_000
"""People in one part, if codes are spread evenly, as random numbers are: sorting them holds the loop for a hundredth of a second."""


def parts(people: int) -> int:
    """Into how many parts so many people are divided."""
    return max(1, -(-people // PER_PART))


class Spill:
    """Entries by part."""

    def __init__(self, parts: int) -> None:
        self._parts = parts
        self._held: dict[int, bytearray] = {}

    def add(self, code: int, rest: bytes = b"") -> None:
        """Put down one entry."""
        part = code * self._parts // CODES
        self._held.setdefault(part, bytearray()).extend(code.to_bytes(CODE, "big") + rest)

    def pieces(self) -> dict[int, bytes]:
        """What was put down, by part."""
        return {part: bytes(held) for part, held in self._held.items()}


def entries(piece: bytes, rest: int = 0) -> Iterator[bytes]:
    """The entries of a piece, with so many bytes beside each code."""
    width = CODE + rest
    return (piece[at : at + width] for at in range(0, len(piece), width))


def codes(piece: bytes) -> list[int]:
    """The codes of a piece that holds nothing else."""
    return [int.from_bytes(entry, "big") for entry in entries(piece)]
