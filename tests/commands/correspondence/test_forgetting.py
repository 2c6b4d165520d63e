"""What is forgotten when: deliveries after their days, reports after theirs once acknowledged; in steps, and nothing else."""

from datetime import timedelta

import pytest

from daemon.audit.action import Action
from daemon.contract.inbound import Again
from daemon.contract.reports import Acknowledge, Report, ReportKind
from daemon.store.draft import Draft
from daemon.store.engine import Table
from tests.commands.notices.test_notices import entries, size
from tests.conftest import Bench
from tests.peers.nation import Nation, arrive, emptied, pump


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.commands.correspondence.forgetting.STEP", 2)
    monkeypatch.setattr("daemon.commands.correspondence.forgetting.BREATH", 0.0)


async def later(bench: Bench, *, days: int) -> None:
    """Started again that much later, with the keys of that time."""
    await bench.stop()
    bench.clock.advance(timedelta(days=days))
    await bench.start()


async def test_deliveries_are_remembered_for_their_days_and_not_one_longer(honnin: Bench) -> None:
    nation = Nation()
    for number in range(5):
        await arrive(honnin, number)
    await emptied(pump(honnin, nation))
    await later(honnin, days=1)
    await arrive(honnin, 9)
    await emptied(pump(honnin, nation))
    await later(honnin, days=honnin.config.sent_days - 1)
    await honnin.open.post.forgetting.look()
    assert await size(honnin, Table.SENT) == 6
    await later(honnin, days=1)
    post = honnin.open.post
    await post.forgetting.look()
    assert await size(honnin, Table.SENT) == 1
    rows = await size(honnin, Table.ROWS)
    answer = await post.inbound.again("zenkoku", Again(first=1, last=6))
    assert (answer.first, answer.last, answer.kept, answer.given) == (6, 6, 6, 6)
    await emptied(pump(honnin, nation))
    assert [update.number for update in nation.repeats] == [6]
    forgotten = [e for e in await entries(honnin) if e.header.action is Action.OUTBOX_FORGOTTEN]
    assert [entry.header.counts["messages"] for entry in forgotten] == [2, 2, 1]
    assert await size(honnin, Table.ROWS) == rows


async def test_numbers_go_on_where_everything_was_forgotten(honnin: Bench) -> None:
    nation = Nation()
    await arrive(honnin, 1)
    await emptied(pump(honnin, nation))
    await later(honnin, days=honnin.config.sent_days + 1)
    await honnin.open.post.forgetting.look()
    assert await size(honnin, Table.SENT) == 0
    await arrive(honnin, 2)
    await emptied(pump(honnin, nation))
    assert [update.number for update in nation.accepted] == [1, 2]


async def test_reports_are_kept_until_they_were_acknowledged_and_their_days_are_over(honnin: Bench) -> None:
    reports = honnin.open.post.reports

    async def tell(draft: Draft) -> None:
        for number in range(5):
            reports.add(draft, "35203", Report(kind=ReportKind.OMISSION, reference=str(number)))

    await honnin.open.writer.write(tell)
    places = [place for place, _ in await honnin.open.engine.scan(Table.REPORTS, limit=9)]
    taken = Acknowledge([place.hex() for place in places if place != places[1]])
    await reports.acknowledge("35203", taken)
    await later(honnin, days=honnin.config.report_kept_days)
    await honnin.open.post.forgetting.look()
    assert await size(honnin, Table.REPORTS) == 5
    await later(honnin, days=1)
    await honnin.open.post.forgetting.look()
    assert [place for place, _ in await honnin.open.engine.scan(Table.REPORTS, limit=9)] == [places[1]]
