"""`jukura log day`: 日報 on the screen, as JSON, and as a page to print."""

from datetime import date
from pathlib import Path

from rich.cells import cell_len

from daemon.contract.actions import names
from daemon.contract.daily import LOG_DAY, DayFigure
from tests.tui.calling import Jukura
from tests.tui.fake_daemon import FakeDaemon
from tests.tui.fake_log import NOTE, REPORT
from tui import daily_formats, daily_output

DAY = f"POST {LOG_DAY.path}"


def test_it_shows_the_figures_the_hours_the_keys_and_the_note_as_it_is(
    jukura: Jukura, fake: FakeDaemon
) -> None:
    ran = jukura("log", "day", "--day", "2026-04-02", signed=True)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("日報（本人確認情報） 2026-04-02")
    rows = [row.split() for row in ran.out.splitlines()]
    assert ["検索", "1,190"] in rows
    assert ["2026-04-01", "18:00:00", "1,204", "BBBB"] in rows
    assert ["監査ログの記録", "3番から1,203番まで"] in rows
    assert "01234567 89abcdef 01234567" in ran.out
    assert "山口市（35203） 連署 1,000件まで" in ran.out
    assert NOTE in ran.out
    assert [one.day for one in fake.asked(DAY)] == [date(2026, 4, 2)]


def test_today_is_asked_for_by_saying_nothing_and_a_bad_day_is_wrong_usage(
    jukura: Jukura, fake: FakeDaemon
) -> None:
    told = jukura("log", "day", "--json", signed=True).json
    assert (told["note"], told["end"]) == (NOTE, REPORT.end)
    assert jukura("log", "day", "--day", "2026-13-01", signed=True).code == 2
    assert [one.day for one in fake.asked(DAY)] == [None]


def test_the_page_to_print_has_all_of_it_escaped_and_loads_nothing(
    jukura: Jukura, fake: FakeDaemon, tmp_path: Path
) -> None:
    ran = jukura("log", "day", "--to", str(tmp_path), signed=True)
    assert (ran.code, ran.err) == (0, "")
    page = (tmp_path / "honnin-2026-04-01.html").read_text("utf-8")
    assert "<&>" not in page
    assert "&lt;&amp;&gt;AAAA" in page
    assert all(f"<td>{each}</td>" in page for each in ("検索", "1,190", "BBBB", "seal.1"))
    assert "default-src 'none'" in page
    assert not any(word in page for word in ("http://", "https://", "<script", "<img", "<link"))
    assert '<html lang="ja">' in page
    again = jukura("log", "day", "--to", str(tmp_path), signed=True)
    assert (again.code, "console.file_there" in again.err) == (2, True)


def test_an_empty_day_says_so(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.log.day = {"figures": [], "checkpoints": [], "note": "", "first": 0, "end": 0}
    ran = jukura("log", "day", "--lang", "en", signed=True)
    assert "No entry of this day" in ran.out
    assert "Root hash" not in ran.out


def test_as_plain_text_no_line_is_wider_than_the_sheet(
    jukura: Jukura, fake: FakeDaemon, tmp_path: Path
) -> None:
    long = f"— jukura.jp/honnin/1 {'A' * 100}{'B' * 60}"
    fake.log.day = {"note": NOTE.replace("— jukura.jp/honnin/1 <&>AAAA", long)}
    ran = jukura("log", "day", "--to", str(tmp_path), "--format", "txt", signed=True)
    assert (ran.code, ran.err) == (0, "")
    sheet = (tmp_path / "honnin-2026-04-01.txt").read_text("utf-8")
    assert max(cell_len(line) for line in sheet.splitlines()) <= daily_output.WIDTH
    at = sheet.index("— jukura.jp")
    lines = sheet[at:].splitlines()
    assert all(line.startswith("  ") for line in lines[1:3])
    assert lines[0] + lines[1][2:] + lines[2][2:] == long
    assert "作成者 ____" in sheet
    assert jukura("log", "day", "--format", "pdf", signed=True).code == 2


def test_what_is_looked_at_first_is_counted_from_the_figures(jukura: Jukura, fake: FakeDaemon) -> None:
    told = {
        "hold.cancelled": (2, 0, 0),
        "key.signed": (1, 0, 0),
        "service.stopped": (1, 0, 0),
        "witness.refused": (0, 3, 0),
    }
    figures = [
        DayFigure(action=action, ok=ok, refused=refused, failed=failed)
        for action, (ok, refused, failed) in {**told, "search.done": (5, 0, 1)}.items()
    ]
    fake.log.day = {"figures": figures}
    rows = [row.split() for row in jukura("log", "day", signed=True).out.splitlines()]
    assert ["拒否した行為", "3"] in rows
    assert ["失敗した行為", "1"] in rows
    assert ["二人目の承認・決裁", "保留の取消し", "2、鍵の操作への署名", "1"] in rows
    assert ["遮断・計画停止", "緊急遮断", "1"] in rows
    assert ["異状の記録", "立会いの署名の拒否", "3"] in rows
    assert {action for actions in daily_formats.LOOKED_AT.values() for action in actions} <= names().keys()
