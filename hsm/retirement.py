"""Taking a token out of use, in small steps that a kill at any point only interrupts.

That it retires is stated while it is still there; its copies are forgotten at once, and its keys are destroyed in it
where it still answers. Whoever calls holds `vault.changing`.
"""

from datetime import datetime

from daemon.contract.statement import Kind
from daemon.errors import ConflictError, IntegrityError, StateError
from hsm import names
from hsm.keystore import Inventory
from hsm.member import Member
from hsm.orders import Destroy, Done, Labels, Names
from hsm.proposals import Case
from hsm.protocol import EnrolToken, ReplaceToken, RetireToken
from hsm.tables.tokens import TokenRow
from hsm.vault import Vault

RETIRING, CLEANING = "retiring", "cleaning"
DESTROYED = 8  # keys destroyed in one step


class Retirement:
    """Carries out what takes a token out."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._leaving: dict[str, Member] = {}

    async def retire(self, case: Case, deed: RetireToken) -> None:
        """One step of a RetireToken."""
        phase, _, serial = case.work.partition(" ")
        await self.step(case, phase or RETIRING, serial or deed.serial)

    async def clean_out(self, member: Member) -> None:
        """Destroy all of our keys in a token that is no member any more, as far as it answers, and close it."""
        self._leaving[member.serial] = member
        while await self._clean_some(member.serial):
            pass

    async def step(self, case: Case, phase: str, serial: str) -> None:
        """One step of taking out the token `serial`."""
        if phase == RETIRING:
            await self._retire(case, serial)
        elif not await self._clean_some(serial):
            await self._vault.files.run(self._vault.store.proposals.done, case.id, self._vault.keeper.now())

    async def _retire(self, case: Case, serial: str) -> None:
        vault = self._vault
        inventory = await vault.files.run(vault.store.inventory)
        member = vault.rack.member(serial)
        if member is None or member.row is None:
            raise ConflictError("hsm.token_unknown")
        others = [each for each in vault.rack.ranked(inventory) if each is not member]
        elsewhere = frozenset[str]().union(*(each.has(inventory) for each in others))
        alone = member.has(inventory) - elsewhere
        if alone and await vault.rack.present([member]):
            raise ConflictError("hsm.token_holds_alone")
        await vault.files.run(self._keep_retired, case, member.row, others, inventory, vault.keeper.now())
        vault.rack.remove(serial)
        self._leaving[serial] = member
        await vault.notary.catch_up()

    def _keep_retired(
        self, case: Case, row: TokenRow, others: list[Member], inventory: Inventory, now: datetime
    ) -> None:
        store, count = self._vault.store, len(inventory.names)
        successor = others[-1].serial if isinstance(case.deed, ReplaceToken) and others else ""
        lines = [
            ("serial", row.serial),
            ("model", row.model),
            ("successor", successor),
            ("keys", str(len(inventory.held(row.serial)))),
        ]
        with store.transaction():
            store.statements.add(Kind.TOKEN_RETIRED, now, lines)
            store.tokens.retire(row.serial, now)
            steps = steps_of(case, count)
            store.proposals.step(case.id, max(case.steps_done, 1), steps, f"{CLEANING} {row.serial}")

    async def _clean_some(self, serial: str) -> bool:
        """Destroy a few of our keys in a token that left; whether there may be more."""
        member = self._leaving.get(serial) or await self._returned(serial)
        if member is None:
            return False
        try:
            found = (await member.token.call(Labels(), Names)).names
            ours = [label for label in found if names.sound(label)]
            for label in ours[:DESTROYED]:
                await member.token.call(Destroy(label), Done)
            await self._vault.files.settle()
        except (StateError, IntegrityError):
            ours = []  # it is gone: what lies in it is the custodians' matter
        if len(ours) <= DESTROYED:
            self._leaving.pop(serial, None)
            await self._vault.rack.let_go(member)
            return False
        return True

    async def _returned(self, serial: str) -> Member | None:
        """A token that was leaving when this process was not there yet."""
        vault = self._vault
        row = next(
            (row for row in await vault.files.run(vault.store.tokens.all) if row.serial == serial), None
        )
        if row is None:
            return None
        member = vault.rack.at(row.uri)
        try:
            session = await member.token.opened()
        except (StateError, IntegrityError):
            session = None
        if session is None or session.serial != serial:
            await vault.rack.let_go(member)
            return None
        self._leaving[serial] = member
        return member

    async def close(self) -> None:
        """Close the tokens that were leaving."""
        for member in self._leaving.values():
            await self._vault.rack.let_go(member)
        self._leaving.clear()


def steps_of(case: Case, keys: int) -> int:
    """How many steps there are: a key each, and one to enrol or retire."""
    return {EnrolToken: keys + 1, ReplaceToken: keys + 2, RetireToken: 2}[type(case.deed)]
