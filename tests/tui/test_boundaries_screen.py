"""廃置分合・境界変更 on the console: two people announce one, two take one back. 80 by 24."""

from datetime import date

from daemon.contract.boundaries import BoundaryChange
from tests.tui.driving import Operator, console
from tests.tui.fake_daemon import ADMINISTRATOR, CLERKS, FakeDaemon, Refusal
from tui.words import Lang

CHANGE = BoundaryChange(old="35343", new="35344", on=date(2027, 4, 1))
OTHER = BoundaryChange(old="35203", new="35201", on=date(2026, 4, 1))


async def at_the_boundaries(operator: Operator, who: str = CLERKS[0]) -> None:
    await operator.signs_in(who)
    await operator.press("f2", "f7")
    await operator.sees("F6 廃置分合")
    await operator.press("f6")
    await operator.sees("登録も取下げも二人で行います", "F7 登録", "F8 取下げ")


async def announces(operator: Operator, *fields: str) -> None:
    await operator.press("f7")
    await operator.sees("廃置分合・境界変更の登録を求めます", "変更後の市町村")
    await operator.is_at("old")
    await operator.write(*(fields or ("35343", "35344", "2027-04-01")))
    await operator.press("enter")


async def leaves(operator: Operator) -> None:
    await operator.press("escape", "escape", "escape", "f9")
    await operator.sees("サインアウトしました")


async def test_one_person_asks_and_another_announces(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_boundaries(operator)
        await operator.sees("登録された廃置分合・境界変更はありません")
        await announces(operator)
        await operator.sees("まだ登録していません", "2027-04-01、田布施町（35343）から平生町（35344")
        assert fake.holds.changes == []
        await leaves(operator)
        await at_the_boundaries(operator, CLERKS[1])
        await announces(operator)
        await operator.sees("平生町（35344）の通知（異動事由38）を受け付けます")
        await operator.press("f5")
        await operator.sees("1件の廃置分合・境界変更", "2027-04-01", "田布施町（35343）", "平生町（35344）")
    assert fake.holds.changes == [CHANGE]


async def test_one_person_asks_and_another_takes_it_back(fake: FakeDaemon) -> None:
    fake.holds.changes = [OTHER, CHANGE]
    async with console(fake) as operator:
        await at_the_boundaries(operator)
        await operator.sees("2件の廃置分合・境界変更")
        await operator.press("down", "f8")
        await operator.sees("2027-04-01の廃置分合・境界変更", "取下げを求めます")
        await operator.press("enter")  # begins on leaving it
        await operator.sees("2件の廃置分合・境界変更")
        assert not fake.asked("POST /v1/boundaries/withdrawals")
        await operator.press("f8")
        await operator.sees("取下げを求めます")
        await operator.agrees()
        await operator.sees("まだ取り下げていません")
        await leaves(operator)
        await at_the_boundaries(operator, CLERKS[1])
        await operator.sees("2件の廃置分合・境界変更")
        await operator.press("down", "f8")
        await operator.sees("取下げを求めます")
        await operator.agrees()
        await operator.sees("り下げました。", "2026-04-01")
    assert fake.holds.changes == [OTHER]


async def test_what_is_missing_is_asked_for_again(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_boundaries(operator)
        await announces(operator, "35343", "", "2027-04-01")
        await operator.sees("市町村コード（5桁）を入力してください")
        await operator.is_at("new")
        await operator.write("35344", "令和9年")
        await operator.press("enter")
        await operator.sees("期日を 2027-04-01 のように入力してください")
        await operator.is_at("on")
        await operator.press("escape")
        await operator.sees("登録された廃置分合・境界変更はありません")
        await operator.press("f8")
        await operator.sees("登録された廃置分合・境界変更はありません")
    assert not fake.asked("POST /v1/boundaries")


async def test_a_refusal_and_a_silence_are_said(fake: FakeDaemon) -> None:
    fake.refuse["/v1/boundaries/withdrawals"] = Refusal(409, "boundary.begun", field="on")
    fake.holds.changes = [OTHER]
    async with console(fake) as operator:
        await at_the_boundaries(operator)
        await operator.sees("1件の廃置分合・境界変更")
        await operator.press("f8")
        await operator.sees("取下げを求めます")
        await operator.agrees()
        await operator.sees("boundary.begun", "次の手順。")
        fake.raw["/v1/boundaries"] = b"<html>"
        await operator.press("f5")
        await operator.sees("廃置分合・境界変更の操作ができませんでした")


async def test_an_administrator_does_not_come_there(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in(ADMINISTRATOR)
        await operator.press("f2", "f7")
        await operator.sees("2件の通知を保留しています")
        await operator.offers_no("F6")
        await operator.press("f6")
        await operator.sees("2件の通知を保留しています")
    assert not fake.asked("GET /v1/boundaries")


async def test_in_english(fake: FakeDaemon) -> None:
    fake.holds.changes = [CHANGE]
    async with console(fake, lang=Lang.EN) as operator:
        await operator.signs_in(CLERKS[0])
        await operator.press("f2", "f7", "f6")
        await operator.sees("1 announced", "It takes two people", "Announce", "Take back")
        await operator.press("f8")
        await operator.sees("Ask to take back the change of 2027-04-01")
        await operator.agrees()
        await operator.sees("You are the first to ask; it is not taken back yet")
