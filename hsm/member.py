"""A token with what is known of it, and how one is kept and judged. Pure."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from daemon.errors import IntegrityError, JukuraError, StateError
from hsm.keystore import Inventory
from hsm.orders import Opened
from hsm.tables.tokens import TokenRow, TokenState
from hsm.token import KeyToken


@dataclass(eq=False)
class Member:
    """A token with what is known of it."""

    row: TokenRow | None
    """None until the first token of all has answered."""
    uri: str
    token: KeyToken
    session: Opened | None = None
    """The session that was met last; another one is met anew."""
    labels: set[str] | None = None
    """What lies in the token; None until it was read in this session, which takes a slow token long."""
    changes: dict[str, bool] = field(default_factory=dict)
    """What was made (True) and destroyed in this session."""
    problem: JukuraError | None = None
    """Why it did not answer, when it was last asked."""
    meeting: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def serial(self) -> str:
        """Its serial; empty for the first token before it answered."""
        return self.row.serial if self.row else ""

    @property
    def joining(self) -> bool:
        """Whether keys are only being wrapped for it yet."""
        return self.row is not None and self.row.state is TokenState.JOINING

    def met(self, session: Opened) -> None:
        """It answers, in a new session."""
        self.session, self.labels = session, None
        self.changes.clear()

    def read(self, found: Iterable[str]) -> None:
        """What lies in it was read; what was done meanwhile counts as it is now."""
        self.labels = {*found}
        for name, there in self.changes.items():
            self.note(name, there=there)

    def note(self, name: str, *, there: bool) -> None:
        """A key was made or destroyed in it."""
        self.changes[name] = there
        if self.labels is not None:
            (self.labels.add if there else self.labels.discard)(name)

    def failed(self, problem: JukuraError) -> None:
        """It failed in the midst of something: met anew, and looked at again."""
        self.problem, self.session = problem, None

    def has(self, inventory: Inventory) -> frozenset[str]:
        """The keys that it can use: kept for it, and not known to be missing from the token itself."""
        held = inventory.held(self.serial)
        return held if self.labels is None else held & self.labels

    def lacks(self, inventory: Inventory) -> list[str]:
        """The keys of which it has no copy, oldest first."""
        has = self.has(inventory)
        return [name for name in inventory.names if name not in has]


def row_of(session: Opened, uri: str, state: TokenState, now: datetime) -> TokenRow:
    """A token that has just answered, as it is kept."""
    enrolled = now if state is TokenState.ENROLLED else None
    return TokenRow(
        session.serial,
        uri,
        _printable(session.label),
        _printable(session.model),
        session.signature,
        state,
        now,
        enrolled,
    )


def weightiest(reasons: Sequence[JukuraError]) -> JukuraError:
    """Of several reasons the one to tell: damage before what someone must mend, and that before what passes."""
    told = sorted(
        reasons, key=lambda error: (not isinstance(error, IntegrityError), error.code == "hsm.token_away")
    )
    return told[0] if told else StateError("hsm.token_away")


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
