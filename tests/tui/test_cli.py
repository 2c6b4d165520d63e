"""The commands as they are called, over the real socket of a fake register; a few of them as whole processes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from msgspec.structs import replace
from typer.core import TyperGroup

from daemon.contract.console import Reason, State
from daemon.contract.manifest import NAME
from daemon.contract.timestamps import TimestampState
from tests.tui.calling import FOR, Jukura
from tests.tui.fake_daemon import OPERATOR, PASSWORD, FakeDaemon, Refusal
from tests.tui.fake_exports import FILES
from tests.tui.test_status_screen import WITNESSES
from tui.cli import app
from tui.words import Lang


def test_the_status_is_shown_in_japanese(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.status = replace(
        fake.status, state=State.DEGRADED, reasons=[Reason.NATIONAL_AWAY], at_rest="unprotected"
    )
    ran = jukura("status")
    assert (ran.code, ran.err) == (0, "")
    for shown in (
        "本人確認情報",
        "縮退運転",
        "全国サーバ不通",
        "保管時 未保護",
        "9,981人",
        "2026-04-01 14:03:22",
    ):
        assert shown in ran.out


def test_the_status_is_shown_in_english(jukura: Jukura, fake: FakeDaemon) -> None:
    ran = jukura("status", "--lang", "en")
    assert ran.code == 0
    assert "Present residents" in ran.out
    assert ran.out.isascii() is False  # the connections are the register's own words
    assert "状態" not in ran.out


def test_the_status_names_the_witnesses_or_says_that_there_is_none(jukura: Jukura, fake: FakeDaemon) -> None:
    assert "witness" not in jukura("status", "--lang", "en").out.lower()
    fake.status = replace(fake.status, witnesses=[])
    assert "none configured" in jukura("status", "--lang", "en").out
    fake.status = replace(fake.status, witnesses=WITNESSES)
    shown = jukura("status", "--lang", "en").out
    assert "cosigned 24,998 entries 2026-04-01 13:00:00" in shown
    assert "has cosigned nothing overdue" in shown
    told = jukura("status", "--json").json["witnesses"]
    assert [(each["municipality"], each["size"], each["overdue"]) for each in told] == [
        ("35203", 24_998, False),
        ("35201", 0, True),
    ]


def test_a_sealed_register_has_a_status_too(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.status = replace(fake.status, state=State.SEALED, counts=None)
    ran = jukura("status")
    assert ran.code == 0
    assert "封印中" in ran.out
    assert jukura("status", "--json").json["counts"] is None


def test_the_status_as_json_is_the_contracts_own(jukura: Jukura, fake: FakeDaemon) -> None:
    ran = jukura("status", "--json")
    assert ran.code == 0
    assert ran.json["register"] == "honnin"
    assert ran.json["counts"]["people"] == 9981


def test_a_person_is_shown_with_history_and_masked(jukura: Jukura, fake: FakeDaemon) -> None:
    ran = jukura("person", "0" * 32, *FOR, signed=True)
    assert ran.code == 0
    assert "履歴（全3版）" in ran.out
    assert "転居" in ran.out
    assert "見本（みほん）" in ran.out
    assert "＊" * 11 in ran.out
    assert "24727059600" not in ran.out


def test_a_person_is_opened_on_demand(jukura: Jukura, fake: FakeDaemon) -> None:
    ran = jukura("person", "0" * 32, *FOR, "--open-code", "--json", signed=True)
    assert ran.json["versions"][0]["juminhyo_code"] == "24727059600"
    (asked,) = fake.asked("POST /v1/person")
    assert (asked.open_code, asked.open_number) == (True, False)


def test_a_refusal_ends_with_1_and_says_why(jukura: Jukura, fake: FakeDaemon) -> None:
    ran = jukura("person", "0" * 32, *FOR, "--open-number", signed=True)
    assert (ran.code, ran.out) == (1, "")
    assert "affair.without_number" in ran.err
    assert "affair.without_numberの説明。次の手順。" in ran.err
    assert fake.sessions == set()


def test_a_refusal_as_json_is_on_standard_output(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.refuse["/v1/search"] = Refusal(413, "search.too_many", field="birth")
    ran = jukura("search", "や", *FOR, "--json", signed=True)
    assert (ran.code, ran.err) == (1, "")
    assert ran.json["error"] == {
        "code": "search.too_many", "field": "birth",
        "ja": "search.too_manyの説明。次の手順。", "en": "What search.too_many means.",
    }  # fmt: skip


def test_a_wrong_password_is_a_refusal(jukura: Jukura, fake: FakeDaemon, password: Path) -> None:
    password.write_text("wrong")
    ran = jukura("search", "や", *FOR, "--lang", "en", signed=True)
    assert ran.code == 1
    assert "session.wrong" in ran.err
    assert "What session.wrong means." in ran.err


def test_an_unreachable_register_ends_with_3_and_says_what_to_do(jukura: Jukura) -> None:
    ran = jukura("status")
    assert (ran.code, ran.out) == (3, "")
    assert "console.unreachable" in ran.err
    assert "jukurad" in ran.err
    as_json = jukura("status", "--json")
    assert as_json.code == 3
    assert as_json.json["error"]["code"] == "console.unreachable"


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", *FOR, "--operator", "x"),
        ("search", "--sex", "1", "--municipality", "35203", "--town", "001", "--as-of", "R6.4.1", *FOR, "--operator", "x"),
        ("lookup", *FOR, "--operator", "x"),
        ("lookup", "--code", "--number", *FOR, "--operator", "x"),
        ("search", "や", "--operator", "x"),
        ("search", "や", *FOR),
        ("search", "や", *FOR, "--operator", "x", "--password-fd", "5", "--password-file", "p"),
        ("--state", "a", "--state", "b", "status"),
        ("status", "--lang", "fr"),
        ("nonsense",),
    ],
)  # fmt: skip
def test_wrong_usage_ends_with_2(jukura: Jukura, arguments: tuple[str, ...]) -> None:
    ran = jukura(*arguments)
    assert ran.code == 2
    assert ran.err


def test_an_unreadable_password_file_is_wrong_usage(jukura: Jukura, fake: FakeDaemon) -> None:
    ran = jukura("search", "や", *FOR, "--operator", OPERATOR, "--password-file", "/nonexistent")
    assert ran.code == 2
    assert "console.password_unreadable" in ran.err
    assert fake.calls == []


def test_the_password_may_come_through_a_descriptor(program: Jukura) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as stream:
        stream.write(PASSWORD.encode())
    who = ("--operator", OPERATOR, "--password-fd", str(reading))
    ran = program("search", "やまだ", *FOR, "--json", *who, pass_fds=(reading,))
    os.close(reading)
    assert len(ran.json["hits"]) == 2


def test_root_exports_into_a_folder_that_only_root_can_enter(
    program: Jukura, password: Path, fake: FakeDaemon, states: Path
) -> None:
    target = states / "shut" / "out"
    target.parent.mkdir(mode=0o700)
    who = ("--operator", OPERATOR, "--password-file", str(password))
    ran = program("export", "take", "--to", str(target), "--basis", "監査", *who)
    assert (ran.code, ran.err) == (0, "")
    assert {file.name for file in target.iterdir()} == {NAME, *FILES}
    assert 0 not in fake.callers


def test_help_speaks_both_languages(jukura: Jukura) -> None:
    assert "氏名・生年月日・性別・住所の組合せで検索します" in jukura("--help").out
    english = jukura("search", "--help", "--lang", "en").out
    assert "Match whole names" in english
    assert english.isascii() is False  # what is typed is Japanese in either language
    assert "検索します" not in english


def commands(group: TyperGroup, *path: str) -> Iterator[tuple[str, ...]]:
    """The words of every command there is."""
    yield path
    for name, command in group.commands.items():
        yield from commands(command, *path, name) if isinstance(command, TyperGroup) else ((*path, name),)


@pytest.mark.parametrize("lang", Lang)
def test_no_help_is_cut_off_in_eighty_columns(
    jukura: Jukura, monkeypatch: pytest.MonkeyPatch, lang: Lang
) -> None:
    """Lines break at spaces alone: a longer run of Japanese would be cut."""
    monkeypatch.setenv("LANG", lang)
    monkeypatch.setenv("COLUMNS", "80")
    helps = {words: jukura(*words, "--help").out for words in commands(typer.main.get_group(app))}
    assert len(helps) > 20
    assert all(("検索" in text) is (lang is Lang.JA) for words, text in helps.items() if words == ("search",))
    assert [line for text in helps.values() for line in text.splitlines() if "…" in line] == []


def test_the_status_says_how_time_stamps_stand(jukura: Jukura, fake: FakeDaemon) -> None:
    assert "時刻認証 使わない設定です" in " ".join(jukura("status").out.split())
    assert jukura("status", "--json").json["timestamps"] is None
    failing = TimestampState(authority="jikoku.test", hours=6, code="timestamp.wrong_nonce", failures=2)
    fake.status = replace(fake.status, timestamps=failing)
    shown = " ".join(jukura("status", "--lang", "en").out.split())
    assert "Time-stamps jikoku.test none yet" in shown
    assert "2 times in a row" in shown
    assert "An old one may have been played back" in shown
    as_json = jukura("status", "--json").json["timestamps"]
    assert (as_json["authority"], as_json["hours"], as_json["code"]) == (
        "jikoku.test",
        6,
        "timestamp.wrong_nonce",
    )
