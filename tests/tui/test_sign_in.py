from msgspec.structs import replace

from daemon.contract.console import Reason, State
from tests.tui.driving import console
from tests.tui.fake_daemon import COUNTS, OPERATOR, PASSWORD, FakeDaemon
from tui.words import Lang


async def test_the_first_screen_shows_the_register_and_its_live_counts(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.sees("本人確認情報", "稼働中", "9,981人", "14:03", "未サインイン")
        fake.status = replace(fake.status, counts=replace(COUNTS, people=9_982))
        await operator.sees("9,982人")


async def test_enter_leads_from_the_id_to_the_password_and_in(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.press(*OPERATOR, "enter", *PASSWORD, "enter")
        screen = await operator.sees("OP001", "見本　職員", "市町課", "条件を入力して")
    assert PASSWORD not in screen
    assert [path for path, _ in fake.calls][:1] == ["POST /v1/session"]


async def test_the_password_is_never_on_the_screen_and_is_wiped_when_sent(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.write(OPERATOR, "wrong")
        assert "wrong" not in operator.screen()
        await operator.press("enter")
        await operator.sees("session.wrong", "session.wrongの説明。次の手順。", "OP001")
        assert operator.app.screen.query_one("#password").value == ""  # type: ignore[attr-defined]
        await operator.write(PASSWORD)
        await operator.press("enter")
        await operator.sees("条件を入力して")


async def test_a_password_typed_fast_never_lands_in_the_open(fake: FakeDaemon) -> None:
    for on_to_the_password in ("enter", "tab"):
        async with console(fake) as operator:
            await operator.types_ahead(*OPERATOR, on_to_the_password, *PASSWORD, "enter")
            await operator.sees("条件を入力して")
        assert [(asked.operator, asked.password) for asked in fake.asked("POST /v1/session")] == [
            (OPERATOR, PASSWORD)
        ]
        fake.calls.clear()


async def test_what_is_missing_is_said_without_asking_the_register(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.press("enter", "enter")
        await operator.sees("操作者IDを入力してください。")
        await operator.press(*OPERATOR, "enter", "enter")
        await operator.sees("パスワードを入力してください。")
    assert fake.calls == []


async def test_an_operator_chooses_between_two_registers(fake: FakeDaemon, fuhyo: FakeDaemon) -> None:
    async with console(fake, fuhyo) as operator:
        await operator.sees("● 本人確認情報", "○ 附票本人確認情報")
        await operator.press("shift+tab", "right")
        await operator.sees("● 附票本人確認情報")
        await operator.press("enter")
        await operator.signs_in()
        await operator.sees("附票本人確認情報", "国外転出者")
    assert fuhyo.asked("POST /v1/session")
    assert not fake.asked("POST /v1/session")


async def test_a_register_that_is_away_is_said_and_found_again(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        fake.stop()
        await operator.sees("応答なし", "jukurad", "--:--")
        await operator.write(OPERATOR, PASSWORD)
        await operator.press("enter")
        await operator.sees("console.unreachable")
        fake.start()
        await operator.sees("稼働中")
        await operator.write(PASSWORD)
        await operator.press("enter")
        await operator.sees("条件を入力して")


async def test_warnings_stand_on_every_screen(fake: FakeDaemon) -> None:
    fake.status = replace(
        fake.status,
        state=State.DEGRADED,
        reasons=[Reason.NATIONAL_AWAY, Reason.DISK_LOW],
        at_rest="unprotected",
    )
    warnings = ("縮退運転", "全国サーバ不通", "ディスク残量不足", "保管時 未保護")
    async with console(fake) as operator:
        await operator.sees(*warnings)
        await operator.signs_in()
        await operator.sees("かな氏名", *warnings)
        await operator.press("f2")
        await operator.sees("うち署名済", *warnings)


async def test_an_operator_without_affairs_is_told_whom_to_ask(fake: FakeDaemon) -> None:
    fake.affairs = []
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.sees("使える事務がありません")
        await operator.searches("やま")
        await operator.sees("使える事務がありません")
    assert fake.asked("POST /v1/search") == []


async def test_it_is_in_english_by_setting(fake: FakeDaemon) -> None:
    async with console(fake, lang=Lang.EN) as operator:
        await operator.sees("Resident register", "ready", "not signed in", "Operator id", "F10 Quit")
        await operator.write(OPERATOR, "wrong")
        await operator.press("enter")
        await operator.sees("What session.wrong means.")
