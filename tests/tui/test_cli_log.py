"""`jukura log`: entries, one with its proof, a case, figures."""

from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest

from daemon.contract.log import LOG_CASE, LOG_ENTRY, LOG_SEARCH, LOG_STATISTICS
from daemon.contract.seal_keys import SealKeys
from daemon.errors import InputError
from tests.tui.calling import Jukura
from tests.tui.fake_daemon import FakeDaemon, Refusal
from tests.tui.fake_log import KEY, PROOF, line
from tui import log_output, moments
from tui.output import Output, show
from tui.words import Lang, Words

SEARCH = f"POST {LOG_SEARCH.path}"


def test_entries_are_listed_the_newest_first(jukura: Jukura, fake: FakeDaemon) -> None:
    ran = jukura("log", "search", "--action", "search", "--since", "2026-04-01", signed=True)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("2件です（新しい順）")
    rows = [row.split() for row in ran.out.splitlines() if "operator:" in row]
    assert [row[0] for row in rows] == ["1", "0"]
    assert rows[0] == ["1", "2026-04-01", "10:00:00", "operator:OP001", "検索", "完了"]
    (asked,) = fake.asked(SEARCH)
    assert (asked.action, asked.since) == ("search", datetime.fromisoformat("2026-04-01T00:00:00+09:00"))


def test_the_next_page_is_asked_for_by_what_the_first_said(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.log.page = 2
    fake.log.lines = [line(number) for number in range(3)]
    first = jukura("log", "search", signed=True)
    after = f"{1:016x}{'0' * 16}"
    assert f"--after {after}" in first.out
    second = jukura("log", "search", "--after", after, signed=True)
    assert "1件です" in second.out
    assert "F6" not in first.out
    assert "--after" not in second.out
    assert [one.after for one in fake.asked(SEARCH)] == ["", after]


def test_a_moment_that_is_none_is_wrong_usage(jukura: Jukura, fake: FakeDaemon) -> None:
    ran = jukura("log", "search", "--since", "yesterday", signed=True)
    assert ran.code == 2
    assert "console.bad_moment [since]" in ran.err
    assert not fake.asked(SEARCH)


def test_who_looked_at_somebody(jukura: Jukura, fake: FakeDaemon) -> None:
    more = ("--subject", "24727059608", "--purpose", "申出の調査", "--application", "苦情R8-1")
    assert jukura("log", "search", *more, signed=True).code == 0
    (asked,) = fake.asked(SEARCH)
    assert (asked.subject, asked.purpose, asked.application) == ("24727059608", "申出の調査", "苦情R8-1")


def test_one_entry_and_its_proof_in_a_file(jukura: Jukura, fake: FakeDaemon, tmp_path: Path) -> None:
    ran = jukura("log", "show", "2", "--to", str(tmp_path), signed=True)
    assert (ran.code, ran.err) == (0, "")
    assert "affair.without_code" in ran.out
    assert "9件のチェックポイント" in ran.out
    assert (tmp_path / "honnin-2.tlog-proof").read_text("utf-8") == PROOF
    again = jukura("log", "show", "2", "--to", str(tmp_path), signed=True)
    assert again.code == 2
    assert "console.file_there" in again.err
    told = jukura("log", "show", "2", "--json", signed=True).json
    assert (told["line"]["code"], told["proof"]) == ("affair.without_code", PROOF)
    assert [one.seq for one in fake.asked(f"POST {LOG_ENTRY.path}")] == [2, 2, 2]


def test_no_proof_is_kept_that_is_not_there(jukura: Jukura, fake: FakeDaemon, tmp_path: Path) -> None:
    fake.log.proof = ""
    ran = jukura("log", "show", "2", "--to", str(tmp_path), signed=True)
    assert ran.code == 3
    assert "console.no_proof_yet" in ran.err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_said_before_anything_is_asked(
    jukura: Jukura, fake: FakeDaemon, tmp_path: Path
) -> None:
    ran = jukura("log", "show", "2", "--to", str(tmp_path / "none"), signed=True)
    assert ran.code == 3
    assert "console.folder_unwritable" in ran.err
    assert not fake.asked(f"POST {LOG_ENTRY.path}")


def test_a_case_and_figures(jukura: Jukura, fake: FakeDaemon) -> None:
    found = jukura("log", "case", "0", signed=True)
    assert found.out.startswith("番号0と一連の記録 2件")
    assert [one.seq for one in fake.asked(f"POST {LOG_CASE.path}")] == [0]
    told = jukura("log", "statistics", "--since", "2026-03", "--until", "2026-03", signed=True)
    assert [row.split() for row in told.out.splitlines() if row.startswith("2026")] == [
        ["2026-03", "検索", "1,204", "3"]
    ]
    assert [(one.since, one.until) for one in fake.asked(f"POST {LOG_STATISTICS.path}")] == [
        ("2026-03", "2026-03")
    ]


def test_the_register_s_refusal_is_shown(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.refuse[LOG_SEARCH.path] = Refusal(403, "right.missing")
    ran = jukura("log", "search", signed=True)
    assert ran.code == 1
    assert "right.missing" in ran.err


def test_moments_are_japan_s_and_a_day_counts_whole() -> None:
    told = [
        moments.begins("2026-11-01", "since"),
        moments.ends("2026-11-01", "until"),
        moments.ends("2026-11-01 09:30", "until"),
    ]
    assert [each.isoformat() for each in told if each] == [
        "2026-11-01T00:00:00+09:00", "2026-11-02T00:00:00+09:00", "2026-11-01T09:31:00+09:00",
    ]  # fmt: skip
    assert moments.begins(" ", "since") is None
    for wrong in ("2026-13-01", "11/1", "2026-11-01T09:30:00"):
        with pytest.raises(InputError, match=r"console\.bad_moment"):
            moments.begins(wrong, "since")


def test_the_public_keys_are_lines_to_be_copied_whole(jukura: Jukura, fake: FakeDaemon) -> None:
    ran = jukura("log", "keys", signed=True)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert KEY.vkey in lines
    assert any(line.endswith(KEY.fingerprint) for line in lines)
    assert "jukura.jp/honnin/1 の署名鍵" in lines[0]
    assert jukura("log", "keys", "--json", signed=True).json["keys"][0]["vkey"] == KEY.vkey


def test_a_line_to_be_copied_goes_beyond_the_edge_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    told = StringIO()
    told.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdout", told)
    monkeypatch.setenv("COLUMNS", "80")
    found = SealKeys(origin="jukura.jp/honnin/1", keys=[KEY])
    show(Output(found, log_output.keys(found, Words(Lang.JA))), as_json=False)
    assert KEY.vkey in told.getvalue()
