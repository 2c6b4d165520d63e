"""The fake register's reconciliations (整合性確認): one municipality is done, one is late, one is under way."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from msgspec.structs import replace

from daemon.contract import reconciled as contract
from daemon.contract.console import MASK
from daemon.contract.endpoint import Endpoint
from daemon.contract.findings import FINDINGS, PAGE, FindingLine, FindingLines, FindingsQuery
from daemon.contract.reconciled import RunFigures, Schedule, ScheduleQuery, Schedules
from daemon.contract.reconciliation import Mode, Phase, Traffic
from daemon.register.reconcile import Kind

RUN = RunFigures(
    run="0123456789abcdef" * 2, mode=Mode.RANGES, phase=Phase.DONE, begun=datetime(2026, 4, 1, 0, 0, tzinfo=UTC),
    ended=datetime(2026, 4, 1, 0, 3, tzinfo=UTC), code="", expected=190_000, received=12,
    counts={"differs": 11, "only_here": 1, "only_there": 1204}, items={"kana": 11, "town": 2},
    traffic=Traffic(records_in=12),
)  # fmt: skip
STOPPED = RunFigures(
    run="f" * 32, mode=Mode.FULL, phase=Phase.STOPPED, begun=datetime(2026, 7, 1, 0, 0, tzinfo=UTC), ended=None,
    code="reconciliation.abandoned", expected=9, received=3, counts={}, items={}, traffic=Traffic(),
)  # fmt: skip
UNDER_WAY = RunFigures(
    run="a" * 32, mode=Mode.FULL, phase=Phase.RECEIVING, begun=datetime(2026, 7, 1, 0, 0, tzinfo=UTC), ended=None,
    code="", expected=8_000, received=2_000, counts={"twice": 1}, items={}, traffic=Traffic(bytes_in=1_234_567),
)  # fmt: skip
AGREED = replace(RUN, run="b" * 32, mode=Mode.FULL, received=190_000, counts={}, items={})
DONE = Schedule(
    municipality="35203",
    days=92,
    last=date(2026, 4, 1),
    due=date(2026, 7, 2),
    overdue=False,
    newest=RUN,
    done=RUN,
)
LATE = Schedule(
    municipality="35201", days=30, last=None, due=date(2026, 5, 1), overdue=True, newest=STOPPED, done=None
)
BUSY = replace(DONE, municipality="35204", newest=UNDER_WAY, done=AGREED)
NEVER = replace(DONE, municipality="35206", last=None, newest=None, done=None)


def finding(number: int, kind: Kind, **more: Any) -> FindingLine:
    """One finding of a page; ids are in the order of `number`."""
    line = FindingLine(
        id=f"{number:048x}", kind=kind, juminhyo_code=MASK * 11, record=0, items=[], code="", field=""
    )
    return replace(line, **more)


DIFFERS = finding(1, Kind.DIFFERS, record=1_234, items=["kana", "town"])
BROKEN = finding(2, Kind.BROKEN, record=1_235, juminhyo_code="", code="record.bad_date", field="birth")
LOST = finding(3, Kind.ONLY_HERE)


class FakeReconciled:
    """Answers the endpoints about reconciliations; tests look at it and change it."""

    def __init__(self) -> None:
        self.schedules = [LATE, DONE, BUSY, NEVER]
        self.found = {DONE.municipality: [DIFFERS, BROKEN, LOST]}
        """What was found, by municipality."""
        self.page = PAGE
        """Findings in one answer."""
        self.complete = True
        self.acts: Mapping[Endpoint, Callable[[Any], Any]] = {
            contract.RECONCILIATIONS: lambda _: Schedules(self.schedules),
            contract.RECONCILIATION: self._one,
            FINDINGS: self._findings,
        }

    def put(self, schedule: Schedule) -> None:
        """`schedule` in the place of its municipality's."""
        self.schedules = [
            schedule if each.municipality == schedule.municipality else each for each in self.schedules
        ]

    def _one(self, asked: ScheduleQuery) -> Schedule:
        return next(each for each in self.schedules if each.municipality == asked.municipality)

    def _findings(self, asked: FindingsQuery) -> FindingLines:
        found = self.found.get(asked.municipality, [])
        done = next(each.done for each in self.schedules if each.municipality == asked.municipality)
        later = [each for each in found if each.id > asked.after]
        return FindingLines(
            run=done.run if done else "", ended=done.ended if done else None,
            counts=dict(Counter(str(each.kind) for each in found)), findings=later[: self.page],
            more=len(later) > self.page, complete=self.complete,
        )  # fmt: skip
