"""A purge that is killed at any moment: it goes on by itself, and nothing is told of or deleted twice."""

from contextlib import suppress
from pathlib import Path

import pytest

from daemon.audit.action import Action
from daemon.errors import JukuraError
from hsm.fake import FakeKeyService
from hsm.softtoken import SoftToken
from tests.conftest import Bench
from tests.retention.years import AFTER, classes_of, day, hold, log, night, numbers, proven, said, until
from tests.store.kills import Kills


class Kill(Kills):
    """A kill at one call to a database: from then on the key service signs nothing, as it would for a process that is gone."""

    token: SoftToken

    def at(self, step: int) -> None:
        """At so many calls from now."""
        self.every, self.steps, self.on = step, 0, True

    def take(self) -> None:
        if self.on and not self.taken:
            super().take()
            self.token.away = True


async def killed(honnin: Bench, folder: Path, kill: Kill, step: int) -> Bench:
    """A register that was killed at that call of a night that purges and releases, started again; the same one if the night was over."""
    service = FakeKeyService("honnin", clock=honnin.clock)
    bench = Bench(honnin.config, folder, honnin.clock, service)
    await bench.start()
    await log(bench, 11)
    await hold(bench, 3, 4, "2040-01-01")
    await hold(bench, 6, 8, "2033-11-25")
    await until(bench, day("2026-11-25"))
    await log(bench, 6)
    await until(bench, AFTER)
    await night(bench)
    await until(bench, day("2033-11-26"))
    kill.folder, kill.token = folder, service.token
    kill.at(step)
    with suppress(JukuraError):
        await night(bench)
    async with kill.still():
        kill.on = False
    if not kill.taken:
        return bench
    service.token.away = False
    await bench.stop()
    again = Bench(bench.config, kill.taken.pop()[0], bench.clock, service)
    await again.start()
    return again


@pytest.mark.parametrize("step", range(1, 110, 13))
async def test_a_kill_at_any_moment_only_interrupts(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, step: int
) -> None:
    kill = Kill(honnin.state, tmp_path_factory.mktemp("copies") / "one")
    kill.install(monkeypatch)
    bench = await killed(honnin, tmp_path_factory.mktemp("killed"), kill, step)
    await night(bench)
    left = await numbers(bench)
    ends = [told.header.counts["end"] for told in await said(bench, Action.LOG_PURGED)]
    assert left == [3, 4, *range(ends[-1], left[-1] + 1)]
    assert len(ends) == 2
    (released,) = await said(bench, Action.LOG_RELEASED)
    assert released.fields["entries"].value == [[6, 8]]
    assert await classes_of(bench, 3, 4) == {"hold.1"}
    assert bench.open.dependents.dependents("hold.2") == await bench.open.dependents.confirm("hold.2") == 0
    await proven(bench)
    await bench.stop()
    await bench.service.close()
