"""通報・連絡調整 on the console: what waits to be acknowledged, everything, and one in full. 80 by 24."""

import pytest
from msgspec.structs import replace

from tests.tui.driving import Operator, console
from tests.tui.fake_daemon import ADMINISTRATOR, CLERKS, FakeDaemon, Refusal
from tests.tui.fake_post import COMPARED, WRONG
from tui.words import Lang


async def at_the_reports(operator: Operator, who: str = CLERKS[0]) -> None:
    await operator.signs_in(who)
    await operator.press("f2", "f8")
    await operator.sees("F6 通報")
    await operator.press("f6")
    await operator.sees("F7 未確認／すべて")


async def test_what_waits_is_shown_first_and_everything_on_demand(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_reports(operator)
        shown = await operator.sees(
            "市町村がまだ確認していない通報 1件", "期限までに確認されていない通報: 1件", "山口市（35203）",
            "機構からの誤りの通報", "根拠 住基法30条の8", "版 2", "項目 氏名、ふりがな",
        )  # fmt: skip
        assert "整合性確認の結果" not in shown
        await operator.press("f7")
        await operator.sees("通報 2件", "下関市（35201）", "整合性確認の結果")
        await operator.press("down")
        await operator.sees("県にだけある 7", "住基法12条の5")
        await operator.press("f7")
        shown = await operator.sees("まだ確認していない通報 1件")
        assert "整合性確認の結果" not in shown


async def test_enter_shows_what_the_agency_wrote_and_that_is_recorded(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_reports(operator)
        await operator.sees("山口市（35203）")
        assert not fake.asked("POST /v1/report")
        await operator.press("enter")
        await operator.sees("氏名の字が違う", "この表示は記録されました", WRONG.id)
        assert [one.id for one in fake.asked("POST /v1/report")] == [WRONG.id]


async def test_an_administrator_sees_the_list_and_no_words(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_reports(operator, ADMINISTRATOR)
        await operator.sees("山口市（35203）")
        await operator.press("enter")
        await operator.sees("読めるのは市町課職員です", "kikou-1")
    assert not fake.asked("POST /v1/report")


async def test_pages_are_gone_through_and_those_without_a_waiting_one_passed_over(fake: FakeDaemon) -> None:
    fake.post.page = 2
    places = ("35201", "35201", "35202", "35202", "35208")
    told = [replace(COMPARED, id=f"{number:024x}", to=place) for number, place in enumerate(places)]
    late = replace(WRONG, id=f"{9:024x}", to="35204")
    fake.post.reports = [*told, late]
    async with console(fake) as operator:
        await at_the_reports(operator)
        await operator.sees("まだ確認していない通報 1件", "萩市（35204）")
        await operator.offers_no("F6")
        assert len(fake.asked("POST /v1/reports")) == 3
        await operator.press("f7")
        await operator.sees("通報 2件", "F6 次の頁")
        await operator.press("f6")
        await operator.sees("通報 2件", "宇部市（35202）")
        await operator.press("f6")
        await operator.sees("萩市（35204）", "岩国市（35208）")
        await operator.offers_no("F6")
        assert fake.asked("POST /v1/reports")[-1].after == told[3].id


async def test_of_very_many_only_some_are_looked_through_at_once(
    fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.reports.MOST_ASKED", 2)
    fake.post.page = 1
    fake.post.reports = [*(replace(COMPARED, id=f"{number:024x}") for number in range(2)), WRONG]
    async with console(fake) as operator:
        await at_the_reports(operator)
        await operator.sees("ここまでに確認を待つ通報はありません", "F6 次の頁")
        await operator.press("f6")
        await operator.sees("まだ確認していない通報 1件", "山口市（35203）")


async def test_none_waits_and_the_register_refuses(fake: FakeDaemon) -> None:
    fake.post.reports = [COMPARED]
    async with console(fake) as operator:
        await at_the_reports(operator)
        await operator.sees("確認を待つ通報はありません")
        await operator.press("f7")
        await operator.sees("通報 1件")
        fake.refuse["/v1/report"] = Refusal(409, "report.unknown", field="id")
        await operator.press("enter")
        await operator.sees("report.unknown", "整合性確認の結果")
        await operator.press("escape")
        fake.raw["/v1/reports"] = b"<html>"
        await operator.press("f5")
        await operator.sees("通報を読めませんでした")


async def test_in_english(fake: FakeDaemon) -> None:
    async with console(fake, lang=Lang.EN) as operator:
        await operator.signs_in(CLERKS[0])
        await operator.press("f2", "f8", "f6")
        await operator.sees("1 not acknowledged yet", "error reported by the agency", "Name、Reading")
        await operator.press("enter")
        await operator.sees("That it was shown is recorded", "what the agency wrote")
