"""書出し on the console: ordered, decided on by another person, followed while it is made, fetched, given up. 80 by 24."""

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.widgets import Select

from daemon.contract.exports import CancelExport, DecideExport, ExportPhase, Opening, OrderExport
from daemon.contract.manifest import NAME
from tests.tui.driving import Operator, console
from tests.tui.fake_daemon import AUDITOR, CHIEF, OFFICERS, FakeDaemon, Refusal
from tests.tui.fake_exports import FILES, TERMS
from tui.words import Lang

ORDER, DECIDE, CANCEL = "POST /v1/exports", "POST /v1/exports/decision", "POST /v1/exports/cancel"


def ordered(
    fake: FakeDaemon, *openings: Opening, by: str = AUDITOR, phase: ExportPhase | None = None
) -> None:
    """One that is there already."""
    fake.exports.operator = by
    state = fake.exports.ordered(OrderExport(basis="外部監査", openings=list(openings)))
    if phase is not None:
        fake.exports.states[-1] = replace(state, phase=phase, end=2)


async def at_the_exports(operator: Operator, who: str = AUDITOR) -> None:
    await operator.signs_in(who)
    await operator.press("f5" if who == AUDITOR else "f11")
    await operator.sees("行を選び Enter で開きます", "書出し")
    await operator.press("enter")
    await operator.sees("参照", "求めた時刻")


async def fills(operator: Operator, **fields: str) -> None:
    """Fill fields of the order's form, each by its name."""
    for name, text in fields.items():
        operator.app.screen.query_one(f"#{name}").focus()
        await operator.is_at(name)
        await operator.write(text)


