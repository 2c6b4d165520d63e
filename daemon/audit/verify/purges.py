"""Purges: an entry may be deleted when 7 years have passed since, and a checkpoint as old proves that.

The years are counted as the law does (民法140条, 141条, 143条): by days in Japan, from the day after. What is of 24 November may be gone on 25
November, what is of 28 or 29 February on 1 March where the 29th does not come, or has to pass first.
"""

from collections.abc import Container
from datetime import date, datetime, timedelta, timezone
from typing import Any

from .checkpoints import Checkpoint, check_checkpoint, checkpoint_of
from .entries import PURGED
from .faults import VerificationError
from .forms import RANGE, fits, unbase64
from .leaves import Leaf, leaf_of
from .notes import note_of
from .tree import continues
from .trust import Trust

YEARS = 7
JAPAN = timezone(timedelta(hours=9))


def check_purge(
    leaf: Leaf, opened: dict[str, Any], origins: Container[str], trust: Trust
) -> tuple[int, bytes]:
    """What an entry says of a purge is lawful; (size, root) of the tree that was deleted."""
    seq = leaf.seq
    told = opened.get("range", [None, None])[1]
    if not isinstance(told, dict) or not fits(told, RANGE):
        raise VerificationError("purge_form", seq=seq)
    end: int = told["end"]
    first, last = leaf_of(told["first"]), leaf_of(told["last"])
    if first is None or last is None or leaf.counts.get("end") != end:
        raise VerificationError("purge_form", seq=seq)
    covering = _covering(told["checkpoint"], seq)
    check_checkpoint(covering, origins, trust)
    if not first.seq <= last.seq == end - 1 < covering.size <= seq:
        raise VerificationError("purge_form", seq=seq)
    if not all(lapsed(time, leaf.time) for time in (first.time, last.time, covering.time)):
        raise VerificationError("purged_early", seq=seq, end=end)
    return end, unbase64(told["root"])


def _covering(text: str, seq: int) -> Checkpoint:
    lines = text.split("\n")
    if lines[-1]:
        raise VerificationError("purge_form", seq=seq)
    return checkpoint_of(note_of(lines[:-1], f"{PURGED} {seq}", len(lines), "checkpoint_form"))


def lapsed(then: str, now: str) -> bool:
    """Whether 7 years have passed."""
    return day_of(now) >= over(day_of(then))


def day_of(time: str) -> date:
    """The day in Japan."""
    return datetime.fromisoformat(time).astimezone(JAPAN).date()


def over(day: date) -> date:
    """The first day after 7 years that begin with the day after `day`; without such a day, the first of the next month."""
    first = day + timedelta(days=1)
    try:
        return first.replace(year=first.year + YEARS)
    except ValueError:
        return date(first.year + YEARS, 3, 1)


def check_root(size: int, root: bytes, proofs: dict[int, list[bytes]], end: tuple[int, bytes]) -> bool:
    """Whether the log still continues a tree of `size` leaves; without a proof nobody can tell."""
    if size not in proofs:
        return False
    if not continues(size, end[0], (root, end[1]), proofs[size]):
        raise VerificationError("earlier_proof", size=size)
    return True
