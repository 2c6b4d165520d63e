"""What becomes of a notice that is well formed: it is applied, it waits, it says again what was said, or it is refused. Pure.

Order comes first (`order`), then the transition table (`reasons`). One thing the table refuses is no error: a 転入 of someone
who is present in another municipality of the prefecture usually comes *before* the 消除 there, which it causes. It waits (保留)
until that one comes, as a notice does that runs ahead of its sender's own count.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from msgspec import Struct

from daemon.errors import ConflictError
from daemon.register.derived import transition_of
from daemon.register.items import FUHYO, HONNIN, Origin
from daemon.register.order import Counts, Turn, turn
from daemon.register.reasons import Boundary, Code, Decision, judge, standing_of
from daemon.register.rows import HonninRecord, Record, Row

RESTATED = "notice.restated"
ELSEWHERE = "reason.present_elsewhere"
_REASON = frozenset({"reason", "event_date", "notice_kind"})
"""What may differ where a notice is told anew."""


class Why(StrEnum):
    """What a notice waits for."""

    ELSEWHERE = "elsewhere"
    """A 転入 (in `fuhyo` a 記載) of someone who is present in another municipality: for that one's 消除."""
    GAP = "gap"
    """For the notices that its sender counted before it."""


@dataclass(frozen=True)
class Wait:
    """It waits; `other` is the municipality that has the person, or empty."""

    why: Why
    other: str


class Again(StrEnum):
    """It is the notice taken last."""

    SAME = "same"
    RESTATED = "restated"
    """With another reason or date (標準仕様書 j1090): the version before decides whether that may be."""


class Known(Struct, frozen=True, kw_only=True):
    """What is known of the person whom a notice is about."""

    last: Row | None
    """The newest version under the 住民票コード, under the old one where the notice changes it."""
    counts: Counts
    code: Code
    announced: Collection[Boundary]


def admit(
    record: Record, sender: str, seq: int, known: Known, *, today: date, received: date | None = None
) -> Decision | Wait | Again:
    """What becomes of `record`, checked, with the count `seq` of the municipality `sender`, on `today` (in Japan).

    `received` is the day on which it came, where it waited since.

    Raises InputError or ConflictError where it is refused: those of `judge`, `notice.code_changed` where the person has another
    住民票コード now, `notice.counted_before` for a count that others followed, `notice.count_reused` where the same count says
    something else.
    """
    if known.last is None and known.code.holder is not None and not transition_of(record).enters:
        raise ConflictError("notice.code_changed", field="juminhyo_code")
    match turn(known.counts, sender, seq):
        case Turn.AHEAD:
            return Wait(Why.GAP, "")
        case Turn.PAST:
            raise ConflictError("notice.counted_before", field="sender_seq")
        case Turn.AGAIN:
            return _again(record, sender, known.last)
        case Turn.NEXT:
            return _judged(record, known, today, received)


def restate(
    record: Record, last: Row, before: Row | None, known: Known, *, today: date, received: date | None = None
) -> Decision:
    """Whether `record` may stand in place of `last`, after the version `before`; ConflictError where it may not.

    It is appended like any other: a history is not rewritten.
    """
    decision = judge(
        record, before, today=today, received=received, code=known.code, announced=known.announced
    )
    if decision.standing != standing_of(last):
        raise ConflictError("notice.restated_otherwise", field="reason")
    return Decision(decision.standing, (*decision.warnings, RESTATED))


def _judged(record: Record, known: Known, today: date, received: date | None) -> Decision | Wait:
    try:
        return judge(
            record, known.last, today=today, received=received, code=known.code, announced=known.announced
        )
    except ConflictError as error:
        if error.code == ELSEWHERE and known.last is not None and transition_of(record).enters:
            return Wait(Why.ELSEWHERE, known.last.municipality)
        raise


def _again(record: Record, sender: str, last: Row | None) -> Again:
    if last is None or last.municipality != sender:
        raise ConflictError("notice.counted_before", field="sender_seq")
    items = HONNIN if isinstance(record, HonninRecord) else FUHYO
    told = [item.name for item in items if item.origin is Origin.SENDER]
    changed = {name for name in told if getattr(record, name) != getattr(last, name)}
    if changed - _REASON:
        raise ConflictError("notice.count_reused", field=min(changed - _REASON))
    return Again.RESTATED if changed else Again.SAME
