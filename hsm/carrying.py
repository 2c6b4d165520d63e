"""Carrying out what custodians decided: for each deed its steps, one at a time, each on the disk when it is done.

Whoever calls holds `vault.changing`, and has checked that the case is ripe.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from daemon.contract.epochs import OpenEpoch
from daemon.contract.statement import Kind
from daemon.errors import StateError
from hsm import epochs, names
from hsm.deeds import custodian_line, time_line
from hsm.enrolment import Enrolment
from hsm.proposals import Case, counting
from hsm.protocol import (
    ClearPin,
    DestroyKey,
    EnrolToken,
    ReplaceToken,
    RetireToken,
    RotateSeal,
    SetClock,
    SetCustodians,
)
from hsm.retirement import Retirement
from hsm.vault import Vault

Step = Callable[[Case, Any], Awaitable[None]]


class Carrier:
    """One step of any deed. `clear_pin` forgets that a token, by label, refused its PIN."""

    def __init__(
        self,
        vault: Vault,
        enrolment: Enrolment,
        retirement: Retirement,
        clear_pin: Callable[[str], None],
    ) -> None:
        self._vault = vault
        self._store = vault.store
        self._clear = clear_pin
        self._steps: Mapping[type[Any], Step] = {
            DestroyKey: self._destroy,
            RotateSeal: self._rotate,
            EnrolToken: enrolment.take_in,
            ReplaceToken: enrolment.take_in,
            RetireToken: retirement.retire,
            SetClock: self._set_clock,
            SetCustodians: self._set_custodians,
            ClearPin: self._clear_pin,
            OpenEpoch: self._open_epoch,
        }

    async def step(self, case: Case) -> None:
        """The next step of a case."""
        await self._steps[type(case.deed)](case, case.deed)

    async def _destroy(self, case: Case, deed: DestroyKey) -> None:
        await self._vault.rack.serving()
        await self._bury(case, [deed.name])
        await self._vault.burial.clean_everywhere([deed.name])

    async def _bury(self, case: Case, buried: list[str]) -> None:
        """The name is gone and the case done at once; a kill after this leaves the rest to the upkeep."""

        def keep(now: datetime) -> None:
            self._vault.burial.bury(buried, now)
            self._store.proposals.done(case.id, now)

        await self._kept(keep)

    async def _rotate(self, case: Case, _: RotateSeal) -> None:
        """First the new pair and its endorsement, then, once that is signed, the end of the old ones."""
        if not case.work:
            await self._new_seal(case)
        await self._vault.notary.sign_pending()
        there = await self._vault.files.run(self._store.keys.names)
        inventory = await self._vault.files.run(self._store.inventory)
        new = case.work or f"{names.SEAL}.{names.newest(names.SEAL, there)}"
        if not any(new in member.has(inventory) for member in self._vault.rack.ranked(inventory)):
            raise StateError("hsm.token_away")
        old = [
            each
            for each in there
            if names.kind(each) == names.SEAL and names.number(each) < names.number(new)
        ]
        await self._bury(case, old)
        await self._vault.burial.clean_everywhere(old)

    async def _new_seal(self, case: Case) -> None:
        there = await self._vault.files.run(self._store.keys.names)
        new = f"{names.SEAL}.{names.newest(names.SEAL, there) + 1}"
        made = await self._vault.everywhere(lambda member: self._vault.pair_in(member, new))
        await self._vault.files.settle()

        def keep(now: datetime) -> None:
            self._store.keys.add(new, now)
            self._vault.keep_pairs(made.values(), now)
            self._store.proposals.step(case.id, 1, 2, new)

        await self._kept(keep)

    async def _set_clock(self, case: Case, _: SetClock) -> None:
        keeper = self._vault.keeper
        before, undo = keeper.now(), keeper.set(keeper.wall())
        record = keeper.record
        lines = [("before", time_line(before)), ("after", time_line(record.time))]

        def keep(now: datetime) -> None:
            self._store.clock.put(record)
            self._done(case, now, Kind.CLOCK_SET, lines)

        try:
            await self._kept(keep)
        except StateError:
            undo()
            raise

    async def _set_custodians(self, case: Case, deed: SetCustodians) -> None:
        lines = [("custodian", custodian_line(each)) for each in deed.custodians]

        def keep(now: datetime) -> None:
            self._store.custodians.replace(deed.custodians)
            self._done(case, now, Kind.CUSTODIANS_SET, lines)

        await self._kept(keep)

    async def _clear_pin(self, case: Case, deed: ClearPin) -> None:
        def keep(now: datetime) -> None:
            self._clear(deed.label)
            self._done(case, now, Kind.PIN_CLEARED, [("label", deed.label)])

        await self._kept(keep)

    async def _open_epoch(self, case: Case, deed: OpenEpoch) -> None:
        def keep(now: datetime) -> None:
            last, known = self._store.witness.last(), self._store.custodians.all()
            names = {each.id: each for each in known}
            consented = [custodian_line(names[each.custodian]) for each in counting(case, known)]
            opening = epochs.opening(deed, consented, last.note if last else "")
            self._store.witness.keep(epochs.next_last(deed))
            self._done(case, now, Kind.EPOCH_OPENED, list(opening.lines))

        await self._kept(keep)

    def _done(self, case: Case, now: datetime, kind: Kind, lines: list[tuple[str, str]]) -> None:
        self._store.statements.add(kind, now, lines)
        self._store.proposals.done(case.id, now)

    async def _kept(self, work: Callable[[datetime], None]) -> None:
        """Do `work` in one transaction, and sign what it states."""
        now = self._vault.keeper.now()

        def in_one() -> None:
            with self._store.transaction():
                work(now)

        await self._vault.files.run(in_one)
        await self._vault.notary.catch_up()
