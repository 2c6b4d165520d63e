"""Taking a token in, in small steps that a kill at any point only interrupts.

It is opened at the URI that custodians signed, joins, gets a copy of every key and an endorsed seal of its own, and
is enrolled. Whoever calls holds `vault.changing`. A case's `work` is the phase and the serial it is about, so that
the next step knows where it is.
"""

from collections.abc import Callable
from datetime import datetime

from daemon.contract.statement import Kind
from daemon.errors import ConflictError, StateError
from hsm.keystore import Inventory
from hsm.member import Member, row_of
from hsm.mirror import Mirror
from hsm.proposals import Case
from hsm.protocol import EnrolToken, ReplaceToken
from hsm.retirement import RETIRING, Retirement, steps_of
from hsm.tables.tokens import TokenRow, TokenState
from hsm.vault import Vault

JOINING = "joining"


class Enrolment:
    """Carries out what takes a token in."""

    def __init__(self, vault: Vault, mirror: Mirror, retirement: Retirement) -> None:
        self._vault = vault
        self._mirror = mirror
        self._retirement = retirement

    async def take_in(self, case: Case, deed: EnrolToken | ReplaceToken) -> None:
        """One step of enrolling the token at `deed.uri`, and of retiring the one it replaces."""
        phase, _, serial = case.work.partition(" ")
        match phase:
            case "":
                await self._join(case, deed.uri)
            case "joining":
                await self._fill(case, deed, serial)
            case _:
                await self._retirement.step(case, phase, serial)

    async def undo(self, case: Case, cancel: Callable[[], None]) -> None:
        """`cancel` the case, and let go of a token that was only joining; what it got is destroyed in it."""
        phase, _, serial = case.work.partition(" ")
        member = self._vault.rack.member(serial) if phase == JOINING else None
        if member is None:
            await self._vault.files.run(cancel)
            return
        await self._vault.files.run(self._forget, serial, cancel)
        self._vault.rack.remove(serial)
        await self._retirement.clean_out(member)

    def _forget(self, serial: str, cancel: Callable[[], None]) -> None:
        with self._vault.store.transaction():
            self._vault.store.tokens.forget(serial)
            cancel()

    # In.

    async def _join(self, case: Case, uri: str) -> None:
        vault = self._vault
        await vault.rack.serving()
        member, session = await vault.rack.candidate(uri)
        known = {row.serial: row.state for row in await vault.files.run(vault.store.tokens.all)}
        if session.serial in known:
            await vault.rack.let_go(member)
            retired = known[session.serial] is TokenState.RETIRED
            raise ConflictError("hsm.token_retired" if retired else "hsm.token_enrolled")
        row = row_of(session, uri, TokenState.JOINING, vault.keeper.now())
        await vault.files.run(self._keep_joining, case, row)
        vault.rack.join(member, row)

    def _keep_joining(self, case: Case, row: TokenRow) -> None:
        store = self._vault.store
        with store.transaction():
            store.tokens.add(row)
            steps = steps_of(case, len(store.keys.names()))
            store.proposals.step(case.id, 0, steps, f"{JOINING} {row.serial}")

    async def _fill(self, case: Case, deed: EnrolToken | ReplaceToken, serial: str) -> None:
        vault = self._vault
        member = vault.rack.member(serial)
        if member is None:
            raise ConflictError("hsm.token_unknown")
        await vault.rack.meet(member)
        brought = await self._mirror.step(member)
        inventory = await vault.files.run(vault.store.inventory)
        lacking = len(member.lacks(inventory))
        if lacking and not brought:
            await vault.notary.sign_pending()
            await vault.rack.serving()
            raise StateError("hsm.token_lacks")
        if lacking:
            total = len(inventory.names)
            work = f"{JOINING} {serial}"
            await vault.files.run(
                vault.store.proposals.step, case.id, total - lacking, steps_of(case, total), work
            )
            return
        await vault.files.run(self._keep_enrolled, case, deed, member, inventory, vault.keeper.now())
        vault.rack.enrolled(member, vault.keeper.now())
        await vault.notary.catch_up()

    def _keep_enrolled(
        self,
        case: Case,
        deed: EnrolToken | ReplaceToken,
        member: Member,
        inventory: Inventory,
        now: datetime,
    ) -> None:
        store, count, row = self._vault.store, len(inventory.names), member.row
        lines = [
            ("serial", member.serial),
            ("model", row.model if row else ""),
            ("uri", member.uri),
            ("keys", str(count)),
        ]
        with store.transaction():
            store.tokens.enrol(member.serial, now)
            store.statements.add(Kind.TOKEN_ENROLLED, now, lines)
            if isinstance(deed, ReplaceToken):
                store.proposals.step(case.id, count + 1, steps_of(case, count), f"{RETIRING} {deed.serial}")
            else:
                store.proposals.done(case.id, now)