async def test_an_auditor_orders_one_and_it_becomes_ready_before_their_eyes(
    fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.exports.FOLLOW", 0.05)
    fake.exports.most = 1
    async with console(fake) as operator:
        await at_the_exports(operator)
        await operator.sees("監査ログの書出しはありません", "F6")
        await operator.press("f6")
        await operator.sees("F7で求めます", "鍵サービスの声明")
        await operator.is_at("since")
        await fills(operator, since="2026-04-01", until="2026-04-02 09:30", basis="令和8年度外部監査")
        await operator.press("f7")
        await operator.sees("監査ログの書出しを求めます", "すぐに作成を始めます")
        assert not fake.asked(ORDER)
        await operator.agrees()
        await operator.sees("書出しを求めました", "作成中", "令和8年度外部監査")
        await operator.sees("作成中 50%", "作成中です: 1 / 2 件")
        fake.exports.most = 2
        await operator.sees(
            "書出しを求めました", "受取り可", "2026-05-01 14:00:00 まで保管します", "F7 受取り", "F10 終了"
        )
    (asked,) = fake.asked(ORDER)
    span = (datetime(2026, 3, 31, 15, tzinfo=UTC), datetime(2026, 4, 2, 0, 31, tzinfo=UTC))
    assert asked == OrderExport(since=span[0], until=span[1], openings=[], basis="令和8年度外部監査")


async def test_sealed_fields_are_added_one_by_one_and_taken_back(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_exports(operator)
        await operator.press("f6")
        await operator.sees("F7で求めます")
        await operator.press("f6")
        await operator.sees("開示する行為を選んでください")
        screen = operator.app.screen
        screen.query_one("#act", Select).value = "search.done"
        await operator.press("f6")
        await operator.sees("console.fields_missing")
        await fills(operator, fields="terms、purpose", numbers="100")
        await operator.press("f6")
        await operator.sees("console.numbers_malformed")
        await fills(operator, numbers="100-200")
        await operator.press("f6")
        await operator.sees(
            "加えました: 検索（search.done）", "検索条件（terms）、利用目的（purpose）", "100–200"
        )
        await fills(operator, fields="subjects")
        await operator.press("f6")
        await operator.sees("対象の人の住民票コード（subjects）", "0–")
        screen.query_one("#opening-list").focus()
        await operator.press("down", "f8")
        await operator.until(
            lambda: "subjects" not in operator.screen().split("指定がなくても")[0].split("行為")[-1]
        )
        await fills(operator, basis="外部監査", fields="text")
        await operator.press("f7")
        await operator.sees("加えていない指定があります")
        await fills(operator, fields="")
        await operator.press("enter")
        await operator.sees("指定が1件あります", "セキュリティ統括責任者が承認", "F10 終了")
        await operator.agrees()
        await operator.sees("承認待ち", "開示する項目: 検索（search.done）")
    (asked,) = fake.asked(ORDER)
    assert asked.openings == [TERMS]
    assert (asked.since, asked.until) == (None, None)


async def test_the_action_to_be_open_is_chosen_by_keys_alone(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_exports(operator)
        await operator.press("f6")
        await operator.is_at("since")
        for field in ("until", "basis", "act"):
            await operator.tabs()
            await operator.is_at(field)
        await operator.press("enter", "down", "enter")
        await operator.until(
            lambda: operator.app.screen.query_one("#act", Select).selection == "register.started"
        )


async def test_what_lacks_or_cannot_be_read_is_not_sent(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_exports(operator)
        await operator.press("f6")
        await operator.sees("F7で求めます")
        await operator.press("f7")
        await operator.sees("何のための書出しかを入力してください")
        await operator.is_at("basis")
        await fills(operator, basis="監査", until="先月")
        await operator.press("f7")
        await operator.sees("console.bad_moment", "終わり")
        await operator.is_at("until")
        fake.refuse["/v1/exports"] = Refusal(400, "export.until_ahead", field="until")
        await fills(operator, until="")
        await operator.press("f7")
        await operator.agrees()
        await operator.sees("export.until_ahead", "次の手順", "監査")
    assert not fake.exports.states


async def test_another_person_sees_what_is_to_be_open_and_approves(fake: FakeDaemon) -> None:
    ordered(fake, TERMS)
    async with console(fake) as operator:
        await at_the_exports(operator, CHIEF)
        shown = await operator.sees("決裁を待つ書出しが1件", "F7 承認", "F8 不承認", "検索条件（terms）")
        assert "F6" not in shown
        await operator.press("f7")
        await operator.sees(
            "AU001 の書出し 0a0a0a0a を承認します", "外部監査", "利用目的（purpose）", "100–200"
        )
        await operator.press("enter")
        await operator.sees("理由を入力してください")
        assert not fake.asked(DECIDE)
        await operator.write("監査計画のとおり")
        await operator.press("enter")
        await operator.sees("承認しました。作成が始まります", "決めた人: CH001")
        await operator.offers_no("F7")
    assert fake.asked(DECIDE) == [DecideExport(export="0a" * 16, approve=True, reason="監査計画のとおり")]


async def test_or_declines(fake: FakeDaemon) -> None:
    ordered(fake, TERMS)
    async with console(fake) as operator:
        await at_the_exports(operator, CHIEF)
        await operator.sees("F8 不承認")
        await operator.press("f8")
        await operator.sees("不承認とします")
        await operator.write("範囲が広い")
        await operator.press("enter")
        await operator.sees("不承認としました", "必要なら内容を改めて求めてください")
    assert fake.asked(DECIDE) == [DecideExport(export="0a" * 16, approve=False, reason="範囲が広い")]


async def test_nobody_decides_on_their_own_and_who_may_not_is_offered_nothing(fake: FakeDaemon) -> None:
    fake.roles[CHIEF] = ["auditor", "chief"]
    ordered(fake, TERMS, by=CHIEF)
    ordered(fake, phase=ExportPhase.READY)
    async with console(fake) as operator:
        await operator.signs_in(CHIEF)
        await operator.press("f5", "enter")
        await operator.sees("受取り可")
        await operator.offers_no("F7")
        await operator.press("f7", "f8", "down")
        await operator.sees("承認待ち", "F8 取りやめ")
        await operator.offers_no("承認 ")
        await operator.press("f7")
        await operator.settled()
        assert "を承認します" not in operator.screen()
    assert not fake.asked(DECIDE)
    async with console(fake) as operator:
        await operator.signs_in(OFFICERS[0])
        await operator.press("f11")
        shown = await operator.sees("保全", "日報")
        assert "書出し" not in shown


async def test_an_auditor_gives_up_their_own(fake: FakeDaemon) -> None:
    ordered(fake, TERMS)
    async with console(fake) as operator:
        await at_the_exports(operator)
        await operator.sees("F8 取りやめ")
        await operator.press("f8")
        await operator.sees("書出し 0a0a0a0a を取りやめます", "元に戻せません")
        await operator.press("enter")
        assert not fake.asked(CANCEL)
        await operator.press("f8")
        await operator.agrees()
        await operator.sees("取りやめました。必要なら改めて")
        await operator.offers_no("F8")
    assert fake.asked(CANCEL) == [CancelExport(export="0a" * 16)]


async def test_following_never_cuts_off_what_was_asked_for(
    fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.exports.FOLLOW", 0.05)
    fake.exports.most = 1
    ordered(fake)
    ordered(fake)
    async with console(fake) as operator:
        await at_the_exports(operator)
        await operator.sees("作成中 50%")
        fake.delay = 0.4
        await operator.press("f8")
        await operator.agrees()
        await operator.sees("█ 取りやめました。", "取りやめ    AU001", "作成中 50%")


async def fetches(operator: Operator, folder: Path) -> None:
    await operator.sees("F7 受取り")
    await operator.press("f7")
    await operator.sees("受け取ります", "空のフォルダ")
    await operator.press("enter")
    await operator.sees("保存先のフォルダを入力してください")
    await operator.write(str(folder))


async def test_it_is_fetched_into_a_folder_and_says_how_to_verify(fake: FakeDaemon, states: Path) -> None:
    ordered(fake, phase=ExportPhase.READY)
    target = states / "out"
    async with console(fake) as operator:
        await at_the_exports(operator)
        await fetches(operator, target)
        await operator.press("enter")
        await operator.sees("に書き出しました（記録2件）", "jukura-verify")
        assert "受け取っています" not in operator.screen()
    assert {file.name: file.read_bytes() for file in target.iterdir() if file.name != NAME} == FILES


async def test_as_one_zip(fake: FakeDaemon, states: Path) -> None:
    ordered(fake, phase=ExportPhase.READY)
    async with console(fake) as operator:
        await at_the_exports(operator)
        await fetches(operator, states / "out")
        await operator.tabs()
        await operator.press("right")
        await operator.tabs()
        await operator.tabs()
        await operator.press("enter")
        await operator.sees("に書き出しました")
    (file,) = (states / "out").iterdir()
    with zipfile.ZipFile(file) as packed:
        assert set(packed.namelist()) == {NAME, *FILES}


async def test_one_that_broke_off_goes_on_and_nothing_is_written_over(fake: FakeDaemon, states: Path) -> None:
    ordered(fake, phase=ExportPhase.READY)
    fake.exports.cut = {"keys.jsonl"}
    other = states / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    async with console(fake) as operator:
        await at_the_exports(operator)
        await fetches(operator, states / "out")
        await operator.press("enter")
        await operator.sees("書出しを扱えませんでした", "console.cut_off")
        fake.exports.cut, fake.exports.fetched = set(), []
        await fetches(operator, states / "out")
        await operator.press("enter")
        await operator.sees("に書き出しました")
        assert fake.exports.fetched == [NAME, "keys.jsonl", "statements.txt"]
        await fetches(operator, other)
        await operator.press("enter")
        await operator.sees("受け取れませんでした", "console.folder_not_empty", "空のフォルダーか新しい名前")
    assert [file.name for file in other.iterdir()] == ["mine.txt"]


async def test_a_locked_console_shows_nothing_and_fetches_no_more(fake: FakeDaemon, states: Path) -> None:
    ordered(fake, TERMS, phase=ExportPhase.READY)
    async with console(fake) as operator:
        await at_the_exports(operator)
        await fetches(operator, states / "out")
        fake.delay = 0.3
        await operator.press("enter")
        await operator.sees("受け取っています")
        operator.ticks.now += 601
        operator.app.lock_if_idle()
        shown = await operator.sees("画面を消してサインアウトしました")
        assert not any(word in shown for word in ("外部監査", "0a0a0a0a", "AU001"))
        fetched = len(fake.exports.fetched)
        fake.delay = 0.0
        await operator.settled()
        assert len(operator.app.screen_stack) == 1
    assert fetched < len(FILES) + 1
    assert not (states / "out" / "statements.txt").exists()


async def test_the_cursor_stays_where_it_is_when_the_list_is_read_anew(fake: FakeDaemon) -> None:
    for _ in range(2):
        ordered(fake, phase=ExportPhase.READY)
    fake.exports.states[0] = replace(fake.exports.states[0], basis="先の監査")
    async with console(fake) as operator:
        await at_the_exports(operator)
        await operator.sees("理由 外部監査")
        await operator.press("down")
        await operator.sees("理由 先の監査")
        looks = len(fake.asked("GET /v1/exports"))
        await operator.press("f5")
        await operator.until(lambda: len(fake.asked("GET /v1/exports")) > looks)
        for _ in range(5):
            await operator.settled()
            assert "理由 先の監査" in operator.screen()


async def test_why_one_failed_is_said(fake: FakeDaemon) -> None:
    ordered(fake, phase=ExportPhase.FAILED)
    fake.exports.states[0] = replace(fake.exports.states[0], code="export.span_gone")
    async with console(fake) as operator:
        await at_the_exports(operator)
        await operator.sees("作成できませんでした。 export.span_gone", "より新しい期間を")
        fake.refuse["/v1/exports"] = Refusal(403, "right.missing")
        await operator.press("f5")
        await operator.sees("right.missing", "次の手順")
        del fake.refuse["/v1/exports"]
        fake.raw["/v1/exports"] = b"<html>"
        await operator.press("f5")
        await operator.sees("書出しを扱えませんでした")


async def test_in_english(fake: FakeDaemon) -> None:
    ordered(fake, TERMS)
    async with console(fake, lang=Lang.EN) as operator:
        await operator.signs_in(CHIEF)
        await operator.press("f11")
        await operator.sees("Choose a line", "Order, approve and fetch the log")
        await operator.press("enter")
        await operator.sees("1 wait to be approved", "what was searched for (terms)", "F7 Approve")
        await operator.press("f7")
        await operator.sees("Approve export 0a0a0a0a, ordered by AU001")
