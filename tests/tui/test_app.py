"""What holds on every screen: the lock, signing out, help, and that nothing of a person stays behind."""

import pytest
from textual.widgets import Input
from textual.worker import WorkerFailed

from tests.tui.driving import Operator, console
from tests.tui.fake_daemon import FakeDaemon
from tui.screens.sign_in import SignInScreen
from tui.words import Lang


async def at_person(operator: Operator) -> None:
    await operator.signs_in()
    await operator.searches("じゅうみん　た")
    await operator.sees("1件見つかりました")
    await operator.press("enter")
    await operator.sees("履歴（全3版）")
    await operator.press("f5")
    await operator.sees("24727059600")


async def test_an_idle_screen_is_cleared_and_locked(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_person(operator)
        operator.ticks.now += 599
        operator.app.lock_if_idle()
        await operator.settled()
        assert "住民　太郎" in operator.screen()
        operator.ticks.now += 1
        operator.app.lock_if_idle()
        screen = await operator.sees("10分間操作がなかったため", "操作者ID", "未サインイン")
        assert isinstance(operator.app.screen, SignInScreen)
        assert len(operator.app.screen_stack) == 1
        assert not [
            secret
            for secret in ("住民", "24727059600", "旅券R8-0123", "OP001")
            if secret in screen.replace("住民基本台帳", "")
        ]
        await operator.until(lambda: not fake.sessions)
        assert [field.value for field in operator.app.screen.query(Input)] == ["", ""]


async def test_the_lock_comes_by_itself(fake: FakeDaemon) -> None:
    fake.idle_seconds = 45
    async with console(fake, lang=Lang.EN) as operator:
        await operator.signs_in()
        operator.ticks.now += 45
        await operator.sees("No key was pressed for 45 seconds")


async def test_a_key_keeps_the_screen_open_and_a_poll_does_not(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_person(operator)
        for _ in range(3):
            operator.ticks.now += 599
            await operator.press("down")
        operator.app.lock_if_idle()
        await operator.sees("履歴（全3版）")
        operator.ticks.now += 600
        await operator.sees("10分間操作がなかったため")


async def test_the_next_operator_sees_nothing_of_the_last(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_person(operator)
        await operator.press("f9")
        await operator.sees("サインアウトしました")
        await operator.until(lambda: not fake.sessions)
        await operator.signs_in()
        screen = await operator.sees("条件を入力して")
        assert "住民　太郎" not in screen
        assert "旅券申請の審査" not in screen.replace("例: 旅券申請の審査", "")


async def test_quitting_closes_the_session(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        assert fake.sessions
        await operator.press("f10")
    assert not fake.sessions


async def test_search_is_one_key_away(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_person(operator)
        await operator.press("f2")
        await operator.sees("うち署名済")
        await operator.press("f3")
        await operator.sees("1件見つかりました")


async def test_without_a_session_there_is_no_search(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.press("f3")
        await operator.press("f9")
        await operator.sees("操作者ID")
        assert "F9" not in operator.lines()[-1]


async def test_help_lists_the_keys_of_the_screen(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_person(operator)
        for key in ("f1", "question_mark"):
            await operator.press(key)
            await operator.sees("キーの一覧", "F5", "住民票コード", "F3", "検索", "Shift+Tab")
            await operator.press("escape")
            await operator.sees("履歴（全3版）")


async def test_the_keys_stand_at_the_foot_in_eighty_columns(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        foot = operator.lines()[-1]
    assert foot.split("  ") == [
        " F5 ほかの条件", "F8 クリア", "F1 ヘルプ", "F2 状態", "F9 サインアウト", "F10 終了"
    ]  # fmt: skip


async def test_a_click_on_a_key_presses_it(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.pilot.click("#keys", offset=(3, 0))
        await operator.sees("キーの一覧")


async def test_nothing_can_be_copied_from_the_screen(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_person(operator)
        operator.app.copy_to_clipboard("24727059600")
        assert operator.app.clipboard == ""
        await operator.sees("画面の写しは取れません")


async def test_a_fault_of_the_console_is_told_without_any_value(
    fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        secret = "24727059600"
        raise LookupError(secret)

    # What broke it comes out of the console's end, by whichever task met it first.
    with pytest.raises((LookupError, WorkerFailed)):  # noqa: PT012 - the end of the block raises
        async with console(fake) as operator:
            await operator.signs_in()
            monkeypatch.setattr("tui.screens.status.StatusScreen.condition_changed", broken)
            await operator.press("f2")
    told = "".join(capsys.readouterr())
    assert "24727059600" not in told
    assert "LookupError" in told
    assert "test_app.py" in told
    assert told.count("LookupError") == 1
