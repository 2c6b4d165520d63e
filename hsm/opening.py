"""How a token is opened: a worker, the token found, the PIN tried if it may be, known answers, and only then keys.

Rules:
- The PIN goes to the worker only after the token was found to be the one that it was before, and its mark is on the
  disk (`hsm.pinmark`). It is asked for at the moment of use.
- A worker that cannot find its token is asked again, since starting another costs more; after `PATIENT` failures it is
  replaced. One that hangs or ends is replaced at once.
- A token, or a machine, that computes wrongly is never used (`hsm.selftest_failed`).
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from daemon.errors import IntegrityError, JukuraError, StateError
from hsm import selftest
from hsm.orders import Create, Created, Failed, Find, Found, Login, Opened, SelfTest, Tested, TokenFacts
from hsm.pinmark import PinMark
from hsm.process import Worker, expected, spawn
from hsm.protocol import SignatureKind
from hsm.uri import TokenUri

log = logging.getLogger(__name__)

PATIENT = 4
AT_THE_PAD = 300.0  # seconds, for people to enter a PIN at the token itself
SLOW_TEST = 60.0  # seconds, to make an RSA pair
END = 2.0  # seconds, for a worker to log out by itself
REFUSALS = frozenset({"hsm.pin_wrong", "hsm.pin_locked"})
"""How a worker tells that the token refused the PIN."""


@dataclass(eq=False)
class Session:
    """A worker that is logged in."""

    worker: Worker
    opened: Opened
    pin: bytes


class Opening:
    """Opens one token, again and again. Not for two at once."""

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        uri: TokenUri,
        pin: Callable[[], bytes | None],
        mark: PinMark,
        *,
        create: bool,
        deadline: float,
    ) -> None:
        self._command = command
        self._environ = environ
        self._uri = uri
        self._pin = pin
        self._mark = mark
        self._create = create
        self._deadline = deadline
        self._worker: Worker | None = None
        self._killed: list[Worker] = []
        self._failures = 0
        self._serial: str | None = None
        self._tested = False
        self._last: tuple[str, bytes | None, bytes | None] = ("", None, None)

    async def attempt(self) -> Session:
        """One try. StateError where a later one may succeed, IntegrityError where none is to be made."""
        try:
            worker = await self._ready()
            if self._create:
                await self._make(worker)
            session = await self._open(worker)
        except TimeoutError:
            self.drop()
            raise StateError("hsm.token_away", field="deadline") from None
        except JukuraError as error:
            self._failures += error.code == "hsm.token_away"
            if self._failures >= PATIENT or isinstance(error, IntegrityError):
                self.drop()
            raise
        self._failures = 0
        return session

    async def pin_changed(self) -> bool:
        """Whether the PIN, or what is known of it, is another one than at the last attempt."""
        label, seen, pin = self._last
        return self._pin() != pin or await asyncio.to_thread(self._mark.seen, label) != seen

    async def refused(self, session: Session) -> None:
        """The PIN that opened this session was refused when a worker logged in again."""
        await asyncio.to_thread(self._mark.refused, session.opened.label, session.pin)

    def drop(self) -> None:
        """Kill the worker; the next attempt starts another."""
        self._failures = 0
        if self._worker is not None:
            self._worker.kill()
            self._killed = [each for each in (*self._killed, self._worker) if each.alive()]
            self._worker = None

    async def close(self) -> None:
        """Let the worker log out, or kill it; wait for its end and for that of its predecessors."""
        if self._worker is not None:
            await self._worker.end(within=END)
        for worker in self._killed:
            await worker.gone(within=END)

    async def _ready(self) -> Worker:
        if self._worker is not None and not self._worker.alive():
            self.drop()
        if self._worker is None:
            if not self._tested:
                selftest.software()
            self._worker = await spawn(self._command, self._environ)
        return self._worker

    async def _make(self, worker: Worker) -> None:
        """SoftHSM, on the first start: a token whose PIN is ours, and good."""
        pin = self._pin()
        if pin is None:
            raise StateError("hsm.pin_awaited")
        order = Create(module=self._uri.module, label=self._uri.label, pin=pin)
        if (await worker.call(order, Created, within=self._deadline)).new:
            await asyncio.to_thread(self._mark.good, self._uri.label, pin)
        self._create = False

    async def _open(self, worker: Worker) -> Session:
        find = Find(self._uri.module, dict(self._uri.criteria))
        facts = (await worker.call(find, Found, within=self._deadline)).facts
        if self._serial not in (None, facts.serial):
            raise StateError("hsm.token_foreign")
        pin = b"" if facts.protected_path else self._pin()
        self._last = (facts.label, await asyncio.to_thread(self._mark.seen, facts.label), pin)
        if pin is None:
            raise StateError("hsm.pin_awaited")
        opened = await self._login(worker, facts, pin)
        await self._test(worker, opened)
        self._serial = facts.serial
        log.info("token open", extra={"pid": worker.pid, "kind": opened.signature})
        return Session(worker, opened, pin)

    async def _login(self, worker: Worker, facts: TokenFacts, pin: bytes) -> Opened:
        await asyncio.to_thread(self._mark.admit, facts.label, pin, facts)
        async with asyncio.timeout(AT_THE_PAD if facts.protected_path else self._deadline):
            reply = (await worker.ask(Login(pin))).reply  # where none comes, nothing is known: the mark stays
        if isinstance(reply, Opened):
            await asyncio.to_thread(self._mark.good, facts.label, pin)
        elif isinstance(reply, Failed) and reply.code in REFUSALS:
            await asyncio.to_thread(self._mark.refused, facts.label, pin)
        else:
            await asyncio.to_thread(self._mark.restore, facts.label)
        return expected(reply, Opened)

    async def _test(self, worker: Worker, opened: Opened) -> None:
        slow = opened.signature is not SignatureKind.ECDSA_P256 and not self._tested
        order = SelfTest(full=not self._tested)
        tested = await worker.call(order, Tested, within=SLOW_TEST if slow else self._deadline)
        selftest.token(tested)
        self._tested = True
