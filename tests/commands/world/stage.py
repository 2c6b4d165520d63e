"""A register between its cities and the national server, and the model beside it: what can be done with them."""

import asyncio
import copy
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from daemon.clock import ManualClock, day_of
from daemon.contract.holds import CancelHold
from daemon.contract.inbound import Again
from daemon.contract.reports import Acknowledge
from daemon.crypto import classes
from daemon.crypto.keyring import load
from daemon.errors import StateError
from daemon.peers.pump import Pump
from daemon.register.rows import Register
from daemon.rehearsal.pki import Pki
from daemon.store.engine import Table
from hsm.fake import FakeKeyService
from tests.commands.notices.test_holds import clerk
from tests.commands.notices.test_notices import size
from tests.commands.world.batches import Batches, answer_of, apart_from_each_other
from tests.commands.world.checks import Checks, at_the_end, found, reported
from tests.commands.world.lives import Lives
from tests.commands.world.model import Model
from tests.commands.world.nation import Nation
from tests.conftest import NOON, Bench, configured
from tests.store.kills import Kills


class Stage:
    """One register in a folder of its own."""

    def __init__(self, bench: Bench, nation: Nation, folder: Path, kills: Kills) -> None:
        self.bench = bench
        self.nation = nation
        self.lives = Lives(day_of(bench.clock.now()))
        self.model = Model(self.lives.issued)
        self._checks = Checks()
        self._folder = folder
        self._kills = kills
        self._copies = 0

    @classmethod
    async def open(cls, pki: Pki, folder: Path, kills: Kills) -> "Stage":
        """A new register that knows nobody."""
        kills._gate = asyncio.Lock()  # each world has a loop of its own
        clock, state = ManualClock(NOON), folder / "state"
        state.mkdir()
        service = FakeKeyService(Register.HONNIN, clock=clock)
        bench = Bench(configured(Register.HONNIN, pki, folder), state, clock, service)
        await bench.start()
        return cls(bench, await Nation.open(folder / "ledger.db"), folder, kills)

    def queues(self) -> Batches:
        """What each city has not heard of."""
        return {code: list(city.queue) for code, city in self.lives.cities.items()}

    async def deliver(self, batches: Batches, *, heard: bool, apart: bool = False) -> None:
        """All batches at once, or each notice `apart` and all at once; each verdict is what the model says."""
        sent = (
            apart_from_each_other(batches)
            if apart
            else [(code, batch) for code, batch in batches.items() if batch]
        )
        receive, now = self.bench.open.notices.receive, self.bench.clock.now()
        told = await asyncio.gather(*(receive(code, batch) for code, batch in sent))
        for (code, batch), verdicts in zip(sent, told, strict=True):
            for notice, verdict in zip(batch, verdicts, strict=True):
                expected = self.model.take(code, notice, now)
                assert answer_of(verdict) == expected, (verdict.code, expected, notice)
                if heard:
                    self.lives.cities[code].hear(notice, verdict)

    async def letters(self, city: str) -> None:
        """A city fetches its reports, and says again what was given back."""
        ids = await reported(self.bench, self.model, city)
        if ids:
            done = await self.bench.open.post.reports.acknowledge(city, Acknowledge(ids=ids))
            assert done.acknowledged == len(ids)
        for report in [one for one in self.model.reports if one[0] == city]:
            self.model.reports.remove(report)
            self.lives.cities[city].given_back(report[2])

    async def cancelled(self, pick: int, operator: str) -> None:
        """Somebody wants a notice that waits to be cancelled."""
        hold = list(self.model.waiting())[pick]
        name = hold.sender, hold.notice.id
        key = next(one.key for one in self.bench.open.holds.all() if (one.sender, one.notice) == name)
        asked = CancelHold(hold=key.hex(), reason="二重")
        done = await self.bench.open.held_notices.cancel(clerk(operator), asked)
        assert done.done == self.model.cancel(hold, operator, self.bench.clock.now())

    async def again(self, first: int, last: int) -> None:
        """The national server asks for messages once more."""
        if not self.nation.memory.full:
            again = self.bench.open.post.inbound.again
            self.nation.memory.asked(first, last, await again("zenkoku", Again(first=first, last=last)))

    async def tell(self, *, again: bool = False) -> None:
        """What waits goes out; what was set aside too, where somebody wants it tried again."""
        posting = self.bench.open.post.posting
        if again:
            await self.bench.open.writer.write(lambda draft: posting.aside.want(draft, None))
        pump = Pump(replace(posting, line=self.nation), lambda _: None, lambda: 0.0, self.bench.clock)
        failures = self.nation.failures
        try:
            while await pump.once():
                pass
        except StateError:
            assert self.nation.failures > failures
        self.nation.memory.told(whole=self.nation.failures == failures and not self._kills.on)

    async def days(self, days: int, *, looked: bool) -> None:
        """Holds come to their end, unless something else comes before the register looks."""
        self.bench.clock.advance(timedelta(days=days))
        self.lives.today = day_of(self.bench.clock.now())
        # As every day: the keys of the days to come.
        wanted = classes.wanted(self.lives.today)
        await load(self.bench.open.store.sealer._keyring, self.bench.service, wanted)
        if looked:
            await self._expire()

    async def _expire(self) -> None:
        while await self.bench.open.held_notices.expire():
            pass
        self.model.expire(self.bench.clock.now())

    # Ends.

    async def killed_while_notices_come(self, city: str, steps: int) -> None:
        """The whole batch is there, or none of it."""
        await self._expire()
        issued = self.lives.issued
        before, entries = copy.deepcopy(self.model, {id(issued): issued}), await size(self.bench, Table.LOG)
        batch = self.queues()[city]
        await self.killed(lambda: self.deliver({city: batch}, heard=False), steps)
        if await size(self.bench, Table.LOG) == entries:
            self.model = before

    async def killed(self, work: Callable[[], Awaitable[None]], steps: int) -> None:
        """At work, after so many calls to a database: the folder is what a kill would leave, and nobody hears an answer."""
        kills = self._kills
        self._copies += 1
        kills.folder, kills.copies = self.bench.state, self._folder / f"life{self._copies}"
        kills.every, kills.steps, kills.on = steps, 0, True
        self.nation.cut = lambda: bool(kills.taken)
        try:
            await work()
            async with kills.still():
                if not kills.taken:
                    kills.take()
        finally:
            kills.on = False
            self.nation.cut = lambda: False
        (folder, _), *_ = kills.taken
        kills.taken.clear()
        await self.reopen(folder)

    async def reopen(self, folder: Path | None = None) -> None:
        """It starts again, in the folder that a kill left; and looks at once for what is over."""
        left = self.bench.state
        await self.bench.stop()
        self.bench = Bench(self.bench.config, folder or left, self.bench.clock, self.bench.service)
        await self.bench.start()
        await self._expire()
        self._checks = Checks()
        if folder:
            shutil.rmtree(left)

    # What must hold.

    async def check(self) -> None:
        """After each step."""
        await self._checks.after_each_step(self.bench, self.model, self.nation)

    async def settle(self) -> None:
        """Everything is delivered and told; then everybody says the same."""
        for code in self.lives.cities:
            await self.letters(code)
        for code, batch in self.queues().items():
            await self.deliver({code: batch}, heard=True)
        assert not any(self.queues().values())
        self.nation.away, self.nation.lose, self.nation.refused = False, 0, set()
        await self.tell(again=True)
        await self.check()
        await at_the_end(self.bench, self.model, self.nation, self._folder / "export")
        await self.reopen()
        await found(self.bench, self.model)

    async def close(self) -> None:
        """Let go of everything."""
        await self.bench.stop()
        await self.bench.service.close()
        await self.nation.close()
        shutil.rmtree(self._folder)
