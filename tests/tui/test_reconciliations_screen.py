"""整合性確認 on the console: whose turn it is, how far one under way is, and what one came to. 80 by 24."""

import pytest
from msgspec.structs import replace

from daemon.contract.reconciliation import Phase
from daemon.register.reconcile import COMPARED
from daemon.register.rows import Register
from tests.tui.driving import Operator, console
from tests.tui.fake_daemon import ADMINISTRATOR, AUDITOR, CLERKS, CUSTODIAN, OPERATOR, FakeDaemon, Refusal
from tests.tui.fake_reconciled import AGREED, BUSY, DONE, LATE, RUN, UNDER_WAY
from tui.words import Lang


async def at_the_list(operator: Operator, who: str = CLERKS[0]) -> None:
    await operator.signs_in(who)
    await operator.press("f2")
    await operator.sees("F12 整合")
    await operator.press("f12")
    await operator.sees("期限を過ぎた市町が1あります", "35203 山口市")


@pytest.mark.parametrize("who", [CLERKS[0], ADMINISTRATOR, AUDITOR])
async def test_the_list_says_whose_turn_it_is_and_what_came_of_it(fake: FakeDaemon, who: str) -> None:
    async with console(fake) as operator:
        await at_the_list(operator, who)
        shown = await operator.sees("市町に連絡してください")
        late, done, busy, never = (line for line in shown.splitlines() if "352" in line)
        assert "2026-05-01 期限超過" in late
        assert "打切り" in late
        assert "まだない" in late
        assert "2026-07-02" in done
        assert "期限超過" not in done
        assert "内容が異なる 11" in done
        assert "受取中 25%" in busy
        assert "一致" in busy
        assert "まだない" in never
        await operator.press("escape")
        await operator.sees("うち署名済")


async def test_nobody_overdue_is_no_warning(fake: FakeDaemon) -> None:
    fake.reconciled.put(replace(LATE, overdue=False))
    async with console(fake) as operator:
        await operator.signs_in(CLERKS[0])
        await operator.press("f2", "f12")
        await operator.sees("4市町の整合性確認の予定です", "期限を過ぎた市町はありません")


async def test_enter_shows_the_result_of_one_in_figures(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_list(operator)
        await operator.press("down", "enter")
        shown = await operator.sees(
            "35203 山口市", "前回 2026-04-01", "間隔 92日", "範囲の照合", "12 / 190,000", "件数だけを表示します",
            "ふりがな",
        )  # fmt: skip
        await operator.offers_no("F7")
        lines = shown.splitlines()
        for kind, count in (("県にだけある", "1"), ("市町にだけある", "1,204"), ("内容が異なる", "11")):
            assert any(line.split() == [kind, count] for line in lines), kind
        assert any(line.split() == ["ふりがな", "11"] for line in lines)
        assert [one.municipality for one in fake.asked("POST /v1/reconciliation")] == ["35203"]


async def test_a_long_result_is_paged_through(fake: FakeDaemon) -> None:
    fields = dict.fromkeys(COMPARED[Register.HONNIN], 1)
    fake.reconciled.put(replace(DONE, newest=replace(RUN, items=fields)))
    async with console(fake) as operator:
        await at_the_list(operator)
        await operator.press("down", "enter")
        shown = await operator.sees("市町にだけある")
        assert "住民票コードを送信した人" not in shown
        await operator.press("pagedown", "pagedown")
        await operator.sees("住民票コードを送信した人")


async def test_one_under_way_is_followed_to_its_end(
    fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.reconciliation.FOLLOW", 0.05)
    async with console(fake) as operator:
        await at_the_list(operator)
        await operator.press("down", "down", "enter")
        await operator.sees("受取中 25%", "2,000 / 8,000", "自動で更新します")
        fake.reconciled.put(replace(BUSY, newest=replace(UNDER_WAY, received=4_000)))
        await operator.sees("受取中 50%")
        over = replace(UNDER_WAY, phase=Phase.DONE, received=8_000, ended=AGREED.ended)
        fake.reconciled.put(replace(BUSY, newest=over, done=over))
        await operator.sees("終了", "8,000 / 8,000", "件数だけを表示します")
        await operator.settled()
        asked = len(fake.asked("POST /v1/reconciliation"))
        await operator.pilot.pause(0.3)
        assert len(fake.asked("POST /v1/reconciliation")) == asked  # what is over is not asked for again


async def test_the_last_one_that_ended_stands_beside_the_one_under_way(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_list(operator)
        await operator.press("down", "down", "enter")
        await operator.sees("受取中 25%", "F7 別の回")
        await operator.press("f7")
        await operator.sees("190,000 / 190,000", "一致", "件数だけを表示します")
        await operator.press("f7")
        await operator.sees("受取中 25%")


async def test_it_says_why_one_was_stopped_and_that_there_was_none(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_list(operator)
        await operator.press("enter")
        shown = await operator.sees("打切り [reconciliation.abandoned]", "この市町は期限を過ぎています")
        assert "一致" not in shown  # nobody knows
        await operator.press("escape")
        await operator.sees("35206")
        await operator.press("down", "down", "down", "enter")
        await operator.sees("35206 防府市", "この市町の整合性確認の記録はありません")


async def test_a_refusal_and_a_silence_are_said(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_list(operator)
        fake.refuse["/v1/reconciliation"] = Refusal(403, "right.missing")
        await operator.press("enter")
        await operator.sees("right.missing", "次の手順。")
        await operator.press("escape")
        await operator.sees("35206")
        fake.raw["/v1/reconciliations"] = b"<html>"
        await operator.press("f5")
        await operator.sees("整合性確認を読めませんでした")


@pytest.mark.parametrize("who", [OPERATOR, CUSTODIAN])
async def test_nobody_else_comes_there(fake: FakeDaemon, who: str) -> None:
    async with console(fake) as operator:
        await operator.signs_in(who)
        await operator.press("f2")
        await operator.sees("うち署名済")
        await operator.offers_no("F12")
        await operator.press("f12")
        await operator.sees("うち署名済")
    assert not fake.asked("GET /v1/reconciliations")


async def test_in_english(fake: FakeDaemon) -> None:
    async with console(fake, lang=Lang.EN) as operator:
        await operator.signs_in(CLERKS[0])
        await operator.press("f2", "f12")
        await operator.sees("1 municipalities are overdue", "2026-05-01 overdue", "receiving 25%")
        await operator.press("down", "enter")
        await operator.sees("by ranges", "only here", "only there", "Reading", "Figures only")


async def test_the_keys_of_the_status_screen_fit_into_eighty_columns(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in(CLERKS[0])
        await operator.press("f2")
        await operator.sees("F7 保留", "F8 送信", "F12 整合", "F9 サインアウト", "F10 終了")
        await operator.press("f3")
        await operator.sees("かな氏名")
