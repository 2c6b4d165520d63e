"""Some screens as they look, colours and all; `pytest --snapshot-update` after a change that was meant and looked at."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from daemon.contract.exports import OrderExport
from tests.tui.driving import Operator, Ticks
from tests.tui.fake_daemon import AUDITOR, CHIEF, CLERKS, CUSTODIAN, OFFICERS, FakeDaemon
from tests.tui.fake_exports import TERMS
from tests.tui.fake_log_holds import HELD
from tests.tui.make_screenshot import picture
from tui.app import ConsoleApp

Compare = Callable[..., bool]


def as_operator(play: Callable[[Operator], Awaitable[object]]) -> Callable[[Pilot[None]], Awaitable[None]]:
    async def run(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, ConsoleApp)
        operator = Operator(app, pilot, Ticks())
        await operator.sees("稼働中")
        await play(operator)
        # A blinking cursor is there or not.
        app.screen.set_focus(None)
        await operator.settled()

    return run


async def first(operator: Operator) -> None:
    await operator.sees("9,981")


async def hits(operator: Operator) -> None:
    await operator.signs_in()
    await operator.searches("やま")
    await operator.sees("9件見つかりました", "萩市（35204）")


async def person(operator: Operator) -> None:
    await operator.signs_in()
    await operator.searches("じゅうみん　た")
    await operator.sees("1件見つかりました")
    await operator.press("enter")
    await operator.sees("履歴（全3版）", "版  異動事由")


async def keys(operator: Operator) -> None:
    await operator.signs_in(CUSTODIAN)
    await operator.sees("6件の鍵", "live.10")


async def proposal(operator: Operator) -> None:
    await keys(operator)
    await operator.press("down", "f8")
    await operator.sees("live.9 の破棄を提案します")
    await operator.agrees()
    await operator.sees("提案しました", "name live.9")


async def tokens(operator: Operator) -> None:
    await keys(operator)
    await operator.press("f6")
    await operator.sees("1台のトークン", "2台目を登録")


async def schedules(operator: Operator) -> None:
    await operator.signs_in(CLERKS[0])
    await operator.press("f2", "f12")
    await operator.sees("期限を過ぎた市町が1あります", "35203 山口市")


async def compared(operator: Operator) -> None:
    await schedules(operator)
    await operator.press("down", "enter")
    await operator.sees("範囲の照合", "県にだけある", "件数だけを表示します")


async def boundaries(operator: Operator) -> None:
    await operator.signs_in(CLERKS[0])
    await operator.press("f2", "f7", "f6")
    await operator.sees("登録された廃置分合・境界変更はありません")


async def reports(operator: Operator) -> None:
    await operator.signs_in(CLERKS[0])
    await operator.press("f2", "f8", "f6")
    await operator.sees("まだ確認していない通報 1件")
    await operator.press("f7")
    await operator.sees("通報 2件")


async def exports(operator: Operator) -> None:
    await operator.signs_in(CHIEF)
    await operator.press("f11")
    await operator.sees("書出し")
    await operator.press("enter")
    await operator.sees("決裁を待つ書出しが1件", "検索条件（terms）")


async def export_order(operator: Operator) -> None:
    await operator.signs_in(AUDITOR)
    await operator.press("f5", "enter")
    await operator.sees("求めた時刻")
    await operator.press("f6")
    await operator.sees("F7で求めます")


async def log_holds(operator: Operator) -> None:
    await operator.signs_in(OFFICERS[0])
    await operator.press("f11")
    await operator.sees("7年を過ぎても残す記録")
    await operator.press("enter")
    await operator.sees("情報公開条例の係争")


async def daily(operator: Operator) -> None:
    await operator.signs_in(OFFICERS[0])
    await operator.press("f11")
    await operator.sees("日報")
    await operator.press("down", "enter")
    await operator.sees("3番から1,203番まで")


PLAYS = [
    first,
    hits,
    person,
    keys,
    proposal,
    tokens,
    schedules,
    compared,
    boundaries,
    reports,
    exports,
    export_order,
    log_holds,
    daily,
]


@pytest.mark.parametrize("play", PLAYS)
def test_a_screen_looks_as_it_did(
    snap_compare: Any, fake: FakeDaemon, play: Callable[[Operator], Awaitable[object]]
) -> None:
    fake.exports.operator = AUDITOR
    fake.exports.ordered(OrderExport(basis="外部監査", openings=[TERMS]))
    fake.log_holds.holds = [HELD]
    app = ConsoleApp([fake.socket], monotonic=Ticks(), poll=60)
    assert snap_compare(app, terminal_size=(80, 24), run_before=as_operator(play))


async def test_the_picture_of_the_readme_is_of_this_console() -> None:
    drawn = Path(__file__).parents[2] / "docs" / "console.svg"
    assert drawn.read_text("utf-8") == await picture()
