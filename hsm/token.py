"""The supervisor's side of the worker: one order at a time, each under a deadline, the process replaced when it fails.

Rules:
- Any failure costs the worker its life: a session that failed once is not trusted again, and a new process finds
  a token that came back. Calls do not retry by themselves; the next one starts anew.
- At most one start per RETRY seconds; calls in between are refused at once (`hsm.token_away`).
- A PIN that the token refused is never tried again by this process (`hsm.pin_wrong`).
- The token that was opened first is the only one taken later (`hsm.token_foreign`).
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from daemon.clock import Clock
from daemon.errors import IntegrityError, JukuraError, StateError
from hsm.orders import Check, Failed, Open, Opened, Order, Reply
from hsm.process import Worker, spawn

R = TypeVar("R", bound=msgspec.Struct)

log = logging.getLogger(__name__)

RETRY = 0.5  # seconds
_END = 2.0  # seconds, for a worker to log out by itself
_DAMAGE = frozenset({"hsm.key_extractable"})


class KeyToken(Protocol):
    """A token as the handler sees it; `hsm.fake.SoftToken` is another."""

    calls: int
    """Orders given that made, used or listed keys."""

    async def opened(self) -> Opened:
        """The token that is open, opened now if need be; the same object as long as its session lasts."""
        ...

    async def call(self, order: Order, reply: type[R]) -> R:
        """The `reply` to `order`, or StateError (away) or IntegrityError (the token holds what it must not)."""
        ...

    async def close(self) -> None:
        """Log out."""
        ...


class Token:
    """Keeps a worker running. `pin` is asked for at the moment of use."""

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        opening: Open,
        pin: Callable[[], bytes],
        clock: Clock,
        *,
        deadline: float = 5.0,
        open_deadline: float = 8.0,
    ) -> None:
        self.calls = 0
        self._command = command
        self._environ = environ
        self._opening = opening
        self._pin = pin
        self._clock = clock
        self._deadline = deadline
        self._open_deadline = open_deadline
        self._turn = asyncio.Lock()
        self._killed: list[Worker] = []
        self._worker: Worker | None = None
        self._token: Opened | None = None
        self._serial: str | None = None
        self._pin_refused = False
        self._tried: float | None = None

    @property
    def pid(self) -> int | None:
        """The worker's process id, if there is one."""
        return self._worker.pid if self._worker else None

    async def opened(self) -> Opened:
        async with self._turn:
            _, token = await self._ready()
            return token

    async def call(self, order: Order, reply: type[R]) -> R:
        async with self._turn:
            worker, _ = await self._ready()
            self.calls += not isinstance(order, Check)
            return await self._exchange(worker, order, reply, self._deadline)

    async def close(self) -> None:
        """Let the worker log out, or kill it; wait for its end and for that of its predecessors."""
        if self._worker is not None:
            worker, self._worker = self._worker, None
            await worker.end(within=_END)
        for worker in self._killed:
            await worker.gone(within=_END)

    async def _ready(self) -> tuple[Worker, Opened]:
        if self._worker is not None and not self._worker.alive():
            self._drop("ended")
        if self._worker is None or self._token is None:
            await self._start()
        if self._worker is None or self._token is None:
            raise StateError("hsm.token_away")
        return self._worker, self._token

    async def _start(self) -> None:
        if self._pin_refused:
            raise StateError("hsm.pin_wrong")
        now = self._clock.monotonic()
        if self._tried is not None and now - self._tried < RETRY:
            raise StateError("hsm.token_away")
        self._tried = now
        self._worker = await spawn(self._command, self._environ, self._pin())
        token = await self._exchange(self._worker, self._opening, Opened, self._open_deadline)
        if self._serial not in (None, token.serial):
            self._drop("foreign")
            raise StateError("hsm.token_foreign")
        self._token, self._serial = token, token.serial
        self._opening = msgspec.structs.replace(self._opening, create=False)
        log.info("token open", extra={"pid": self._worker.pid})

    async def _exchange(self, worker: Worker, order: Order, reply: type[R], deadline: float) -> R:
        """One order and its reply; whatever else happens, this worker is not used again."""
        try:
            async with asyncio.timeout(deadline):
                return _expected(await worker.ask(order), reply)
        except (JukuraError, TimeoutError, OSError) as error:
            self._drop("late" if isinstance(error, TimeoutError) else "failed", error)
            if isinstance(error, StateError | IntegrityError):
                raise
            raise StateError("hsm.token_away", field="worker") from None
        except BaseException:
            self._drop("cancelled")
            raise

    def _drop(self, reason: str, error: BaseException | None = None) -> None:
        worker, self._worker, self._token = self._worker, None, None
        code = error.code if isinstance(error, JukuraError) else type(error).__name__ if error else ""
        self._pin_refused |= code == "hsm.pin_wrong"
        log.warning("worker dropped", extra={"reason": reason, "code": code, "pid": worker and worker.pid})
        if worker is not None:
            worker.kill()
            self._killed = [each for each in (*self._killed, worker) if each.alive()]


def _expected(answer: Reply, reply: type[R]) -> R:
    """`answer`, if it is the kind of reply that was asked for; a refusal as an error."""
    if isinstance(answer, reply):
        return answer
    if not isinstance(answer, Failed):
        raise StateError("hsm.token_away", field="worker")
    # Only codes that say damage are more than "away".
    raise (IntegrityError if answer.code in _DAMAGE else StateError)(answer.code, field=answer.field)
