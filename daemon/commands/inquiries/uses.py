"""利用: what each reading of the register must name before it answers, and the entry that it leaves, refused or not.

The entry is in the log before anything is answered. In clear it says who, where, for which affair and how it ended;
what was typed, why, and about whom are sealed, cut where they are longer than anything that could be right.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.clock import Clock, day_of
from daemon.commands.caller import Caller, Right, require_affair, require_text
from daemon.contract.console import Affair
from daemon.register.rows import Register
from daemon.store.writer import Writer

KEPT = 400
"""Characters of one typed text that an entry keeps; no field takes as many."""


class Basis(Protocol):
    """What every such request states."""

    @property
    def affair(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def application(self) -> str: ...


@dataclass(frozen=True)
class Uses:
    """Allows uses of one register, and writes them down."""

    register: Register
    writer: Writer
    clock: Clock
    require_timely: Callable[[], None]
    """Raises while the log waits too long for its signature."""

    def today(self) -> date:
        """The Japanese day; taken once for each use."""
        return day_of(self.clock.now())

    def allow(self, caller: Caller, right: Right, basis: Basis, *, today: date) -> Affair:
        """The affair that the caller acts for; an error where right, affair, purpose or application is lacking."""
        caller.require(right)
        self.require_timely()
        affair = require_affair(caller, basis.affair, register=self.register, today=today)
        require_text(basis.purpose, "purpose")
        require_text(basis.application, "application")
        return affair

    async def log(
        self,
        action: Action,
        caller: Caller,
        basis: Basis,
        *,
        counts: dict[str, int],
        sealed: Mapping[str, Any],
        code: str = "",
    ) -> None:
        """Write the entry; with a `code` it was refused. Raises StateError where the log cannot be written."""
        reasons = {"purpose": basis.purpose, "application": basis.application}
        act = Act(
            action,
            f"operator:{caller.operator}",
            Outcome.REFUSED if code else Outcome.OK,
            terminal=caller.terminal,
            # Only a name from the catalogue may stand in the clear.
            affair=basis.affair if basis.affair in caller.affairs else "",
            code=code,
            counts=counts,
            sealed={name: kept(value) for name, value in {**sealed, **reasons}.items()},
        )
        await self.writer.log(act)


def kept(value: object) -> Any:  # noqa: ANN401 - what JSON can say
    """What an entry keeps of a value: texts cut, and halves of surrogate pairs, which no entry can hold, as escapes."""
    match value:
        case str():
            shown = value.encode("utf-8", "backslashreplace").decode()
            return shown if len(shown) <= KEPT else shown[:KEPT] + "…"
        case dict():
            return {name: kept(inner) for name, inner in value.items()}
        case _:
            return value
