"""The operator's desk, apart from the screen: the registers within reach, and who sits there.

Pure but for the client's calls. The screens show it; nothing of a person found is kept here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from daemon.contract.console import Affair, Session, State, Status
from daemon.errors import JukuraError
from tui.card import Cards
from tui.client import ConsoleClient
from tui.errors import RemoteError, UnreachableError
from tui.offered import Offered
from tui.words import Words

POLL_DEADLINE = 3.0  # seconds; a status that takes longer counts as no answer
SIGN_OUT_DEADLINE = 2.0  # seconds; the session would end by itself anyway


@dataclass
class Connection:
    """One register within reach, and what is known of its condition."""

    client: ConsoleClient
    folder: str
    """Name of the state folder: what to call the register before it has answered once."""
    status: Status | None = None
    """The last answer."""
    away: JukuraError | None = None
    """Why it does not answer now."""

    @property
    def register(self) -> str:
        return self.status.register if self.status else self.folder

    @property
    def shut(self) -> bool:
        """Whether its keys may be missing: sealed, or not answering."""
        return self.away is not None or (self.status is not None and self.status.state is State.SEALED)

    async def look(self) -> None:
        """Ask for the status once; the last answer stays where none comes."""
        try:
            self.status = await self.client.status(deadline=POLL_DEADLINE)
            self.away = None
        except (RemoteError, UnreachableError) as error:
            self.away = error


@dataclass
class Sitting(Offered):
    """One operator at the desk, signed in to one register."""

    at: Connection
    session: Session
    last_act: float
    """Monotonic seconds."""
    affair: Affair | None = None
    """The affair acted for, as chosen on the screen."""

    def idle(self, now: float) -> bool:
        """Whether nobody has touched a key for as long as the register allows (PIA III-3)."""
        return now - self.last_act >= self.session.idle_seconds


class Desk:
    """What all screens share."""

    def __init__(
        self,
        sockets: Sequence[Path],
        say: Words,
        monotonic: Callable[[], float],
        cards: Cards,
        card_uri: str = "",
    ) -> None:
        self.say = say
        self.cards = cards
        """Custodians' cards at this terminal."""
        self.card_uri = card_uri
        """The card that was used last, or the one to begin with."""
        self._monotonic = monotonic
        self.connections = [
            Connection(ConsoleClient(socket), socket.parent.parent.name) for socket in sockets
        ]
        self.chosen = self.connections[0]
        """The register that the sign-in screen points at."""
        self.sitting: Sitting | None = None

    @property
    def at(self) -> Connection:
        """The register that the screens speak of."""
        return self.sitting.at if self.sitting else self.chosen

    async def sign_in(self, operator: str, password: str) -> Sitting:
        """Open a session at the chosen register; RemoteError or UnreachableError if there is none."""
        at = self.chosen
        session = await at.client.sign_in(operator, password)
        self.sitting = Sitting(at, session, self._monotonic(), next(iter(session.affairs), None))
        return self.sitting

    def touch(self) -> None:
        """A key was pressed."""
        if self.sitting is not None:
            self.sitting.last_act = self._monotonic()

    def idle(self) -> bool:
        """Whether somebody sits here and has not touched a key for as long as the register allows."""
        return self.sitting is not None and self.sitting.idle(self._monotonic())

    def leave(self) -> Connection | None:
        """Stand up: nobody sits here from now on. Returns where a session is still to be closed."""
        left, self.sitting = self.sitting, None
        return left.at if left else None
