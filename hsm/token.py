"""A token as the rest of the key service sees it: always there to be asked, whatever its worker goes through.

Rules:
- One task talks to the worker: it opens the token, gives it one order at a time, and when the token is lost opens it
  again by itself, every quarter second. So the first call after it came back does not wait.
- A call ends within the deadline, the wait for its turn included. While the token is away it is refused at once, with
  the reason; only the first attempt after a loss is waited for.
- An order past its deadline, or whose worker ended, or that the worker could not cure (`hsm.ckr`), costs the worker its
  life. The order is not given again: whoever asked may. One that was begun is carried out, also if nobody waits for it.
- An idle token is asked every second whether it is there, so that a session does not die of silence, and a
  loss is known before it hurts.
- The token that was opened first is the only one taken later (`hsm.token_foreign`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Protocol

from daemon.clock import Clock
from daemon.errors import JukuraError, StateError
from daemon.tasks import Tasks
from hsm.attendant import Attendant
from hsm.listing import Listing
from hsm.opening import END, Opening
from hsm.orders import Labels, Names, Opened, Order, Reply
from hsm.pinmark import PinMark
from hsm.process import R, expected
from hsm.uri import TokenUri

_GRACE = 0.25  # seconds, for the reason to come rather than a caller's own timeout


class KeyToken(Protocol):
    """A token as the vault sees it; `hsm.softtoken.SoftToken` is another."""

    @property
    def calls(self) -> int:
        """Orders given that made, used or listed keys."""
        ...

    @property
    def label(self) -> str:
        """Its label; before it answered, what its URI says, if anything."""
        ...

    @property
    def uri(self) -> str:
        """The `pkcs11:` URI by which it is found."""
        ...

    async def opened(self) -> Opened:
        """The token that is open; the same object as long as its session lasts. StateError while it is away."""
        ...

    async def call(self, order: Order, reply: type[R]) -> R:
        """The `reply` to `order`, or StateError (away) or IntegrityError (the token holds what it must not)."""
        ...

    async def close(self) -> None:
        """Log out."""
        ...


class Token:
    """Keeps a worker logged in. `pin` is asked for at the moment of use; None means that nobody gave it yet."""

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        uri: TokenUri,
        pin: Callable[[], bytes | None],
        mark: PinMark,
        *,
        clock: Clock,
        create: bool = False,
        deadline: float = 5.0,
        open_deadline: float = 8.0,
    ) -> None:
        self.uri = uri.text
        self._named = uri.label
        self._deadline = deadline
        opening = Opening(command, environ, uri, pin, mark, create=create, deadline=open_deadline)
        self._attendant = Attendant(opening, clock, deadline=deadline)
        self._tasks = Tasks()
        self._reading: asyncio.Task[JukuraError | None] | None = None

    @property
    def calls(self) -> int:
        return self._attendant.calls

    @property
    def label(self) -> str:
        if (session := self._attendant.session) is not None:
            self._named = session.opened.label
        return self._named

    @property
    def pid(self) -> int | None:
        """The process id of the worker that is logged in, if there is one."""
        session = self._attendant.session
        return None if session is None else session.worker.pid

    async def opened(self) -> Opened:
        attendant = self._attendant
        attendant.begin()
        attendant.notice()
        async with self._patience():
            while (session := attendant.session) is None:
                self._raise_problem()
                await attendant.settled.wait()
            return session.opened

    async def call(self, order: Order, reply: type[R]) -> R:
        self._attendant.begin()
        if isinstance(order, Labels):
            return expected(await self._names(), reply)
        return expected(await self._ask(order), reply)

    async def close(self) -> None:
        """Let the worker log out, or kill it."""
        await self._tasks.stop(within=END)
        await self._attendant.close()

    async def _ask(self, order: Order) -> Reply:
        self._raise_problem()
        job = self._attendant.give(order)
        async with self._patience():
            return await job.answer

    async def _names(self) -> Names:
        """From the list that is kept; it is read in the background, so that a slow token gets there at last."""
        await self.opened()
        listing = self._attendant.listing
        if listing.names is None:
            if self._reading is None or self._reading.done():
                self._reading = self._tasks.start(self._read(listing), name="labels")
            async with self._patience():
                if (error := await asyncio.shield(self._reading)) is not None:
                    raise error
        return listing.names or Names([])

    async def _read(self, listing: Listing) -> JukuraError | None:
        try:
            await listing.read(partial(self._part, listing))
        except JukuraError as error:
            return error
        return None

    async def _part(self, listing: Listing, order: Labels) -> Names:
        if listing is not self._attendant.listing:
            raise StateError("hsm.token_away", field="session")
        return expected(await self._ask(order), Names)

    def _raise_problem(self) -> None:
        if (problem := self._attendant.problem) is not None:
            raise type(problem)(problem.code, field=problem.field)

    @asynccontextmanager
    async def _patience(self) -> AsyncIterator[None]:
        """As long as a call may take."""
        try:
            async with asyncio.timeout(self._deadline + _GRACE):
                yield
        except TimeoutError:
            raise StateError("hsm.too_slow") from None
