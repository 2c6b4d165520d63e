"""The order in which a municipality's notices about one person have to be taken. Pure.

Each municipality counts its notices about each person, 1, 2, 3 …, for as long as it has told anything of them (`sender_seq`).
A notice that was refused does not count: its number is used again. One that runs ahead waits until those before it
have come; one that comes again is the same thing told anew (標準仕様書 j1090).
"""

from collections.abc import Mapping
from enum import Enum, auto

Counts = Mapping[int, int]
"""By municipality (its 5 digits as a number) the last count that was taken."""
BEFORE = 0
"""In place of a municipality: there were counts before these that nobody knows (a history that was taken over)."""
UNKNOWN: Counts = {BEFORE: 0}
"""The counts of whoever was taken over."""


class Turn(Enum):
    """What a count means where others were taken before it."""

    NEXT = auto()
    """The one that is due."""
    AHEAD = auto()
    """Others are still to come before it."""
    AGAIN = auto()
    """The one taken last."""
    PAST = auto()
    """One that others followed already."""


def turn(counts: Counts, sender: str, seq: int) -> Turn:
    """What the count `seq` (from 1) of the municipality `sender` (5 digits) means after `counts`."""
    last = counts.get(int(sender))
    if last is None:
        if BEFORE in counts:
            return Turn.NEXT
        last = 0
    if seq <= last:
        return Turn.AGAIN if seq == last else Turn.PAST
    return Turn.NEXT if seq == last + 1 else Turn.AHEAD


def counted(counts: Counts, sender: str, seq: int) -> dict[int, int]:
    """`counts` once the count `seq` of `sender` was taken."""
    return {**counts, int(sender): seq}
