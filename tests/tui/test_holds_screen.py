"""保留 on the console: the mark of somebody for whom a 転入 waits, the list, and two people who cancel one. 80 by 24."""

import pytest

from tests.tui.driving import Operator, console
from tests.tui.fake_daemon import ADMINISTRATOR, CLERKS, CUSTODIAN, OPERATOR, FakeDaemon, Refusal
from tests.tui.fake_holds import ARRIVAL, ARRIVES, GAP, OUT_OF_TURN
from tui.words import Lang

TARO = "0" * 32


async def at_the_holds(operator: Operator, who: str = CLERKS[0]) -> None:
    await operator.signs_in(who)
    await operator.press("f2")
    await operator.sees("F7 保留")
    await operator.press("f7")
    await operator.sees("2件の通知を保留しています", "in-1")


async def asks_to_cancel(operator: Operator, reason: str) -> None:
    await operator.press("f8")
    await operator.sees("通知 in-1 の取りやめを求めます", "理由")
    await operator.is_at("reason")
    await operator.write(reason)
    await operator.press("enter")


async def test_the_list_says_who_waits_for_whom_and_until_when(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_holds(operator)
        await operator.sees(
            "受付日", "2026-04-01", "2026-04-15", "消除待ち", "下関市（35201）", "山口市（35203）", "順番待ち",
            "（送信元）", "通知番号 in-1", "c0ffee00", "取りやめは二人で行います", "24時間以内",
        )  # fmt: skip
        await operator.press("down")
        await operator.sees("通知番号 n-9", "送信順番号 9")
        await operator.press("escape")
        await operator.sees("うち署名済")


async def test_one_person_asks_and_another_cancels(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_holds(operator)
        await asks_to_cancel(operator, "二重の転入")
        await operator.sees("まだ取りやめていません", "別の市町課職員", "in-1")
        assert fake.holds.held == [ARRIVAL, GAP]
        await operator.press("escape", "escape", "f9")
        await operator.sees("サインアウトしました")
        await at_the_holds(operator, CLERKS[1])
        await asks_to_cancel(operator, "同上")
        await operator.sees("取りやめました", "連絡調整", "通知番号 n-9")
    assert fake.holds.held == [GAP]
    assert [(one.hold, one.reason) for one in fake.asked("POST /v1/holds/cancel")] == [
        (ARRIVAL.hold, "二重の転入"), (ARRIVAL.hold, "同上"),
    ]  # fmt: skip


async def test_nothing_is_asked_without_a_reason_or_by_leaving(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_holds(operator)
        await asks_to_cancel(operator, " ")
        await operator.sees("取りやめる理由を入力してください")
        await operator.press("escape")
        await operator.sees("F8 取りやめ", "2件の通知を保留しています")
    assert not fake.asked("POST /v1/holds/cancel")


async def test_an_administrator_sees_them_and_cancels_none(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_holds(operator, ADMINISTRATOR)
        await operator.sees("取りやめは市町課職員が二人で行います")
        await operator.offers_no("F8")
        await operator.press("f8")
        assert "取りやめを求めます" not in operator.screen()


@pytest.mark.parametrize("who", [OPERATOR, CUSTODIAN])
async def test_nobody_else_comes_there(fake: FakeDaemon, who: str) -> None:
    async with console(fake) as operator:
        await operator.signs_in(who)
        await operator.press("f2")
        await operator.sees("うち署名済")
        await operator.offers_no("F7")
        await operator.press("f7")
        await operator.sees("うち署名済")
    assert not fake.asked("GET /v1/holds")


async def test_it_says_that_nothing_is_held_and_why_it_did_not_work(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_holds(operator)
        fake.refuse["/v1/holds/cancel"] = Refusal(409, "hold.unknown", field="hold")
        await asks_to_cancel(operator, "x")
        await operator.sees("hold.unknown", "次の手順。")
        fake.holds.held = []
        await operator.press("f5")
        await operator.sees("保留中の通知はありません。")
        await operator.press("f8")
        assert "取りやめを求めます" not in operator.screen()
        fake.raw["/v1/holds"] = b"<html>"
        await operator.press("f5")
        await operator.sees("保留の操作ができませんでした")


async def test_the_same_in_english(fake: FakeDaemon) -> None:
    async with console(fake, lang=Lang.EN) as operator:
        await operator.signs_in(CLERKS[0])
        await operator.press("f2", "f7")
        await operator.sees("2 held", "departure", "earlier notices", "(the sender)", "It takes two people")
        await operator.press("f8")
        await operator.is_at("reason")
        await operator.write("twice")
        await operator.press("enter")
        await operator.sees("You are the first to ask", "not cancelled yet")


async def test_a_hit_for_whom_an_arrival_waits_is_marked(fake: FakeDaemon) -> None:
    fake.holds.pending = {TARO: [ARRIVES]}
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("じゅうみん")
        shown = await operator.sees("2件見つかりました", "現存・転入保留中")
        assert shown.count("転入保留中") == 1


async def test_the_persons_page_says_what_waits_whatever_else_it_says(fake: FakeDaemon) -> None:
    fake.holds.pending = {TARO: [ARRIVES, OUT_OF_TURN]}
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("じゅうみん　た")
        await operator.sees("1件見つかりました")
        await operator.press("enter")
        waits = ("転入保留中：下関市（35201）の通知", "期限2026-04-15", "順番待ち：山口市（35203）の通知")
        await operator.sees("履歴（全3版）", *waits, "職権修正", "転入（国内）")
        await operator.press("f5")
        await operator.sees("開いて表示した住民票コードは記録されました", *waits)


async def test_of_many_that_wait_an_arrival_is_named_first(fake: FakeDaemon) -> None:
    fake.holds.pending = {TARO: [OUT_OF_TURN, OUT_OF_TURN, ARRIVES]}
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("じゅうみん　た")
        await operator.sees("1件見つかりました")
        await operator.press("enter")
        shown = await operator.sees(
            "転入保留中：下関市", "順番待ち：山口市", "ほか1件が保留中", "転入（国内）"
        )
    assert shown.index("転入保留中") < shown.index("順番待ち")


async def test_in_fuhyo_it_is_an_entry_that_waits(fuhyo: FakeDaemon) -> None:
    fuhyo.holds.pending = {"a" * 32: [ARRIVES]}
    async with console(fuhyo) as operator:
        await operator.signs_in()
        await operator.searches("たびの")
        await operator.sees("国外転出者・記載保留中")
        await operator.press("enter")
        shown = await operator.sees("記載保留中：下関市（35201）の通知")
    assert "転入保留中" not in shown


async def test_a_person_for_whom_nothing_waits_has_no_such_line(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("じゅうみん　た")
        await operator.sees("1件見つかりました")
        await operator.press("enter")
        shown = await operator.sees("履歴（全3版）", "転入（国内）")
    assert "待ち" not in shown
    assert "保留" not in shown


async def test_a_person_in_english(fake: FakeDaemon) -> None:
    fake.holds.pending = {TARO: [ARRIVES, OUT_OF_TURN]}
    async with console(fake, lang=Lang.EN) as operator:
        await operator.signs_in()
        await operator.searches("じゅうみん　た")
        await operator.sees("present, arrival held")
        await operator.press("enter")
        await operator.sees("Arrival held: a notice of", "Out of turn: a notice of", "until 2026-04-15")
