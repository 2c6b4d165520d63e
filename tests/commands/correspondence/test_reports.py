"""通報・連絡調整: each municipality gets its own, the oldest first, until it has acknowledged it."""

from datetime import timedelta

import pytest

from daemon.audit.action import Action
from daemon.contract.messages import texts
from daemon.contract.reports import LAW, Acknowledge, Report, ReportKind, ReportPage, ReportsAfter
from daemon.errors import ConflictError, InputError
from daemon.store.draft import Draft
from tests.commands.notices.test_notices import entries
from tests.conftest import Bench

HERE, THERE = "35203", "35201"


async def tell(bench: Bench, to: str, *references: str, kind: ReportKind = ReportKind.OMISSION) -> None:
    """One report for each reference."""

    async def work(draft: Draft) -> None:
        for reference in references:
            report = Report(kind=kind, subject="24727059608", reference=reference, items=["name"])
            bench.open.post.reports.add(draft, to, report)

    await bench.open.writer.write(work)


async def fetch(bench: Bench, sender: str = HERE, after: str = "", limit: int = 100) -> ReportPage:
    return await bench.open.post.reports.fetch(sender, ReportsAfter(after=after, limit=limit))


async def told(bench: Bench, sender: str = HERE) -> list[str]:
    return [report.reference for report in (await fetch(bench, sender)).reports]


async def acknowledge(bench: Bench, *ids: str, sender: str = HERE) -> tuple[int, list[str]]:
    answer = await bench.open.post.reports.acknowledge(sender, Acknowledge(list(ids)))
    return answer.acknowledged, answer.unknown


async def test_each_gets_its_own_oldest_first(honnin: Bench) -> None:
    await tell(honnin, HERE, "1", "2")
    await tell(honnin, THERE, "3")
    await tell(honnin, HERE, "4")
    await tell(honnin, "", "5")
    assert await told(honnin) == ["1", "2", "4"]
    assert await told(honnin, THERE) == ["3"]
    assert await told(honnin, "35202") == []
    assert await told(honnin, "") == []
    first = (await fetch(honnin)).reports[0]
    assert (first.law, first.kind, first.items, first.at) == (
        LAW[ReportKind.OMISSION], ReportKind.OMISSION, ["name"], honnin.clock.now(),
    )  # fmt: skip
    assert (first.ja, first.en) == (texts()["report.omission"].ja, texts()["report.omission"].en)


async def test_in_pages(honnin: Bench) -> None:
    await tell(honnin, HERE, *"12345")
    seen, after, more = [], "", True
    while more:
        page = await fetch(honnin, after=after, limit=2)
        seen += [report.reference for report in page.reports]
        after, more = page.reports[-1].id, page.more
    assert seen == [*"12345"]
    assert (await fetch(honnin, after=after)).reports == []


@pytest.mark.parametrize("after", ["0", "zz", "00" * 11, "00" * 13, "\ud800"])
async def test_a_place_that_is_none(honnin: Bench, after: str) -> None:
    with pytest.raises(InputError, match=r"report\.bad_place"):
        await fetch(honnin, after=after)


async def test_once_acknowledged_it_is_shown_no_more_and_twice_is_no_error(honnin: Bench) -> None:
    await tell(honnin, HERE, "1", "2", "3")
    ids = [report.id for report in (await fetch(honnin)).reports]
    assert await acknowledge(honnin, ids[1], ids[1]) == (1, [])
    assert await told(honnin) == ["1", "3"]
    assert await acknowledge(honnin, *ids[:2]) == (1, [])
    assert await acknowledge(honnin, *ids[:2]) == (0, [])
    assert await told(honnin) == ["3"]
    await honnin.stop()
    await honnin.start()
    assert await told(honnin) == ["3"]


async def test_nobody_acknowledges_for_another_or_learns_of_theirs(honnin: Bench) -> None:
    await tell(honnin, HERE, "1")
    (report,) = (await fetch(honnin)).reports
    nothing = "00" * 12
    assert await acknowledge(honnin, report.id, nothing, sender=THERE) == (0, [report.id, nothing])
    assert await told(honnin) == ["1"]


async def test_what_was_not_committed_is_told_to_nobody(honnin: Bench) -> None:
    reports = honnin.open.post.reports

    async def refused(draft: Draft) -> None:
        reports.add(draft, HERE, Report(kind=ReportKind.COORDINATION))
        raise ConflictError("test.refused")

    with pytest.raises(ConflictError):
        await honnin.open.writer.write(refused)
    assert await told(honnin) == []
    assert reports.overdue() == 0


async def test_what_is_told_and_read_and_acknowledged_is_in_the_log_and_no_name_is_in_the_clear(
    honnin: Bench,
) -> None:
    await tell(honnin, HERE, "1")
    await told(honnin, THERE)
    (report,) = (await fetch(honnin)).reports
    await acknowledge(honnin, report.id)
    await acknowledge(honnin, report.id)
    acts = [entry.header for entry in await entries(honnin)]
    assert [(act.action, act.actor, act.counts) for act in acts] == [
        (Action.REPORT_MADE, "jukurad", {"omission": 1, "to": 35203}),
        (Action.REPORT_FETCHED, f"CS:{HERE}", {"reports": 1}),
        (Action.REPORT_ACKNOWLEDGED, f"CS:{HERE}", {"reports": 1}),
    ]


async def test_one_left_alone_too_long_is_an_alarm_until_it_is_acknowledged(honnin: Bench) -> None:
    await tell(honnin, HERE, "1")
    await tell(honnin, "", "2")
    reports = honnin.open.post.reports
    honnin.clock.advance(timedelta(days=honnin.config.report_days))
    assert reports.overdue() == 0
    honnin.clock.advance(timedelta(seconds=1))
    assert reports.overdue() == 1
    await honnin.stop()
    await honnin.start()
    reports = honnin.open.post.reports
    assert reports.overdue() == 1
    await acknowledge(honnin, (await fetch(honnin)).reports[0].id)
    assert reports.overdue() == 0


def test_every_kind_has_its_law_and_its_words() -> None:
    assert set(LAW) == set(ReportKind)
    assert {f"report.{kind}" for kind in ReportKind} <= texts().keys()
