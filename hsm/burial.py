"""Destroying keys: the name first, for ever, then the secret in every token, then the certificate.

A kill in between loses nothing: a buried name is never made again, what a token has not confirmed is destroyed when
it is met next, and what is not stated yet is stated then. Whoever calls holds `vault.changing`.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from daemon.contract.statement import Kind
from daemon.errors import IntegrityError, StateError
from hsm import names
from hsm.files import Files
from hsm.member import Member
from hsm.notary import Notary
from hsm.orders import Destroy, Done
from hsm.rack import Rack
from hsm.timekeeper import Timekeeper


class Burial:
    """Destroys in all tokens."""

    def __init__(self, files: Files, rack: Rack, keeper: Timekeeper, notary: Notary) -> None:
        self._files = files
        self._store = files.store
        self._rack = rack
        self._keeper = keeper
        self._notary = notary

    async def destroy(self, wanted: Sequence[str]) -> None:
        """Destroy keys for ever: their names first, then their secrets in every token that answers."""
        await self._rack.serving()  # without any token nothing could be confirmed or signed
        await self._files.run(self.bury, wanted, self._keeper.now())
        await self.clean_everywhere(wanted)

    async def clean_everywhere(self, destroyed: Sequence[str]) -> None:
        """Destroy these in every token that answers, and certify it; absent ones follow when they are back."""
        inventory = await self._files.run(self._store.inventory)
        await asyncio.gather(
            *(
                self.clean(member, may_go(destroyed, member.has(inventory), inventory.names))
                for member in await self._rack.present()
            )
        )
        await self._files.run(self.certify, self._keeper.now())
        await self._notary.catch_up()

    def bury(self, wanted: Iterable[str], now: datetime) -> None:
        """Forget keys and keep their names as destroyed, in one transaction."""
        with self._store.transaction():
            for name in wanted:
                self._store.graves.bury(name, now)
                self._store.keys.remove(name)

    async def clean(self, member: Member, destroyed: Iterable[str]) -> None:
        """Destroy these in one token and keep that it is rid of them; what fails is tried again when it is back."""
        gone = []
        try:
            for name in destroyed:
                await member.token.call(Destroy(name), Done)
                member.note(name, there=False)
                gone.append(name)
        except (StateError, IntegrityError) as error:
            member.failed(error)
        if gone:
            await self._files.settle()
            await self._files.run(self.confirm, member.serial, gone, self._keeper.now())

    def confirm(self, serial: str, gone: Sequence[str], now: datetime) -> None:
        """Keep that one token is rid of these, in one transaction."""
        with self._store.transaction():
            self._store.graves.confirm(serial, gone, now)
            for name in gone:
                self._store.pairs.end(name, serial)

    def certify(self, now: datetime) -> None:
        """State every destruction of which something is not stated yet, in one transaction."""
        with self._store.transaction():
            missing = self._store.graves.missing()
            for name in self._store.graves.uncertified():
                lines = [
                    ("name", name),
                    *(("confirmed", serial) for serial in self._store.graves.confirmed(name)),
                    *(("missing", serial) for serial in missing.get(name, [])),
                ]
                number = self._store.statements.add(Kind.DESTRUCTION, now, lines)
                self._store.graves.certify(name, number, partial=name in missing)


def may_go(destroyed: Iterable[str], held: Collection[str], there: Iterable[str]) -> list[str]:
    """Those that may go from a token now: its old seal goes after it has the newest, which the old may endorse."""
    newest = f"{names.SEAL}.{names.newest(names.SEAL, there)}"
    return [name for name in destroyed if names.kind(name) != names.SEAL or newest in held]
