"""Our side of a comparison by ranges: people in the order of their codes, in chunks of which only fingerprints are in memory. Pure.

A chunk is a run of entries (`daemon.commands.reconciliation.spill`: code and digest). For 4 million people there are 16,000 chunks, and a few
megabytes of fingerprints.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from daemon.commands.reconciliation.spill import CODE, entries
from daemon.register.ranges import DIGEST, Fingerprint, fingerprint

PER_CHUNK = 256  # people


def sorted_chunks(pieces: Sequence[bytes]) -> Iterator[bytes]:
    """The entries of pieces in the order of their codes, in chunks; of a code that is there twice the last one."""
    last = {entry[:CODE]: entry for piece in pieces for entry in entries(piece, DIGEST)}
    order = [last[code] for code in sorted(last)]
    return (b"".join(order[at : at + PER_CHUNK]) for at in range(0, len(order), PER_CHUNK))


def within(chunk: bytes, first: int, last: int) -> list[bytes]:
    """The entries of a chunk whose codes lie in a range."""
    low, high = first.to_bytes(CODE, "big"), last.to_bytes(CODE, "big")
    places = range(0, len(chunk), CODE + DIGEST)

    def code(at: int) -> bytes:
        return chunk[at : at + CODE]

    start, stop = bisect_left(places, low, key=code), bisect_right(places, high, key=code)
    return list(entries(chunk[start * places.step : stop * places.step], DIGEST))


class Prints:
    """What the chunks hold."""

    def __init__(self) -> None:
        self._firsts: list[bytes] = []
        self._lasts: list[bytes] = []
        self._before = [Fingerprint()]
        """Of all chunks before each, and of all."""

    def add(self, chunk: bytes) -> None:
        """The next chunk."""
        width = CODE + DIGEST
        self._firsts.append(chunk[:CODE])
        self._lasts.append(chunk[-width : -width + CODE])
        own = fingerprint(entry[CODE:] for entry in entries(chunk, DIGEST))
        self._before.append(self._before[-1].and_(own))

    def whole(self, first: int, last: int) -> tuple[Fingerprint, range]:
        """Of a range, the fingerprint of the chunks that lie in it as a whole; and the numbers of all that reach into it."""
        low, high = first.to_bytes(CODE, "big"), last.to_bytes(CODE, "big")
        touched = range(bisect_left(self._lasts, low), bisect_right(self._firsts, high))
        inner = range(bisect_left(self._firsts, low), bisect_right(self._lasts, high))
        if not inner:
            return Fingerprint(), touched
        return self._before[inner.stop].less(self._before[inner.start]), touched

    def edges(self, first: int, last: int) -> list[int]:
        """The numbers of the chunks of which only a part lies in a range."""
        low, high = first.to_bytes(CODE, "big"), last.to_bytes(CODE, "big")
        _, touched = self.whole(first, last)
        return [
            n for n in {touched.start, touched.stop - 1} if n in touched and not self._inside(n, low, high)
        ]

    def _inside(self, number: int, low: bytes, high: bytes) -> bool:
        return low <= self._firsts[number] and self._lasts[number] <= high
