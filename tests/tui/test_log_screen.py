"""監査ログ: an auditor finds entries, sees one with its proof and keeps it, follows a case, reads figures. 80 by 24."""

from pathlib import Path

import pytest

from daemon.contract.log import LOG_CASE, LOG_ENTRY, LOG_SEARCH, LOG_STATISTICS
from tests.tui.driving import Operator, console
from tests.tui.fake_daemon import AUDITOR, CLERKS, CUSTODIAN, FakeDaemon, Refusal
from tests.tui.fake_log import PROOF, START, line
from tui.words import Lang

SEARCH = f"POST {LOG_SEARCH.path}"


async def at_the_log(operator: Operator) -> None:
    await operator.signs_in(AUDITOR)
    await operator.sees("条件を入力して Enter で検索します")
    await operator.is_at("since")


async def to(operator: Operator, field: str) -> None:
    """Tab to a field."""
    while operator.app.focused is None or operator.app.focused.id != field:
        await operator.tabs()


async def test_an_auditor_begins_with_the_log_and_finds_entries(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_log(operator)
        assert not fake.asked(SEARCH)
        await operator.press("enter")
        shown = await operator.sees("4件です（新しい順）", "緊急遮断")
        lines = [row.split() for row in shown.splitlines() if "2026-04-01 " in row]
        assert lines[1] == ["2", "2026-04-01", "11:00:00", "operator:OP001", "番号による照会の拒否", "拒否"]
        assert [row[0] for row in lines] == ["3", "2", "1", "0"]
        await operator.offers_no("F6")


async def test_conditions_are_sent_as_they_were_typed_in_japan_s_time(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_log(operator)
        await operator.write("2026-04-01 09:30", "2026-04-01")
        await to(operator, "actor")
        await operator.write("operator:OP001")
        await to(operator, "outcome")
        await operator.press("right", "right", "enter")
        await operator.sees("1件です", "番号による照会の拒否")
        (asked,) = fake.asked(SEARCH)
        assert (asked.since.isoformat(), asked.until.isoformat()) == (
            "2026-04-01T09:30:00+09:00", "2026-04-02T00:00:00+09:00",
        )  # fmt: skip
        assert (asked.actor, asked.outcome, asked.subject) == ("operator:OP001", "refused", "")


async def test_a_moment_that_is_none_is_said_and_nothing_is_asked(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_log(operator)
        await operator.write("昨日")
        await operator.press("enter")
        await operator.sees("console.bad_moment", "項目: 期間 から")
        await operator.is_at("since")
    assert not fake.asked(SEARCH)


async def test_a_search_for_a_person_needs_a_reason(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_log(operator)
        await to(operator, "subject")
        await operator.write("24727059608")
        await operator.press("enter")
        await operator.sees("閲覧の目的を入力してください")
        await operator.is_at("purpose")
        await operator.write("申出の調査")
        await operator.press("enter")
        await operator.is_at("application")
        assert not fake.asked(SEARCH)
        await operator.write("苦情R8-1")
        await operator.press("enter")
        await operator.sees("4件です")
        (asked,) = fake.asked(SEARCH)
        assert (asked.subject, asked.purpose, asked.application) == ("24727059608", "申出の調査", "苦情R8-1")
        await operator.press("f8")
        await operator.sees("条件を入力して")
        await operator.until(lambda: "24727059608" not in operator.screen())


async def test_pages_are_gone_through_with_the_same_question(fake: FakeDaemon) -> None:
    fake.log.page = 3
    fake.log.lines = [line(number) for number in range(7)]
    async with console(fake) as operator:
        await at_the_log(operator)
        await operator.press("enter")
        await operator.sees("3件です（新しい順）。F6", "F6 次の頁")
        await operator.press("f6")
        await operator.until(lambda: len(fake.asked(SEARCH)) == 2)
        await operator.sees("2026-04-01 12:00:00")
        await operator.press("f6")
        await operator.sees("1件です（新しい順）。Enter")
        await operator.offers_no("F6")
    assert [one.after[:16] for one in fake.asked(SEARCH)] == ["", f"{4:016x}", f"{1:016x}"]


async def test_nothing_found_and_nothing_found_so_far_are_two_things(fake: FakeDaemon) -> None:
    fake.log.lines = []
    async with console(fake) as operator:
        await at_the_log(operator)
        await operator.press("enter")
        await operator.sees("条件に合う記録はありません。検索は正しく")
        fake.log.back_to = START
        await operator.press("enter")
        await operator.sees("2026-04-01 09:00:00 までに条件に合う記録はありません", "F6 次の頁")


async def test_one_entry_shows_its_proof_which_is_kept_as_a_file(fake: FakeDaemon, tmp_path: Path) -> None:
    async with console(fake) as operator:
        await at_the_log(operator)
        await operator.press("enter")
        await operator.sees("4件です")
        await operator.press("down", "enter")
        await operator.sees(
            "affair.without_code", "申請書番号（application）、利用目的（purpose）", "この表示は記録されました",
            "署名の9件のチェックポイントに含まれます", "F7 保存",
        )  # fmt: skip
        await operator.press("f7")
        await operator.sees("証明をファイルに保存します")
        await operator.is_at("folder")
        await operator.press("enter")
        await operator.sees("保存先のフォルダを入力してください")
        await operator.write(str(tmp_path))
        await operator.press("enter")
        kept = tmp_path / "honnin-2.tlog-proof"
        await operator.until(kept.exists)
        await operator.sees("保存しました")
        assert kept.read_text("utf-8") == PROOF
        assert kept.stat().st_mode & 0o777 == 0o600
        await operator.press("f7")
        await operator.is_at("folder")
        await operator.write(str(tmp_path))
        await operator.press("enter")
        await operator.sees("console.file_there")
    assert [one.seq for one in fake.asked(f"POST {LOG_ENTRY.path}")] == [2]


async def test_without_a_checkpoint_there_is_nothing_to_keep(fake: FakeDaemon) -> None:
    fake.log.proof = ""
    async with console(fake) as operator:
        await at_the_log(operator)
        await operator.press("enter")
        await operator.sees("4件です")
        await operator.press("enter")
        await operator.sees("まだ署名付きチェックポイントがありません")
        await operator.offers_no("F7")


async def test_a_case_is_followed_from_one_entry_to_the_next(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_log(operator)
        await operator.press("enter")
        await operator.sees("4件です")
        await operator.press("down", "down", "enter")
        await operator.sees("この表示は記録されました")
        await operator.press("f6")
        await operator.sees("番号1と一連の記録 2件")
        await operator.is_at("case-list")
        await operator.press("enter")
        await operator.until(lambda: len(fake.asked(f"POST {LOG_ENTRY.path}")) == 2)
    assert [one.seq for one in fake.asked(f"POST {LOG_ENTRY.path}")] == [1, 0]
    assert [one.seq for one in fake.asked(f"POST {LOG_CASE.path}")] == [1]


async def test_figures_by_month_the_newest_first(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_log(operator)
        await operator.press("f7")
        shown = await operator.sees("2か月分の件数です", "1,204")
        rows = [row.split() for row in shown.splitlines() if row.strip().startswith("2026-0")]
        assert rows == [["2026-04", "サインイン", "5"], ["2026-03", "検索", "1,204", "3"]]
        await operator.press("escape")
        await operator.sees("条件を入力して")
    assert len(fake.asked(f"POST {LOG_STATISTICS.path}")) == 1


@pytest.mark.parametrize("who", [CLERKS[0], CUSTODIAN])
async def test_nobody_else_is_offered_it(fake: FakeDaemon, who: str) -> None:
    async with console(fake) as operator:
        await operator.signs_in(who)
        before = operator.screen()
        await operator.press("f11")
        await operator.settled()
        assert operator.screen() == before
    assert not fake.asked(SEARCH)


async def test_the_log_is_reached_from_the_status_screen(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_log(operator)
        await operator.press("f2")
        await operator.sees("9,981人")
        await operator.press("f11")
        await operator.sees("条件を入力して")


async def test_a_refusal_and_a_silence_are_said(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_log(operator)
        fake.refuse[LOG_SEARCH.path] = Refusal(400, "log.bad_filter", field="actor")
        await operator.press("enter")
        await operator.sees("log.bad_filter", "項目: 操作者")
        fake.refuse.clear()
        fake.raw[LOG_SEARCH.path] = b"<html>"
        await operator.press("enter")
        await operator.sees("監査ログを読めませんでした")


async def test_in_english(fake: FakeDaemon) -> None:
    async with console(fake, lang=Lang.EN) as operator:
        await operator.signs_in(AUDITOR)
        await operator.sees("Give conditions and press Enter")
        await operator.press("enter")
        await operator.sees("4 entries, the newest first", "look-up refused", "service stopped")
        await operator.press("enter")
        await operator.sees("in the checkpoint over 9 entries, 2026-04-01 18:00:00", "F7 Keep")
