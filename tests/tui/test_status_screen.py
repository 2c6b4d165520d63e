from datetime import UTC, date, datetime

from msgspec.structs import replace

from daemon.contract.console import Reason, State
from daemon.contract.log_holds import Purge
from daemon.contract.timestamps import TimestampState
from daemon.contract.witnessing import WitnessState
from tests.tui.driving import console
from tests.tui.fake_daemon import COUNTS, FakeDaemon


async def test_the_status_follows_the_register(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.press("f2")
        await operator.sees(
            "9,981人", "12,345行", "123件", "24,998件", "すべての機能を使えます", "19団体", "T-001"
        )
        fake.status = replace(fake.status, counts=replace(COUNTS, notices_today=124, outbox_aside=3))
        await operator.sees("124件", "3件")


async def test_the_status_says_when_the_register_is_away_and_comes_back(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.press("f2")
        await operator.sees("9,981人")
        fake.stop()
        await operator.sees("応答なし", "最後の応答: 2026-04-01", "jukurad", "9,981人")
        fake.start()
        await operator.sees("すべての機能を使えます")
        assert "応答なし" not in operator.screen()


async def test_a_register_that_never_answered_shows_no_figures(fake: FakeDaemon) -> None:
    fake.stop()
    async with console(fake) as operator:
        await operator.press("f2")
        screen = await operator.sees("まだ一度も応答がありません", "本人確認情報")
    assert "現存者" not in screen


async def test_a_sealed_register_says_whom_to_ask(fake: FakeDaemon) -> None:
    fake.status = replace(fake.status, state=State.SEALED, counts=None)
    async with console(fake) as operator:
        await operator.press("f2")
        screen = await operator.sees(
            "封印中", "鍵管理者に確認してください", "鍵が開くまで件数は表示できません"
        )
    assert "現存者" not in screen


async def test_every_state_and_reason_has_its_meaning_on_the_screen(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.press("f2")
        say = operator.app.say
        for state in State:
            fake.status = replace(fake.status, state=state)
            await operator.sees(say(f"state.{state}"))
        fake.status = replace(fake.status, state=State.DEGRADED, reasons=list(Reason))
        await operator.sees(say(f"reason.{Reason.TOKEN_AWAY}"), say(f"reason_means.{Reason.TOKEN_AWAY}")[:12])


async def test_how_far_the_log_is_purged_is_shown(fake: FakeDaemon) -> None:
    state = Purge(purged=12_000, held=21, looked=date(2033, 11, 25), next=date(2033, 11, 26))
    fake.status = replace(fake.status, purge=state)
    async with console(fake) as operator:
        await operator.press("f2")
        await operator.sees("監査ログの消去", "12,000番より前")


async def test_the_closed_list_of_connections_is_shown(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.press("f2")
        await operator.sees("9,981人")
        await operator.press("tab", "end")
        await operator.sees("接続先（これ以外とは通信しません）", "・全国サーバ", "・操作卓")


async def test_esc_and_f2_lead_back(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        for key in ("escape", "f2"):
            await operator.press("f2")
            await operator.sees("うち署名済")
            await operator.press(key)
            await operator.sees("操作者ID")


async def test_time_stamps_are_shown_also_where_there_are_none(fake: FakeDaemon) -> None:
    last = datetime(2026, 11, 24, 3, 0, 5, tzinfo=UTC)
    state = TimestampState(authority="jikoku.test", hours=1)
    async with console(fake) as operator:
        await operator.press("f2")
        await operator.sees("時刻認証", "使わない設定です")
        fake.status = replace(fake.status, timestamps=state)
        await operator.sees("jikoku.test まだ受けていません")
        fake.status = replace(fake.status, timestamps=replace(state, last=last, size=1234))
        await operator.sees("jikoku.test 2026-11-24 12:00:05（1,234件まで）")
        failing = replace(
            state, code="timestamp.away", failures=3, next_try=last, overdue=True, last=last, size=9
        )
        fake.status = replace(fake.status, timestamps=failing, reasons=[Reason.TIMESTAMP_OVERDUE])
        await operator.sees("時刻認証の遅れ", "を、定めた時間を超えて受けられていません")
        await operator.press("tab", "end")
        await operator.sees("時刻認証の失敗", "続けて3回、次は12:00", "jukura-timestamps")


SEEN = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)
WITNESSES = [
    WitnessState(municipality="35203", name="w", size=24_998, cosigned=SEEN, taken=SEEN, overdue=False),
    WitnessState(municipality="35201", name="v", overdue=True),
]


async def test_each_witness_is_shown_with_what_it_cosigned_or_that_there_is_none(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.press("f2")
        screen = await operator.sees("9,981人")
        assert "立会人" not in screen
        fake.status = replace(fake.status, witnesses=[])
        await operator.sees("立会人", "設定なし")
        fake.status = replace(fake.status, witnesses=WITNESSES)
        screen = await operator.sees("連署 24,998件まで 2026-04-01 13:00:00", "山口市", "連署なし 遅れ")
        assert "設定なし" not in screen
