"""The fake register's held notices and announced 廃置分合: a second person's word does what the first one's asked for."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from daemon.contract import boundaries, holds
from daemon.contract.boundaries import BoundaryAsked, BoundaryChange, BoundaryChanges
from daemon.contract.console import MASK
from daemon.contract.endpoint import Endpoint
from daemon.contract.holds import CancelHold, Hold, HoldCancelled, Holds, Pending

SINCE, UNTIL = date(2026, 4, 1), date(2026, 4, 15)
ARRIVAL = Hold(
    hold="c0ffee" + "0" * 26, sender="35201", other="35203", notice="in-1", code=MASK * 11, why="elsewhere", seq=1,
    since=SINCE, until=UNTIL,
)  # fmt: skip
GAP = Hold(
    hold="c0de" + "0" * 28, sender="35203", other="", notice="n-9", code=MASK * 11, why="gap", seq=9,
    since=SINCE, until=UNTIL,
)  # fmt: skip
ARRIVES = Pending(sender="35201", why="elsewhere", since=SINCE, until=UNTIL)
OUT_OF_TURN = Pending(sender="35203", why="gap", since=SINCE, until=UNTIL)


class FakeHolds:
    """Answers the endpoints about held notices and boundaries; tests look at it and change it."""

    def __init__(self) -> None:
        self.operator = ""
        """Who signed in last."""
        self.held = [ARRIVAL, GAP]
        self.changes: list[BoundaryChange] = []
        self.pending: dict[str, list[Pending]] = {}
        """By person."""
        self.first: dict[str, str] = {}
        """Who asked first, by what was asked."""
        self.acts: Mapping[Endpoint, Callable[[Any], Any]] = {
            holds.CONSOLE_HOLDS: lambda _: Holds(self.held),
            holds.CANCEL_HOLD: self._cancel,
            boundaries.BOUNDARIES: lambda _: BoundaryChanges(self.changes),
            boundaries.ANNOUNCE_BOUNDARY: self._announce,
            boundaries.WITHDRAW_BOUNDARY: self._withdraw,
        }

    def arrives(self, person: str) -> bool:
        """Whether they are 転入保留中."""
        return any(one.why == "elsewhere" for one in self.pending.get(person, []))

    def _second(self, what: str) -> bool:
        if self.first.setdefault(what, self.operator) == self.operator:
            return False
        del self.first[what]
        return True

    def _cancel(self, asked: CancelHold) -> HoldCancelled:
        done = self._second(asked.hold)
        self.held = [each for each in self.held if not done or each.hold != asked.hold]
        return HoldCancelled(done)

    def _announce(self, asked: BoundaryChange) -> BoundaryAsked:
        done = self._second(f"announce {asked}")
        self.changes += [asked] if done else []
        return BoundaryAsked(done)

    def _withdraw(self, asked: BoundaryChange) -> BoundaryAsked:
        done = self._second(f"withdraw {asked}")
        self.changes = [each for each in self.changes if not done or each != asked]
        return BoundaryAsked(done)
