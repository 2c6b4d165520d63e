"""The fake register's holds on log entries: a second person's word does what the first one's asked for."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from daemon.contract import log_holds
from daemon.contract.endpoint import Endpoint
from daemon.contract.log_holds import LiftLogHold, LogHold, LogHoldAsked, LogHolds, PlaceLogHold, Run

PLACED = date(2026, 4, 1)
HELD = LogHold(
    hold=1, entries=[Run(first=120, last=140), Run(first=155, last=155)], until=date(2035, 3, 31), basis="情報公開条例の係争",
    placed=PLACED, over=False,
)  # fmt: skip
"""One that somebody placed."""


class FakeLogHolds:
    """Answers the endpoints about holds; tests look at it and change it."""

    def __init__(self) -> None:
        self.operator = ""
        """Who signed in last."""
        self.holds: list[LogHold] = []
        self.first: dict[str, str] = {}
        """Who asked first, by what was asked."""
        self.acts: Mapping[Endpoint, Callable[[Any], Any]] = {
            log_holds.LOG_HOLDS: lambda _: LogHolds(self.holds),
            log_holds.PLACE_LOG_HOLD: self._place,
            log_holds.LIFT_LOG_HOLD: self._lift,
        }

    def _second(self, what: str) -> bool:
        if self.first.setdefault(what, self.operator) == self.operator:
            return False
        del self.first[what]
        return True

    def _place(self, asked: PlaceLogHold) -> LogHoldAsked:
        if not self._second(f"place {asked}"):
            return LogHoldAsked(done=False)
        number = len(self.holds) + 1
        self.holds.append(
            LogHold(
                hold=number,
                entries=asked.entries,
                until=asked.until,
                basis=asked.basis,
                placed=PLACED,
                over=False,
            )
        )
        return LogHoldAsked(done=True, hold=number)

    def _lift(self, asked: LiftLogHold) -> LogHoldAsked:
        done = self._second(f"lift {asked.hold}")
        self.holds = [each for each in self.holds if not done or each.hold != asked.hold]
        return LogHoldAsked(done, asked.hold)
