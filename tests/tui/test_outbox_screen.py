"""送信 on the console: the figures, what is aside, and having it tried again. 80 by 24."""

import pytest

from tests.tui.driving import Operator, console
from tests.tui.fake_daemon import ADMINISTRATOR, CLERKS, CUSTODIAN, OPERATOR, FakeDaemon, Refusal
from tests.tui.fake_post import BEHIND, REFUSED
from tui.words import Lang


async def at_the_outbox(operator: Operator, who: str = CLERKS[0]) -> None:
    await operator.signs_in(who)
    await operator.press("f2")
    await operator.sees("F8 送信")
    await operator.press("f8")
    await operator.sees("別に置いた通知", "120件", "national.bad_row")


@pytest.mark.parametrize("who", [CLERKS[0], ADMINISTRATOR])
async def test_it_shows_what_waits_and_what_is_aside(fake: FakeDaemon, who: str) -> None:
    async with console(fake) as operator:
        await at_the_outbox(operator, who)
        await operator.sees("拒否", "後続待ち", "山口市（35203）", "すぐに", "機構に確認し")
        await operator.press("escape")
        await operator.sees("うち署名済")


async def test_one_is_tried_again_after_a_question(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_outbox(operator)
        await operator.press("f7")
        await operator.sees("山口市（35203）の通知（第2版）を再送します", "元の順に戻り")
        await operator.press("enter")  # begins on leaving it
        await operator.sees("national.bad_row")
        assert not fake.asked("POST /v1/outbox/retry")
        await operator.press("f7")
        await operator.sees("元の順に戻り")
        await operator.press("tab", "enter")
        await operator.sees("1件の再送を受け付けました")
        (asked,) = fake.asked("POST /v1/outbox/retry")
        assert (asked.ids, asked.all) == ([REFUSED.id], False)


async def test_all_are_tried_again_after_a_question(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_outbox(operator)
        await operator.press("f8")
        await operator.sees("別に置いた2件をすべて再送します")
        await operator.press("tab", "enter")
        await operator.sees("2件の再送を受け付けました")
        (asked,) = fake.asked("POST /v1/outbox/retry")
        assert (asked.ids, asked.all) == ([], True)
        await operator.press("f5")
        await operator.sees("別に置いた通知はありません")
        await operator.press("f7", "f8")
        await operator.sees("別に置いた通知はありません")


async def test_the_one_under_the_cursor_is_meant(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_outbox(operator)
        await operator.press("down", "f7")
        await operator.sees("下関市（35201）の通知（第3版）を再送します")
        await operator.press("tab", "enter")
        await operator.sees("再送を受け付けました")
        assert fake.asked("POST /v1/outbox/retry")[0].ids == [BEHIND.id]


async def test_a_refusal_says_why_and_leaves_everything(fake: FakeDaemon) -> None:
    fake.refuse["/v1/outbox/retry"] = Refusal(403, "right.missing")
    async with console(fake) as operator:
        await at_the_outbox(operator)
        await operator.press("f8")
        await operator.sees("すべて再送します")
        await operator.press("tab", "enter")
        await operator.sees("right.missing", "national.bad_row")


@pytest.mark.parametrize("who", [OPERATOR, CUSTODIAN])
async def test_nobody_else_comes_there(fake: FakeDaemon, who: str) -> None:
    async with console(fake) as operator:
        await operator.signs_in(who)
        await operator.press("f2")
        await operator.sees("うち署名済")
        await operator.press("f8")
        await operator.sees("うち署名済")
        assert "F8 送信" not in operator.screen()
        assert not fake.asked("POST /v1/outbox")


async def test_in_english(fake: FakeDaemon) -> None:
    async with console(fake, lang=Lang.EN) as operator:
        await operator.signs_in(CLERKS[0])
        await operator.press("f2")
        await operator.sees("F8 outbox")
        await operator.press("f8")
        await operator.sees("set aside", "waits behind it", "Ask the agency why")
