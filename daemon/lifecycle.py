"""The life of the daemon as a table: which state may follow which, and what is refused in each.

Everything that moves the state lives in this file. A move that the table does not name raises and changes nothing.
"""

import logging
from collections.abc import Callable

from daemon.contract.console import Reason, State
from daemon.errors import StateError

log = logging.getLogger(__name__)

MOVES: dict[State, frozenset[State]] = {
    State.STARTING: frozenset({State.SEALED, State.STOPPING}),
    State.SEALED: frozenset({State.READY, State.DEGRADED, State.STOPPING}),
    State.READY: frozenset({State.DEGRADED, State.SEALED, State.STOPPING}),
    State.DEGRADED: frozenset({State.READY, State.SEALED, State.STOPPING}),
    State.STOPPING: frozenset(),
}
SERVING = frozenset({State.READY, State.DEGRADED})

Listener = Callable[[State, tuple[Reason, ...]], None]


class Lifecycle:
    """The current state, with the reasons why it is degraded."""

    def __init__(self, on_change: Listener) -> None:
        self.state = State.STARTING
        self._reasons: set[Reason] = set()
        self._on_change = on_change

    @property
    def reasons(self) -> list[Reason]:
        """Why it is degraded, in a stable order."""
        return sorted(self._reasons)

    def move(self, to: State) -> None:
        """Go to `to`; StateError where the table has no such move."""
        if to not in MOVES[self.state]:
            raise StateError("state.illegal_move", field=f"{self.state}>{to}")
        self.state = to
        log.info("state", extra={"state": to, "reasons": self.reasons})
        self._on_change(to, tuple(self.reasons))

    def unsealed(self) -> None:
        """The keys are there: ready, or degraded where something else is amiss."""
        self.move(State.DEGRADED if self._reasons else State.READY)

    def set(self, reason: Reason, *, given: bool) -> None:
        """Note that `reason` holds or no longer holds, and move between ready and degraded by it."""
        if (reason in self._reasons) == given:
            return
        (self._reasons.add if given else self._reasons.discard)(reason)
        target = State.DEGRADED if self._reasons else State.READY
        if self.state in SERVING and target != self.state:
            self.move(target)
        else:
            log.info("reason", extra={"state": self.state, "reasons": self.reasons})
            self._on_change(self.state, tuple(self.reasons))

    def distrust(self) -> None:
        """Nothing that is stored can be relied on: sealed, whatever it was, until the next start."""
        self.set(Reason.STORE_UNTRUSTED, given=True)
        if self.state in SERVING:
            self.move(State.SEALED)

    def require_serving(self) -> None:
        """Raise unless the register can serve now, with the code that says why not."""
        if self.state is State.SEALED and Reason.STORE_UNTRUSTED in self._reasons:
            raise StateError("state.untrusted")
        if self.state not in SERVING:
            raise StateError(f"state.{self.state}")
