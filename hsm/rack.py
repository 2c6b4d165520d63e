"""The tokens of one register: which answer, which serves first, and that each is the one it is taken for.

- The first token that ever answers at the configured URI is enrolled by itself; every other comes by custodians.
- A token that answers with another serial than the one kept is `hsm.token_foreign`, and no key in it is used.
- The one that lacks nothing and was enrolled first serves; where it fails, the next takes over within the request.
- Where the configured URI is none of those kept, it is a new place of a token that we know, or foreign.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from daemon.errors import IntegrityError, JukuraError, StateError
from hsm.files import Files
from hsm.keystore import Inventory
from hsm.member import Member, row_of, weightiest
from hsm.orders import Labels, Names, Opened
from hsm.tables.tokens import TokenRow, TokenState
from hsm.token import KeyToken

T = TypeVar("T")


class Rack:
    """The members. `open_token` gives a token by its URI; `home` is the configured one."""

    def __init__(
        self, files: Files, open_token: Callable[[str], KeyToken], home: str, time: Callable[[], datetime]
    ) -> None:
        self._files = files
        self._open = open_token
        self._time = time
        self._calls_before = 0
        rows = files.store.tokens.all()
        self.members = [
            Member(row, row.uri or home, open_token(row.uri or home))
            for row in rows
            if row.state is not TokenState.RETIRED
        ]
        if not rows:
            self.members.append(Member(None, home, open_token(home)))
        known = {row.uri or home for row in rows} if rows else {home}
        self._elsewhere = None if home in known else Member(None, home, open_token(home))

    @property
    def calls(self) -> int:
        """Calls to all tokens so far."""
        return self._calls_before + sum(each.token.calls for each in (*self.members, *self._spares()))

    @property
    def labels(self) -> frozenset[str]:
        """The labels of the tokens, also of those that have not answered yet."""
        rows = [each.row.label for each in self.members if each.row]
        open_ones = [each.token.label for each in (*self.members, *self._spares())]
        return frozenset(label for label in (*rows, *open_ones) if label)

    @property
    def problems(self) -> list[JukuraError]:
        """Why members, or what stands at the configured URI, do not answer."""
        return [each.problem for each in (*self.members, *self._spares()) if each.problem]

    def member(self, serial: str) -> Member | None:
        """The member of that serial."""
        return next((each for each in self.members if each.serial == serial), None)

    def ranked(self, inventory: Inventory, holding: str | None = None) -> list[Member]:
        """The enrolled ones in the order in which they serve; with `holding`, those alone that have this key."""
        enrolled = [each for each in self.members if not each.joining]
        if holding is not None:
            enrolled = [each for each in enrolled if holding in each.has(inventory)]
        return sorted(enrolled, key=lambda each: bool(each.lacks(inventory)))

    async def first(self, members: Sequence[Member], work: Callable[[Member], Awaitable[T]]) -> T:
        """What `work` gives on the first of `members` that can; where all fail, the weightiest reason."""
        reasons: list[JukuraError] = [] if members else [StateError("hsm.token_lacks")]
        for member in members:
            try:
                await self.meet(member)
                return await work(member)
            except (StateError, IntegrityError) as error:
                reasons.append(error)
        raise weightiest([*reasons, *(each.problem for each in self._spares() if each.problem)])

    async def present(self, members: Iterable[Member] | None = None) -> list[Member]:
        """Those that answer now, of `members` or of all, joining ones too."""
        asked = list(self.members if members is None else members)
        met = await asyncio.gather(*(self._answers(member) for member in asked))
        return [member for member, answers in zip(asked, met, strict=True) if answers]

    async def serving(self) -> list[Member]:
        """The enrolled ones that answer now; the weightiest reason where none does."""
        found = [member for member in await self.present() if not member.joining]
        if not found:
            raise weightiest(self.problems)
        return found

    async def read_labels(self, member: Member) -> None:
        """See what lies in a member's token; once a session."""
        session = member.session
        found = await member.token.call(Labels(), Names)
        if member.session is session:
            member.read(found.names)

    async def _answers(self, member: Member) -> bool:
        try:
            await self.meet(member)
        except (StateError, IntegrityError):
            return False
        return True

    async def meet(self, member: Member) -> None:
        """Raise unless it answers and is the one it is taken for; a new session is met once."""
        async with member.meeting:
            try:
                session = await member.token.opened()
                if session is not member.session:
                    await self._welcome(member, session)
            except (StateError, IntegrityError) as error:
                member.problem = error
                raise
            member.problem = None

    async def _welcome(self, member: Member, session: Opened) -> None:
        if member.row is None:
            member.row = await self._enrol_first(member, session)
        if session.serial != member.row.serial:
            raise StateError("hsm.token_foreign")
        if (member.row.uri, member.row.label) != (member.uri, session.label):
            store = self._files.store
            await self._files.run(store.tokens.found_at, session.serial, member.uri, session.label)
            member.row = replace(member.row, uri=member.uri, label=session.label)
        member.met(session)

    async def _enrol_first(self, member: Member, session: Opened) -> TokenRow:
        if member not in self.members:
            raise StateError("hsm.token_foreign")
        now = self._time()
        row = row_of(session, member.uri, TokenState.ENROLLED, now)
        await self._files.run(self._files.store.tokens.add, row)
        return row

    async def look_elsewhere(self) -> None:
        """See whether a token that we know now stands at the configured URI, and take it there."""
        spare = self._elsewhere
        if spare is None:
            return
        try:
            session = await spare.token.opened()
        except (StateError, IntegrityError) as error:
            spare.problem = error
            return
        known = self.member(session.serial)
        if known is None:
            spare.problem = StateError("hsm.token_foreign")
            return
        self._elsewhere = None
        moved = Member(known.row, spare.uri, spare.token)
        self.members[self.members.index(known)] = moved
        await self.let_go(known)

    async def candidate(self, uri: str) -> tuple[Member, Opened]:
        """The token at a URI that custodians have signed, opened; not a member yet."""
        member = Member(None, uri, self._open(uri))
        try:
            return member, await member.token.opened()
        except BaseException:
            await self.let_go(member)
            raise

    def join(self, member: Member, row: TokenRow) -> None:
        """It is a member from now on."""
        member.row = row
        self.members.append(member)

    def enrolled(self, member: Member, at: datetime) -> None:
        """It is no longer only joining."""
        if member.row is not None:
            member.row = replace(member.row, state=TokenState.ENROLLED, enrolled=at)

    def remove(self, serial: str) -> Member | None:
        """It is no longer a member; its token is the caller's to close."""
        member = self.member(serial)
        if member is not None:
            self.members.remove(member)
        return member

    def at(self, uri: str) -> Member:
        """A token that is out of use already, to be cleaned; not a member."""
        return Member(None, uri, self._open(uri))

    async def let_go(self, member: Member) -> None:
        """Close the token of one that is no member."""
        self._calls_before += member.token.calls
        await member.token.close()

    async def close(self) -> None:
        """Log out of all."""
        await asyncio.gather(*(each.token.close() for each in (*self.members, *self._spares())))

    def _spares(self) -> list[Member]:
        return [self._elsewhere] if self._elsewhere else []
