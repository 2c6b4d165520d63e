"""`jukura log day`: 日報 on the screen, as JSON, and as a page to print."""

from datetime import date
from pathlib import Path

from daemon.contract.daily import LOG_DAY
from tests.tui.calling import Jukura
from tests.tui.fake_daemon import FakeDaemon
from tests.tui.fake_log import NOTE, REPORT

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
