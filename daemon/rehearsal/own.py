"""A municipality's own people in a comparison by ranges: what it has in each, and how it goes on where the register has something else."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise

from daemon.contract.reconciliation import MOST_LISTED, Print, Range
from daemon.register.ranges import Fingerprint, digest, fingerprint
from daemon.register.reconcile import stated
from daemon.register.rows import Record, Register

FEW = 16
"""People in a range, on the side that has more, that are listed rather than divided again."""
INTO = 16  # ranges out of one that differs


class Own:
    """The municipality's own people, by code."""

    def __init__(self, records: Sequence[Record], register: Register, key: bytes) -> None:
        prints = {int(record.juminhyo_code): digest(stated(record, register), key) for record in records}
        self._codes = sorted(prints)
        self._prints = [prints[code] for code in self._codes]
        each = (fingerprint([print_]) for print_ in self._prints)
        self._before = list(accumulate(each, Fingerprint.and_, initial=Fingerprint()))

    def differs(self, asked: Range, theirs: Print) -> bool:
        """Whether the register has something else in a range."""
        first, last = self._place(asked)
        ours = self._before[last].less(self._before[first])
        return (ours.people, f"{ours.total:032x}") != (theirs.count, theirs.total)

    def within(self, asked: Range) -> dict[int, bytes]:
        """Digests by code."""
        first, last = self._place(asked)
        return dict(zip(self._codes[first:last], self._prints[first:last], strict=True))

    def divided(self, asked: Range, theirs: int) -> list[Range]:
        """What to ask of a range that differs: for its people, or for its parts."""
        first, last = self._place(asked)
        few = max(theirs, last - first) <= FEW or (theirs <= MOST_LISTED and last == first)
        if few or asked.first == asked.last:
            return [Range(asked.first, asked.last, listed=True)]
        if last - first >= INTO:
            steps = [self._codes[first + (last - first) * n // INTO] for n in range(1, INTO)]
        else:
            steps = [asked.first + (asked.last + 1 - asked.first) * n // INTO for n in range(1, INTO)]
        bounds = sorted({asked.first, *(step for step in steps if asked.first < step), asked.last + 1})
        return [Range(low, high - 1) for low, high in pairwise(bounds)]

    def _place(self, asked: Range) -> tuple[int, int]:
        return bisect_left(self._codes, asked.first), bisect_right(self._codes, asked.last)
