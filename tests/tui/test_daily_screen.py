"""日報 on the console: day by day, and kept to be printed. 80 by 24."""

from datetime import date
from pathlib import Path

from msgspec.structs import replace

from daemon.contract.console import Reason
from daemon.contract.daily import LOG_DAY
from tests.tui.driving import Operator, console
from tests.tui.fake_daemon import AUDITOR, OFFICERS, FakeDaemon, Refusal
from tests.tui.fake_log import NOTE
from tui.words import Lang

DAY = f"POST {LOG_DAY.path}"


async def at_the_day(operator: Operator) -> None:
    await operator.signs_in(OFFICERS[0])
    await operator.press("f11")
    await operator.sees("日報", "印刷して保管します")
    await operator.press("down", "enter")
    await operator.sees("日報（本人確認情報）")


async def test_today_is_shown_as_far_as_it_has_gone_and_days_are_turned(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_day(operator)
        await operator.sees("2026-04-01", "この日はまだ終わっていません", "3番から1,203番まで", "1,190")
        await operator.offers_no("F7")
        await operator.press("f7", "f6")
        await operator.sees("日報（本人確認情報） 2026-03-31", "F8で印刷用に保存します", "F7次の日")
        await operator.press("f6")
        await operator.sees("2026-03-30")
        await operator.press("f7")
        await operator.sees("2026-03-31")
        await operator.press("f5")
        await operator.until(lambda: len(fake.asked(DAY)) == 5)
        await operator.press("f7")
        await operator.sees("この日はまだ終わっていません")
    days = [None, *(date(2026, 3, day) for day in (31, 30, 31, 31)), date(2026, 4, 1)]
    assert [one.day for one in fake.asked(DAY)] == days


async def test_it_says_how_the_register_stands_when_it_is_made(fake: FakeDaemon) -> None:
    fake.status = replace(fake.status, reasons=[Reason.TOKEN_AWAY])
    async with console(fake) as operator:
        await at_the_day(operator)
        await operator.sees("作成時の状態", "稼働中 トークン不通")


async def test_it_is_kept_in_both_forms_and_never_over_another(fake: FakeDaemon, tmp_path: Path) -> None:
    async with console(fake) as operator:
        await at_the_day(operator)
        for said in ("に保存しました。印刷して保管してください", "console.file_there"):
            await operator.press("f8")
            await operator.sees("日報を印刷用に保存します", "個人の情報は含みません")
            await operator.write(str(tmp_path))
            await operator.press("enter")
            await operator.sees(said)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "honnin-2026-04-01.html",
        "honnin-2026-04-01.txt",
    ]
    sheet = (tmp_path / "honnin-2026-04-01.txt").read_text("utf-8")
    assert NOTE in sheet
    assert "確認者 ____" in sheet


async def test_who_leaves_sees_it_no_more_and_a_refusal_says_what_next(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_day(operator)
        fake.refuse[LOG_DAY.path] = Refusal(409, "log.day_ahead", field="day")
        await operator.press("f5")
        await operator.sees("log.day_ahead", "次の手順")
        operator.ticks.now += 601
        operator.app.lock_if_idle()
        assert "1,190" not in await operator.sees("画面を消してサインアウトしました")


async def test_in_english(fake: FakeDaemon) -> None:
    async with console(fake, lang=Lang.EN) as operator:
        await operator.signs_in(AUDITOR)
        await operator.press("f5")
        await operator.sees("One day in figures")
        await operator.press("down", "down", "enter")
        await operator.sees("Daily report (Resident register) 2026-04-01", "State when this was made")
