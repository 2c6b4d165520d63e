"""The fake register's emergency stop and planned stops: by the register's own rules for them, and a clock that stands."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from daemon.commands import stops
from daemon.commands.stops import Kept
from daemon.contract import halt
from daemon.contract.endpoint import Endpoint
from daemon.contract.halt import HaltState

NOW = datetime(2026, 4, 1, 5, 3, tzinfo=UTC)


class FakeHalt:
    """Answers the endpoints of `daemon.contract.halt`."""

    def __init__(self) -> None:
        self.kept = Kept()
        self.acts: Mapping[Endpoint, Callable[[Any], HaltState]] = {
            halt.HALT: lambda _: self._state(self.kept),
            halt.STOP_SERVICE: lambda _: self._state(stops.stop(self.kept, NOW, "AD001")),
            halt.PROPOSE_RESUMPTION: lambda _: self._state(
                stops.propose(self.kept, NOW, "AD001", "5a5a5a5a")
            ),
            halt.CONFIRM_RESUMPTION: lambda asked: self._state(
                stops.confirm(self.kept, "CH001", asked.proposal)
            ),
            halt.ANNOUNCE: lambda asked: self._state(stops.announce(self.kept, NOW, asked, "c3c3c3c3")),
            halt.WITHDRAW: lambda asked: self._state(stops.withdraw(self.kept, asked.id)),
        }

    def _state(self, kept: Kept) -> HaltState:
        self.kept = kept
        return HaltState(stopped=kept.stopped, resumption=kept.resumption, announcements=kept.ahead(NOW))
