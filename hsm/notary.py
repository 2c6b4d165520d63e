"""What is signed: checkpoints, manifests and statements, each by a pair that may sign, and each proven before it is kept.

A false signature of a failing token would be ours for ever, so none leaves unverified; another token is asked.
"""

import asyncio
import logging
from functools import partial
from hashlib import sha256

from daemon.contract import note
from daemon.contract.statement import Kind, Lines, statement_name, statement_text
from daemon.errors import ConflictError, IntegrityError, JukuraError
from hsm import names, signatures
from hsm.files import Files
from hsm.keystore import Inventory
from hsm.member import Member
from hsm.orders import Sign, Value
from hsm.rack import Rack
from hsm.tables.pairs import Pair
from hsm.tables.statements import Pending
from hsm.timekeeper import Timekeeper

log = logging.getLogger(__name__)

SELF = "service"
"""Stands for the uid where the service signs by itself."""


class Notary:
    """Signs for one register, with the seals of its tokens."""

    def __init__(self, register: str, files: Files, rack: Rack, keeper: Timekeeper) -> None:
        self._register = register
        self._files = files
        self._store = files.store
        self._rack = rack
        self._keeper = keeper
        self._turn = asyncio.Lock()

    async def newest(self, name: str, text: bytes) -> tuple[str, Pair]:
        """The note over `text`, signed under `name`, and the pair that signed: the newest seal of the first token that has it."""
        inventory = await self._files.run(self._store.inventory)
        newest = names.newest(names.SEAL, inventory.names)
        if not newest:
            raise ConflictError("hsm.key_unknown", field=f"{names.SEAL}.1")
        seal = f"{names.SEAL}.{newest}"

        async def sign(member: Member) -> tuple[str, Pair]:
            return await self._sign(member, seal, name, text)

        return await self._rack.first(self._rack.ranked(inventory, seal), sign)

    async def state(self, kind: Kind, lines: Lines) -> None:
        """State something: kept when this returns, and signed now if a token can, else as soon as one can."""
        await self._files.run(self._store.statements.add, kind, self._keeper.now(), list(lines))
        await self.catch_up()

    async def catch_up(self) -> None:
        """Sign what waits, as far as that can be done now."""
        try:
            await self.sign_pending()
        except JukuraError as error:
            log.warning("statements wait", extra={"code": error.code})

    async def sign_pending(self) -> None:
        """Sign every statement that waits, in order; where there was no seal yet, they go on waiting."""
        async with self._turn:
            for pending in await self._files.run(self._store.statements.pending):
                inventory = await self._files.run(self._store.inventory)
                signers = self._signers(inventory)
                if not signers:
                    return
                signed = await self._rack.first(signers, partial(self._statement, pending))
                await self._files.run(self._store.statements.signed, pending.number, signed)

    def _signers(self, inventory: Inventory) -> list[Member]:
        """The members that have any seal, those with the newest first."""
        seals = {member: _newest_seal(member.has(inventory)) for member in self._rack.ranked(inventory)}
        return sorted((member for member, seal in seals.items() if seal), key=lambda each: -seals[each])

    async def _statement(self, pending: Pending, member: Member) -> str:
        inventory = await self._files.run(self._store.inventory)
        seal = f"{names.SEAL}.{_newest_seal(member.has(inventory))}"
        text = statement_text(self._register, pending.kind, pending.number, pending.at, pending.lines)
        signed, _ = await self._sign(member, seal, statement_name(self._register), text)
        await self._files.run(self._store.keys.used_if_there, seal, SELF)
        return signed

    async def _sign(self, member: Member, seal: str, name: str, text: bytes) -> tuple[str, Pair]:
        usable = await self._files.run(self._store.pairs.usable, member.serial)
        pair = next(each for each in usable if each.name == seal)
        signature = (await member.token.call(Sign(seal, sha256(text).digest()), Value)).value
        if not signatures.verifies(pair.public, text, signature):
            log.error("signature false", extra={"key": seal})
            raise IntegrityError("hsm.signature_false")
        return note.signed(text, note.signature_line(name, pair.public, signature)), pair


def _newest_seal(held: frozenset[str]) -> int:
    return names.newest(names.SEAL, held)
