"""What a municipality's last finished 整合性確認 found, one by one, on the console. 80 by 24."""

import pytest

from daemon.contract.findings import FINDINGS
from daemon.register.reconcile import COMPARED, Kind
from daemon.register.rows import Register
from tests.tui.driving import Operator, console
from tests.tui.fake_daemon import ADMINISTRATOR, AUDITOR, CLERKS, FakeDaemon, Refusal
from tests.tui.fake_reconciled import finding
from tui.words import Lang

ASKED = f"POST {FINDINGS.path}"


async def at_one(operator: Operator, *down: str, who: str = CLERKS[0]) -> None:
    """Before the figures of the municipality that lies so far down the list."""
    await operator.signs_in(who)
    await operator.press("f2", "f12")
    await operator.sees("35203 山口市")
    await operator.press(*down, "enter")
    await operator.sees("次回期限")


async def at_the_findings(operator: Operator) -> None:
    await at_one(operator, "down")
    await operator.sees("件数だけを表示します", "F6 内容")
    await operator.press("f6")


async def test_each_finding_says_what_it_is_and_in_which_items(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_findings(operator)
        shown = await operator.sees(
            "山口市（35203）", "2026-04-01 09:03:00 に終わった整合性確認の内容、全3件のうち3件", "この表示は記録されました",
        )  # fmt: skip
        differs, broken, lost = (
            line.split() for line in shown.splitlines() if "＊" in line or "1,235" in line
        )
        assert differs == ["内容が異なる", "＊" * 11, "1,234", "ふりがな、大字・字コード"]
        assert broken == ["読めない記録", "1,235", "record.bad_date", "生年月日"]
        assert lost == ["県にだけある", "＊" * 11]
        await operator.press("escape")
        await operator.sees("件数だけを表示します")
    assert [(one.municipality, one.after) for one in fake.asked(ASKED)] == [("35203", "")]


async def test_enter_on_the_figures_goes_there_too(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_one(operator, "down")
        await operator.press("enter")
        await operator.sees("全3件のうち3件")


async def test_many_items_are_read_below_the_list(fake: FakeDaemon) -> None:
    every = list(COMPARED[Register.HONNIN])
    fake.reconciled.found["35203"] = [
        finding(1, Kind.DIFFERS, record=1, items=every),
        finding(2, Kind.ONLY_HERE),
    ]
    async with console(fake) as operator:
        await at_the_findings(operator)
        shown = await operator.sees("統一文字（旧氏）")  # the last of them
        assert "性別" in shown
        await operator.press("down")
        await operator.until(lambda: "統一文字（旧氏）" not in operator.screen())


async def test_pages_are_gone_through(fake: FakeDaemon) -> None:
    fake.reconciled.page = 2
    fake.reconciled.found["35203"] = [
        finding(number, Kind.ONLY_THERE, record=number) for number in range(1, 6)
    ]
    async with console(fake) as operator:
        await at_the_findings(operator)
        await operator.sees("全5件のうち2件", "F6 次の頁")
        await operator.press("f6")
        await operator.until(lambda: len(fake.asked(ASKED)) == 2)
        await operator.press("f6")
        await operator.sees("全5件のうち1件")
        await operator.offers_no("F6")
        await operator.press("f6", "f5")
        await operator.sees("全5件のうち2件", "F6 次の頁")
    assert [int(one.after or "0", 16) for one in fake.asked(ASKED)] == [0, 2, 4, 0]


async def test_nothing_found_and_figures_alone(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        # One is under way; what is shown is of the last one that ended.
        await at_one(operator, "down", "down")
        await operator.press("f6")
        await operator.sees("2026-04-01 09:03:00 に終わった整合性確認では、相違はありませんでした")
        await operator.press("escape")
        fake.reconciled.found["35204"] = [finding(1, Kind.ONLY_HERE)]
        fake.reconciled.complete = False
        await operator.press("f6")
        await operator.sees("全1件のうち1件", "一部は件数だけが残っています")


async def test_where_none_has_ended_nothing_is_offered(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_one(operator)
        await operator.sees("打切り")
        await operator.offers_no("F6")
        await operator.press("f6", "enter")
        await operator.settled()
        assert "打切り" in operator.screen()
    assert not fake.asked(ASKED)


@pytest.mark.parametrize("who", [ADMINISTRATOR, AUDITOR])
async def test_whoever_sees_figures_only_is_not_offered_it(fake: FakeDaemon, who: str) -> None:
    async with console(fake) as operator:
        await at_one(operator, "down", who=who)
        await operator.sees("内容は市町に返し")
        await operator.offers_no("F6")
        await operator.press("f6", "enter")
        await operator.settled()
        assert "内容は市町に返し" in operator.screen()
    assert not fake.asked(ASKED)


async def test_a_refusal_and_a_silence_are_said(fake: FakeDaemon) -> None:
    fake.reconciled.page = 1
    async with console(fake) as operator:
        await at_the_findings(operator)
        await operator.sees("F6 次の頁")
        fake.refuse[FINDINGS.path] = Refusal(409, "reconciliation.findings_gone", field="after")
        await operator.press("f6")
        await operator.sees("reconciliation.findings_gone", "次の手順。")
        fake.refuse.clear()
        await operator.press("f5")
        await operator.sees("全3件のうち1件")
        fake.raw[FINDINGS.path] = b"<html>"
        await operator.press("f5")
        await operator.sees("整合性確認を読めませんでした")


async def test_in_english(fake: FakeDaemon) -> None:
    async with console(fake, lang=Lang.EN) as operator:
        await operator.signs_in(CLERKS[0])
        await operator.press("f2", "f12")
        await operator.sees("receiving 25%")
        await operator.press("down", "enter")
        await operator.sees("F6 Findings")
        await operator.press("f6")
        await operator.sees(
            "What the comparison that ended 2026-04-01 09:03:00 found: 3 of 3", "That they were shown is recorded",
            "differs", "Reading、Town code", "unreadable", "only here",
        )  # fmt: skip
