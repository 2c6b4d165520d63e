"""What goes on behind the requests: tokens met as they come back, cleaned of destroyed keys, and caught up.

Each step is small and begun anew after a kill. A token that came back first gets a newest seal, then loses what was
destroyed while it was away, then gets the keys that it lacks; what is left to state is signed.
"""

import asyncio
import logging

from daemon.errors import JukuraError
from hsm.burial import may_go
from hsm.member import Member
from hsm.mirror import Mirror
from hsm.orders import Opened
from hsm.vault import Vault

log = logging.getLogger(__name__)

PAUSE = 0.25  # seconds between two looks; a token that is back serves within this and what it takes to open
DESTROYED = 8  # keys destroyed in one step


class Upkeep:
    """Keeps one register's tokens and clock level."""

    def __init__(self, vault: Vault, mirror: Mirror) -> None:
        self._vault = vault
        self._mirror = mirror
        self._clean: dict[str, Opened] = {}
        self._told = ""

    async def run(self) -> None:
        """Look again and again."""
        while True:
            if not await self.guarded():
                await asyncio.sleep(PAUSE)

    async def guarded(self) -> bool:
        """One step; whether there may be more to do. What fails is told once, and tried again."""
        try:
            did = await self.step()
        except JukuraError as error:
            self._tell(error.code)
            return False
        self._tell("")
        return did

    async def step(self) -> bool:
        """One step of everything; whether anything was done."""
        vault = self._vault
        await self._persist_clock()
        await vault.rack.look_elsewhere()
        present = await vault.rack.present()
        for member in present:
            await self._read(member)
        async with vault.changing:
            did = [await self._level(member) for member in present]
            return any([*did, await self._state()])

    async def _persist_clock(self) -> None:
        keeper = self._vault.keeper
        record = keeper.due()
        if record is not None:
            await self._vault.files.run(self._vault.store.clock.put, record)
            keeper.persisted(record)

    async def _read(self, member: Member) -> None:
        if member.labels is not None:
            return
        try:
            await self._vault.rack.read_labels(member)
        except JukuraError as error:  # a slow token is not there yet: the next step
            self._tell(error.code)

    async def _level(self, member: Member) -> bool:
        if member.labels is None:
            return False
        try:
            brought = 0 if member.joining else await self._mirror.step(member)
            return await self._bury(member) or brought > 0
        except JukuraError as error:
            member.failed(error)
            self._tell(error.code)
            return False

    async def _bury(self, member: Member) -> bool:
        """Destroy in one token what is destroyed; looked at once a session, since later it is done at once."""
        session, vault = member.session, self._vault
        labels = member.labels
        if session is None or labels is None or self._clean.get(member.serial) is session:
            return False
        inventory = await vault.files.run(vault.store.inventory)
        due = await vault.files.run(vault.store.graves.missing_from, member.serial)
        due |= await vault.files.run(vault.store.graves.among, sorted(labels))
        gone = may_go(sorted(due), member.has(inventory), inventory.names)
        there = [name for name in gone if name in labels]
        await vault.burial.clean(member, there[:DESTROYED])
        if absent := sorted(set(gone) - set(there)):
            await vault.files.run(vault.burial.confirm, member.serial, absent, vault.keeper.now())
        if len(gone) == len(due) and len(there) <= DESTROYED and member.session is session:
            self._clean[member.serial] = session
        return bool(gone)

    async def _state(self) -> bool:
        """State what is not stated yet, and sign what is not signed yet."""
        vault = self._vault
        if await vault.files.run(vault.store.graves.uncertified):
            await vault.files.run(vault.burial.certify, vault.keeper.now())
        before = await vault.files.run(vault.store.statements.pending)
        if before:
            await vault.notary.sign_pending()
        return len(await vault.files.run(vault.store.statements.pending)) < len(before)

    def _tell(self, code: str) -> None:
        if code and code != self._told:
            log.warning("upkeep waits", extra={"code": code})
        self._told = code
