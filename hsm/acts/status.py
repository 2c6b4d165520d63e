"""Whether the tokens answer, and what stands wrong."""

import asyncio
from collections.abc import Callable, Sequence

from daemon.errors import IntegrityError, StateError
from hsm import alarms
from hsm.acts.table import Table
from hsm.keystore import Inventory
from hsm.member import Member
from hsm.orders import Check, Done
from hsm.protocol import Ping, Pong, TokenInfo
from hsm.vault import Vault


class StatusActs:
    """The act of telling. `at_rest` judges by the enrolled tokens."""

    def __init__(self, register: str, vault: Vault, at_rest: Callable[[Sequence[TokenInfo]], str]) -> None:
        self._register = register
        self._vault = vault
        self._store = vault.store
        self._at_rest = at_rest
        self.table: Table = {Ping: self._ping}

    async def _ping(self, _: Ping, __: str) -> Pong:
        rack, run = self._vault.rack, self._vault.files.run
        answering = await self._answering()
        inventory = await run(self._store.inventory)
        ranked = [member for member in rack.ranked(inventory) if member in answering]
        tokens = [
            _info(member, inventory, present=member in answering, active=ranked[:1] == [member])
            for member in rack.members
            if not member.joining
        ]
        found = [token for token in tokens if token is not None]
        sight = alarms.Sight(
            tokens=found,
            problems=frozenset(problem.code for problem in rack.problems),
            partial=await run(self._store.graves.partial),
            jumped=self._vault.keeper.jumped,
            custodians=len(await run(self._store.custodians.all)),
        )
        return Pong(
            register=self._register,
            token=bool(ranked),
            at_rest=self._at_rest(found),
            token_calls=rack.calls,
            tokens=found,
            alarms=alarms.standing(sight),
            clock=self._vault.keeper.now(),
        )

    async def _answering(self) -> list[Member]:
        members = list(self._vault.rack.members)
        met = await asyncio.gather(*(self._answers(member) for member in members))
        return [member for member, answers in zip(members, met, strict=True) if answers]

    async def _answers(self, member: Member) -> bool:
        try:
            await self._vault.rack.meet(member)
            await member.token.call(Check(), Done)
        except (StateError, IntegrityError) as error:
            member.problem = error
            return False
        return True


def _info(member: Member, inventory: Inventory, *, present: bool, active: bool) -> TokenInfo | None:
    row = member.row
    if row is None:
        return None
    return TokenInfo(
        serial=row.serial,
        label=row.label,
        model=row.model,
        uri=member.uri,
        signature=row.kind,
        enrolled=row.enrolled or row.joined,
        present=present,
        active=active,
        lacking=len(member.lacks(inventory)),
    )
