"""The stages of a disk that fills: where each begins, where it ends again, and what it refuses. Pure.

Disclosures stop first, since each needs its entry and the log must never be the one that finds no room; notices stop next, and their
senders keep them. What makes room or takes next to none goes on to the end: the log, its signatures, sign-in, the emergency stop, what
the national server acknowledges, the ends of holds and keys.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from daemon.config import Disk
from daemon.contract.console import Reason
from daemon.contract.disk import Stage

EIGHTHS = 9
"""So many eighths of what a stage begins below must be free until it ends: the last few bytes must not stop and start it again."""


class Use(StrEnum):
    """What needs room and can be refused."""

    DISCLOSURE = "disclosure"
    NOTICE = "notice"


class Step(NamedTuple):
    """One stage."""

    stage: Stage
    refuses: Mapping[Use, str]
    """With the code of each refusal."""
    reason: Reason | None
    ballast: bool
    """Whether the ballast is held."""


_NO_DISCLOSURES = {Use.DISCLOSURE: "state.disk_disclosures"}
_NO_NOTICES = {**_NO_DISCLOSURES, Use.NOTICE: "state.disk_notices"}

STEPS = (
    Step(Stage.AMPLE, {}, None, ballast=True),
    Step(Stage.LOW, {}, Reason.DISK_LOW, ballast=True),
    Step(Stage.NO_DISCLOSURES, _NO_DISCLOSURES, Reason.DISK_DISCLOSURES, ballast=True),
    Step(Stage.NO_NOTICES, _NO_NOTICES, Reason.DISK_NOTICES, ballast=False),
)
"""From the emptiest disk to the fullest."""


def next_step(before: Step, room: int, limits: Disk) -> Step:
    """The stage with `room` bytes free, of which what the ballast lacks is taken off; may skip any number of stages."""
    bounds = (limits.floor, limits.disclosures, limits.notices)
    reached = sum(room < bound for bound in bounds)
    kept = sum(room < bound * EIGHTHS // 8 for bound in bounds)
    return STEPS[max(reached, min(STEPS.index(before), kept))]
