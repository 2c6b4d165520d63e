"""Making, opening, listing and destroying keys."""

from hsm import names, policy
from hsm.acts.table import Table
from hsm.protocol import (
    DestroyLawful,
    KeyInfo,
    Keys,
    ListKeys,
    Made,
    Make,
    Statements,
    Unwrap,
    Unwrapped,
)
from hsm.vault import Vault

LISTED_DESTROYED = 1000


class KeyActs:
    """The acts about keys."""

    def __init__(self, register: str, vault: Vault) -> None:
        self._register = register
        self._vault = vault
        self._store = vault.store
        self._run = vault.files.run
        self.table: Table = {
            Make: self._make,
            Unwrap: self._unwrap,
            ListKeys: self._list,
            DestroyLawful: self._destroy,
        }

    async def _make(self, request: Make, _: str) -> Made:
        wanted = await self._admitted(request.names)
        async with self._vault.changing:
            there = await self._run(self._store.keys.names)
            if set(wanted) <= set(there):  # what exists costs no call to a token
                return Made([])
            destroyed = await self._run(self._store.graves.names)
            new = policy.to_make(self._register, wanted, there, destroyed, self._vault.keeper.now())
            await self._vault.make(new)
            return Made(new)

    async def _unwrap(self, request: Unwrap, uid: str) -> Unwrapped:
        wanted = await self._admitted(request.names)
        policy.may_unwrap(wanted)
        policy.existing(wanted, await self._run(self._store.keys.names))
        return Unwrapped(await self._vault.unwrap(wanted, uid))

    async def _list(self, _: ListKeys, __: str) -> Keys:
        def listed() -> Keys:
            with self._store.transaction():
                inventory, uses = self._store.inventory(), self._store.keys.uses()
                keys = [
                    KeyInfo(
                        name=name,
                        lawful=names.lawful(name),
                        made=made,
                        ends=names.ends(name),
                        uses=uses.get(name, {}),
                        tokens=[row.serial for row in inventory.tokens if name in inventory.held(row.serial)],
                    )
                    for name, made in self._store.keys.made().items()
                ]
                return Keys(keys, self._store.pairs.listed(), self._store.graves.listed(LISTED_DESTROYED))

        return await self._run(listed)

    async def _destroy(self, request: DestroyLawful, _: str) -> Statements:
        """Those destroyed already are answered for too: the first answer may have been lost."""
        wanted = policy.admit(request.names)
        now = self._vault.keeper.now()
        policy.require_due(wanted, now)
        async with self._vault.changing:
            gone = await self._run(self._store.graves.among, wanted)
            left = [name for name in wanted if name not in gone]
            policy.existing(left, await self._run(self._store.keys.names))
            if left:
                await self._vault.burial.destroy(left)
            await self._vault.notary.sign_pending()
        numbers = await self._run(self._store.graves.certificates, wanted)
        return Statements(await self._run(self._store.statements.those, numbers))

    async def _admitted(self, wanted: list[str]) -> list[str]:
        found = policy.admit(wanted)
        policy.not_destroyed(found, await self._run(self._store.graves.among, found))
        return found
