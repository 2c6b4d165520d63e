"""Catching up: what a token lacks is brought to it from one that has it, a few keys at a time.

Nothing is remembered between two steps, so one that was interrupted is simply begun again.
"""

from collections.abc import Iterable

from daemon.errors import JukuraError
from hsm import names
from hsm.member import Member
from hsm.vault import Vault

KEYS = 4  # in one step, so that a request never waits long for its turn


class Mirror:
    """Brings keys to tokens. Whoever calls holds `vault.changing`."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def step(self, member: Member) -> int:
        """Bring up to KEYS keys, or one pair, to a member that answers; how many it got."""
        pair = await self._missing_pair(member)
        if pair is not None:
            return await self._bring_pair(member, pair)
        return await self._bring_keys(member)

    async def _missing_pair(self, member: Member) -> str | None:
        """The next pair that it has to make; one that only waits for its endorsement is not made twice."""
        vault = self._vault
        inventory = await vault.files.run(vault.store.inventory)
        lacking = [name for name in member.lacks(inventory) if names.is_pair(name)]
        if not lacking:
            return None
        waiting = await vault.files.run(vault.store.pairs.waiting, member.serial)
        return next(
            (name for name in lacking if name not in waiting or name not in (member.labels or ())), None
        )

    async def _bring_pair(self, member: Member, name: str) -> int:
        vault = self._vault
        made = await vault.pair_in(member, name)
        await vault.files.settle()
        await vault.files.run(vault.keep_pairs, [made], vault.keeper.now())
        await vault.notary.catch_up()
        return 1

    async def _bring_keys(self, member: Member) -> int:
        vault = self._vault
        inventory = await vault.files.run(vault.store.inventory)
        sources = [
            other.has(inventory)
            for other in vault.rack.ranked(inventory)
            if other is not member and other.problem is None and other.session is not None
        ]
        lacking = [name for name in member.lacks(inventory) if not names.is_pair(name)]
        chosen = [name for name in lacking if any(name in source for source in sources)][:KEYS]
        if not chosen:
            return 0
        copies = await vault.wrapped_for(member, await self._opened(chosen))
        await vault.files.settle()
        await vault.files.run(vault.store.keys.wrap, member.serial, copies)
        return len(copies)

    async def _opened(self, chosen: Iterable[str]) -> dict[str, bytes]:
        found = {}
        for name in chosen:
            try:
                found[name] = await self._vault.opened(name)
            except JukuraError:
                continue  # its token has just gone: the next step
        return found
