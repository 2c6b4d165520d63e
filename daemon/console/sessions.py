"""Sessions: bound to the uid that signed in, one per operator, ended by ten minutes without an act (C11, C17).

A token is 256 random bits; the register keeps its digest only. Every opening, refusal and end is an entry.
"""

import hashlib
import secrets
from dataclasses import dataclass

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.clock import Clock
from daemon.commands.caller import Caller
from daemon.commands.people import People, affairs_of
from daemon.commands.setup import catalogue
from daemon.contract.console import MAX_HITS, Session, SignIn
from daemon.errors import AuthenticationError
from daemon.register.rows import Register
from daemon.store.engine import Engine
from daemon.store.writer import Writer


@dataclass
class _Open:
    caller: Caller
    uid: int
    last: float
    """Monotonic time of the last act."""


class Sessions:
    """Who is signed in."""

    def __init__(
        self,
        register: Register,
        people: People,
        engine: Engine,
        writer: Writer,
        clock: Clock,
        *,
        terminal: str,
        idle_seconds: int,
        max_hits: int = MAX_HITS,
    ) -> None:
        self._register = register
        self._people = people
        self._engine = engine
        self._writer = writer
        self._clock = clock
        self._terminal = terminal
        self._idle = idle_seconds
        self._max_hits = max_hits
        self._open: dict[bytes, _Open] = {}

    async def sign_in(self, asked: SignIn, *, uid: int) -> Session:
        """Open a session; one that the same operator had before ends."""
        try:
            account = await self._people.verify(asked.operator, asked.password)
        except AuthenticationError as error:
            # The id as typed may be anything, a password too: it stays sealed.
            await self._log(
                Action.SESSION_REFUSED,
                "unknown",
                Outcome.REFUSED,
                code=error.code,
                sealed={"operator": asked.operator},
            )
            raise
        affairs = affairs_of(account, await catalogue(self._engine), self._clock.now())
        caller = Caller(
            account.id,
            account.name,
            account.department,
            frozenset(account.roles),
            {affair.id: affair for affair in affairs},
            self._terminal,
        )
        for digest in [digest for digest, open_ in self._open.items() if open_.caller.operator == account.id]:
            await self._close(digest)
        token = secrets.token_urlsafe(32)
        await self._log(Action.SESSION_OPENED, f"operator:{account.id}", Outcome.OK)
        self._open[_digest(token)] = _Open(caller, uid, self._clock.monotonic())
        return Session(
            token=token,
            register=self._register,
            operator=account.id,
            name=account.name,
            department=account.department,
            roles=list(account.roles),
            affairs=affairs,
            idle_seconds=self._idle,
            max_hits=self._max_hits,
        )

    async def caller(self, token: str, *, uid: int) -> Caller:
        """Who acts under `token`; AuthenticationError where there is no such session, for this uid, still alive."""
        digest = _digest(token)
        session = self._open.get(digest)
        if session is None or session.uid != uid:
            raise AuthenticationError("session.unknown")
        now = self._clock.monotonic()
        if now - session.last > self._idle:
            await self._close(digest)
            raise AuthenticationError("session.idle")
        session.last = now
        return session.caller

    async def sign_out(self, token: str) -> None:
        """End the session of `token`."""
        await self._close(_digest(token))

    async def _close(self, digest: bytes) -> None:
        session = self._open.pop(digest, None)
        if session is not None:
            await self._log(Action.SESSION_CLOSED, f"operator:{session.caller.operator}", Outcome.OK)

    async def _log(
        self,
        action: Action,
        actor: str,
        outcome: Outcome,
        *,
        code: str = "",
        sealed: dict[str, str] | None = None,
    ) -> None:
        act = Act(action, actor, outcome, terminal=self._terminal, code=code, sealed=dict(sealed or {}))
        await self._writer.log(act)


def _digest(token: str) -> bytes:
    # Looking up a digest of a random token tells an observer of its timing nothing about the token.
    return hashlib.sha256(token.encode()).digest()
