"""監査ログの保全 on the console: listed, and placed and lifted by two people. 80 by 24."""

import pytest
from msgspec.structs import replace

from daemon.contract.log_holds import LiftLogHold, PlaceLogHold
from tests.tui.driving import Operator, console
from tests.tui.fake_daemon import ADMINISTRATOR, AUDITOR, CHIEF, CLERKS, OFFICERS, FakeDaemon, Refusal
from tests.tui.fake_log_holds import HELD
from tui.words import Lang

PLACE, LIFT = "POST /v1/log/holds", "POST /v1/log/holds/lift"
TYPED = ("120-140 155", "2035-03-31", "情報公開条例の係争")
ASKED = PlaceLogHold(entries=HELD.entries, until=HELD.until, basis=HELD.basis)


async def at_the_holds(operator: Operator, who: str = OFFICERS[0]) -> None:
    await operator.signs_in(who)
    await operator.press("f5" if who == AUDITOR else "f11")
    await operator.sees("行を選び Enter で開きます")
    await operator.press(*["down"] * (who in {AUDITOR, CHIEF}), "enter")
    await operator.sees("登録日", "根拠")


async def asks(operator: Operator) -> None:
    await operator.press("f6")
    await operator.sees("監査ログの記録を保全します", "一字でも違えば別の求めになります")
    await operator.is_at("entries")
    await operator.write(*TYPED)
    await operator.press("enter")


async def test_two_people_place_a_hold(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_holds(operator)
        await operator.sees("保全中の記録はありません", "二人が24時間以内")
        await operator.offers_no("F8")
        await asks(operator)
        await operator.sees("一人目の求めを記録しました", "まだ保全していません")
        assert fake.log_holds.holds == []
        await operator.press("f9")
        await operator.sees("サインアウトしました")
        await at_the_holds(operator, OFFICERS[1])
        await asks(operator)
        await operator.sees(
            "を登録しました。期限まで",
            "120-140 155",
            "2035-03-31",
            "2026-04-01",
            "保全中",
            "情報公開条例の係争",
        )
    assert fake.asked(PLACE) == [ASKED, ASKED]


async def test_two_people_lift_one(fake: FakeDaemon) -> None:
    fake.log_holds.holds = [HELD]
    async with console(fake) as operator:
        for who, said in ((CHIEF, "まだ終えていません"), (OFFICERS[0], "を終えました。7年を過ぎた")):
            await at_the_holds(operator, who)
            await operator.sees("保全は1件です。この表示は記録されました", "F8 保全を終える")
            await operator.press("f8")
            await operator.sees("保全 1（記録 120-140 155）を終えます", "7年を過ぎた記録は次の夜に消去")
            await operator.press("enter")
            await operator.sees("理由を入力してください")
            await operator.write("和解")
            await operator.press("enter")
            await operator.sees(said)
            await operator.press("f9")
            await operator.sees("サインアウトしました")
    assert fake.asked(LIFT) == [LiftLogHold(hold=1, reason="和解")] * 2
    assert fake.log_holds.holds == []


async def test_one_that_is_over_cannot_be_lifted_again(fake: FakeDaemon) -> None:
    fake.log_holds.holds = [replace(HELD, over=True), replace(HELD, hold=2)]
    async with console(fake) as operator:
        await at_the_holds(operator)
        await operator.sees("終了（次の夜に消去）")
        await operator.offers_no("F8")
        await operator.press("down")
        await operator.sees("F8")


@pytest.mark.parametrize(
    ("fields", "said", "at"),
    [
        (("", "2035-03-31", "x"), "記録の番号を 120 または", "entries"),
        (("120-x", "2035-03-31", "x"), "記録の番号を 120 または", "entries"),
        (("120", "令和17年", "x"), "保全する最後の日を", "until"),
        (("120", "", "x"), "保全する最後の日を", "until"),
        (("120", "2035-03-31", ""), "保全の根拠を入力してください", "basis"),
    ],
)
async def test_what_is_not_in_order_is_not_sent(
    fake: FakeDaemon, fields: tuple[str, ...], said: str, at: str
) -> None:
    async with console(fake) as operator:
        await at_the_holds(operator)
        await operator.press("f6")
        await operator.is_at("entries")
        await operator.write(*fields)
        await operator.press("enter")
        await operator.sees(said)
        await operator.is_at(at)
    assert not fake.asked(PLACE)


@pytest.mark.parametrize("who", [AUDITOR, ADMINISTRATOR])
async def test_others_see_them_and_ask_for_nothing(fake: FakeDaemon, who: str) -> None:
    fake.log_holds.holds = [HELD]
    async with console(fake) as operator:
        await at_the_holds(operator, who)
        shown = await operator.sees("保全中", "保全を求め、終えることができるのは")
        assert not any(key in shown for key in ("F6", "F8"))
        await operator.press("f6", "f8")
        await operator.settled()
        assert len(operator.app.screen_stack) == 4


async def test_a_clerk_does_not_come_there_and_a_locked_console_shows_none(fake: FakeDaemon) -> None:
    fake.log_holds.holds = [HELD]
    async with console(fake) as operator:
        await operator.signs_in(CLERKS[0])
        before = operator.screen()
        await operator.press("f11")
        assert operator.screen() == before
        await operator.press("f9")
        await at_the_holds(operator)
        await operator.sees("情報公開条例の係争")
        operator.ticks.now += 601
        operator.app.lock_if_idle()
        assert "情報公開" not in await operator.sees("画面を消してサインアウトしました")


async def test_the_register_refuses(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_holds(operator)
        fake.refuse["/v1/log/holds"] = Refusal(409, "log_hold.not_there", field="entries")
        await asks(operator)
        await operator.sees("log_hold.not_there", "記録", "次の手順")
        del fake.refuse["/v1/log/holds"]
        fake.raw["/v1/log/holds"] = b"<html>"
        await operator.press("f5")
        await operator.sees("保全を扱えませんでした")


async def test_in_english(fake: FakeDaemon) -> None:
    fake.log_holds.holds = [HELD]
    async with console(fake, lang=Lang.EN) as operator:
        await operator.signs_in(OFFICERS[0])
        await operator.press("f11")
        await operator.sees("Two people have entries kept")
        await operator.press("enter")
        await operator.sees("1 holds. That they were shown is recorded", "Entries 120-140 155", "F8 Lift")
        await operator.press("f8")
        await operator.sees("End hold 1 (entries 120-140 155)")
