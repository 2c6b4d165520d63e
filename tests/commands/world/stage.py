"""A register between its cities and the national server, and the model beside it: what can be done with them."""

import asyncio
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from daemon.clock import ManualClock, day_of
from daemon.contract.inbound import Again
from daemon.contract.reports import Acknowledge
from daemon.crypto import classes
from daemon.crypto.keyring import load
from daemon.errors import StateError
from daemon.peers.pump import Pump
from daemon.rehearsal.pki import Pki
from hsm.fake import FakeKeyService
from tests.commands.world.batches import Batches, Sent, answer_of, apart_from_each_other
from tests.commands.world.checks import Checks, at_the_end, reported
from tests.commands.world.model import Model
from tests.commands.world.nation import Nation
from tests.commands.world.sides import Side
from tests.conftest import NOON, Bench, configured
from tests.store.kills import Kills


class Stage:
    """One register in a folder of its own."""

    def __init__(self, side: Side, bench: Bench, nation: Nation, folder: Path, kills: Kills) -> None:
        self.side = side
        self.bench = bench
        self.nation = nation
        self.lives = side.lives(day_of(bench.clock.now()))
        self.model = Model(side.rules, self.lives.issued)
        self.kills = kills
        self._checks = Checks()
        self._folder = folder
        self._made = 0

    @classmethod
    async def open(cls, side: Side, pki: Pki, folder: Path, kills: Kills) -> "Stage":
        """A new register that knows nobody."""
        kills._gate = asyncio.Lock()  # each world has a loop of its own
        clock, state = ManualClock(NOON), folder / "state"
        state.mkdir()
        service = FakeKeyService(side.register, clock=clock)
        bench = Bench(configured(side.register, pki, folder), state, clock, service)
        await bench.start()
        return cls(side, bench, await Nation.open(side.register, folder / "ledger.db"), folder, kills)

    def queues(self) -> Batches:
        """What each city has not heard of."""
        return {code: list(city.queue) for code, city in self.lives.cities.items()}

    async def deliver(self, batches: Batches, *, heard: bool, apart: bool = False) -> None:
        """All batches at once, or each notice `apart` and all at once."""
        sent = (
            apart_from_each_other(batches)
            if apart
            else [(code, batch) for code, batch in batches.items() if batch]
        )
        await self.take(sent, heard=heard)

    async def take(self, sent: Sent, *, heard: bool) -> None:
        """What came at the same moment; each verdict is what the model says."""
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
        self.nation.memory.told(whole=self.nation.failures == failures and not self.kills.on)

    async def days(self, days: int, *, looked: bool) -> None:
        """Holds come to their end, unless something else comes before the register looks."""
        self.bench.clock.advance(timedelta(days=days))
        self.lives.today = day_of(self.bench.clock.now())
        # As every day: the keys of the days to come.
        wanted = classes.wanted(self.lives.today)
        await load(self.bench.open.store.sealer._keyring, self.bench.service, wanted)
        if looked:
            await self.expire()

    async def expire(self) -> None:
        """The register looks for what is over."""
        while await self.bench.open.held_notices.expire():
            pass
        self.model.expire(self.bench.clock.now())

    def new_folder(self) -> Path:
        """The name of one that is not there yet."""
        self._made += 1
        return self._folder / f"folder{self._made}"

    async def reopen(self, folder: Path | None = None) -> None:
        """It starts again, in another folder that a kill or a backup left; and looks at once for what is over."""
        left = self.bench.state
        await self.bench.stop()
        self.bench = Bench(self.bench.config, folder or left, self.bench.clock, self.bench.service)
        await self.bench.start()
        await self.expire()
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
        await self.side.found(self.bench, self.model)
        await at_the_end(self.bench, self.model, self.nation, self._folder / "export")
        await self.reopen()
        await self.side.found(self.bench, self.model)

    async def close(self) -> None:
        """Let go of everything."""
        await self.bench.stop()
        await self.bench.service.close()
        await self.nation.close()
        shutil.rmtree(self._folder)
