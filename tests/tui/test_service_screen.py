"""緊急遮断 on the console: one person stops, one proposes, another confirms. 80 by 24."""

from tests.tui.driving import Operator, console
from tests.tui.fake_daemon import ADMINISTRATOR, CHIEF, CLERKS, FakeDaemon


async def at_the_service(operator: Operator, who: str) -> None:
    await operator.signs_in(who)
    await operator.press("f2")
    await operator.sees("F5 緊急遮断")
    await operator.press("f5")


async def test_it_is_stopped_at_once_and_resumed_by_two(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_service(operator, ADMINISTRATOR)
        await operator.sees("業務を提供しています", "F8 緊急遮断")
        assert "F6" not in operator.screen()
        await operator.press("f8")
        await operator.sees("業務を直ちに止めますか", "理由")
        await operator.is_at("reason")
        await operator.write("不正な接続")
        await operator.press("enter")
        await operator.sees("緊急遮断中です", "遮断した日時・人", "F6 再開を提案")
        assert "F7" not in operator.screen()  # not theirs to confirm
        await operator.press("f6")
        await operator.sees("再開を提案しますか")
        await operator.is_at("reason")
        await operator.write("調査済み")
        await operator.press("enter")
        await operator.sees("5a5a5a5a")
        await operator.press("escape", "escape", "f9")
        await operator.sees("サインアウトしました")
        await at_the_service(operator, CHIEF)
        await operator.sees("5a5a5a5a", "F7 再開を確認")
        await operator.press("f7")
        await operator.sees("提案を確認して再開しますか")
        await operator.press("tab", "enter")
        await operator.sees("業務を提供しています")
    assert [one.reason for one in fake.asked("POST /v1/halt")] == ["不正な接続"]
    assert fake.halt.kept.stopped is None


async def test_nothing_is_stopped_by_leaving_the_question(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_service(operator, ADMINISTRATOR)
        await operator.sees("業務を提供しています")
        await operator.press("f8")
        await operator.sees("業務を直ちに止めますか")
        await operator.press("escape")
        await operator.sees("業務を提供しています", "F8 緊急遮断")
    assert fake.asked("POST /v1/halt") == []


async def test_it_is_not_offered_to_who_may_not(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in(CLERKS[0])
        await operator.press("f2")
        await operator.sees("F7 保留")
        assert "F5 緊急遮断" not in operator.screen()
