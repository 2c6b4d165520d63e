"""`jukura export`: ordering, the second person, fetching, and what a broken line leaves."""

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon.contract.exports import ExportPhase, Opening
from daemon.contract.manifest import NAME
from tests.tui.calling import Jukura
from tests.tui.fake_daemon import CHIEF, OPERATOR, FakeDaemon
from tests.tui.fake_exports import FILES

BASIS = ("--basis", "定期監査")


def test_an_export_is_taken_and_says_how_to_verify(jukura: Jukura, fake: FakeDaemon, states: Path) -> None:
    target = states / "out"
    ran = jukura("export", "take", "--to", str(target), *BASIS, signed=True)
    assert (ran.code, ran.err) == (0, "")
    assert {file.name: file.read_bytes() for file in target.iterdir() if file.name != NAME} == FILES
    assert f"jukura-verify {target}" in ran.out
    assert fake.sessions == set()


def test_as_json_it_counts_entries_and_bytes(jukura: Jukura, fake: FakeDaemon, states: Path) -> None:
    target = str(states / "out")
    ran = jukura("export", "take", "--to", target, *BASIS, "--json", signed=True)
    assert ran.json == {
        "export": "0a" * 16, "to": target, "entries": 2, "verify": ["jukura-verify", target],
        "files": {name: len(content) for name, content in FILES.items()},
    }  # fmt: skip


def test_an_order_says_the_span_in_japanese_time_and_what_is_to_be_open(
    jukura: Jukura, fake: FakeDaemon
) -> None:
    ran = jukura(
        "export", "order", *BASIS, "--from", "2026-04-01", "--until", "2026-04-02T09:00", "--open",
        "search.done:terms,purpose@100-200", "--open", "person.shown:subject", signed=True,
    )  # fmt: skip
    assert (ran.code, ran.err) == (0, "")
    (state,) = fake.exports.states
    assert (state.since, state.until) == (
        datetime(2026, 3, 31, 15, tzinfo=UTC),
        datetime(2026, 4, 2, tzinfo=UTC),
    )
    assert state.openings == [
        Opening(action="search.done", fields=["terms", "purpose"], first=100, last=200),
        Opening(action="person.shown", fields=["subject"]),
    ]
    assert state.basis == "定期監査"
    assert "承認待ち" in ran.out
    assert "検索（search.done）: 検索条件（terms）、利用目的（purpose） [100–200]" in ran.out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--from", "yesterday"), "console.moment_malformed"),
        (("--open", "search.done"), "console.opening_malformed"),
        (("--open", "search.done:terms@5"), "console.opening_malformed"),
    ],
)
def test_what_cannot_be_read_is_not_sent(
    jukura: Jukura, fake: FakeDaemon, words: tuple[str, ...], code: str
) -> None:
    ran = jukura("export", "order", *BASIS, *words, signed=True)
    assert ran.code == 2
    assert code in ran.err
    assert not fake.exports.states


def test_one_person_orders_and_another_approves(
    jukura: Jukura, fake: FakeDaemon, states: Path, password: Path
) -> None:
    assert jukura("export", "order", *BASIS, "--open", "search.done:terms", signed=True).code == 0
    waits = jukura("export", "fetch", "0a0a", "--to", str(states / "out"), signed=True)
    assert (waits.code, "console.export_waiting" in waits.err) == (2, True)
    assert list((states / "out").iterdir()) == []
    chief = ("--operator", CHIEF, "--password-file", str(password))
    assert "受取り可" not in jukura("export", "approve", "0a0a", "--reason", "妥当", *chief).out
    (state,) = fake.exports.states
    assert (state.operator, state.decided_by) == (OPERATOR, CHIEF)
    ran = jukura("export", "fetch", "0a0a", "--to", str(states / "out"), signed=True)
    assert (ran.code, ran.err) == (0, "")


def test_one_that_is_declined_or_given_up_says_so(
    jukura: Jukura, fake: FakeDaemon, states: Path, password: Path
) -> None:
    for _ in range(2):
        jukura("export", "order", *BASIS, "--open", "search.done:terms", signed=True)
    chief = ("--operator", CHIEF, "--password-file", str(password))
    assert "不承認" in jukura("export", "decline", "0a0a", "--reason", "不要", *chief).out
    assert "取りやめ" in jukura("export", "cancel", "0b0b", signed=True).out
    for number, phase in (("0a0a", ExportPhase.DECLINED), ("0b0b", ExportPhase.CANCELLED)):
        ran = jukura("export", "fetch", number, "--to", str(states / number), signed=True)
        assert f"console.export_{phase}" in ran.err
    shown = jukura("export", "list", signed=True).out
    assert ("0a0a0a0a" in shown, "0b0b0b0b" in shown, "定期監査" in shown) == (True, True, True)


def test_a_reference_must_name_one(jukura: Jukura, fake: FakeDaemon) -> None:
    assert "ありません" in jukura("export", "list", signed=True).out
    for _ in range(2):
        jukura("export", "order", *BASIS, signed=True)
    for begins, code in (("0", "ambiguous"), ("f", "unknown")):
        assert f"console.export_{code}" in jukura("export", "cancel", begins, signed=True).err


def test_an_export_never_writes_over_anything(jukura: Jukura, fake: FakeDaemon, states: Path) -> None:
    target = states / "out"
    target.mkdir()
    (target / "entries-0001.jsonl").write_text("older")
    ran = jukura("export", "take", "--to", str(target), *BASIS, signed=True)
    assert ran.code == 2
    assert "console.folder_not_empty" in ran.err
    assert (target / "entries-0001.jsonl").read_text() == "older"
    assert fake.calls == []


def test_one_that_broke_off_is_gone_on_with(jukura: Jukura, fake: FakeDaemon, states: Path) -> None:
    target = states / "out"
    fake.exports.cut = {"keys.jsonl"}
    ran = jukura("export", "take", "--to", str(target), *BASIS, signed=True)
    assert ran.code == 3
    assert "console.cut_off" in ran.err
    assert not (target / "keys.jsonl").exists()
    fake.exports.cut, fake.exports.fetched = set(), []
    ran = jukura("export", "fetch", "0a", "--to", str(target), signed=True)
    assert (ran.code, ran.err) == (0, "")
    assert fake.exports.fetched == [NAME, "keys.jsonl", "statements.txt"]
    assert {file.name for file in target.iterdir()} == {NAME, *FILES}


def test_a_file_that_is_not_what_was_signed_is_refused(
    jukura: Jukura, fake: FakeDaemon, states: Path
) -> None:
    fake.exports.files["entries-0001.jsonl"] = b"forged\n"
    ran = jukura("export", "take", "--to", str(states / "out"), *BASIS, signed=True)
    assert ran.code != 0
    assert "console.export_damaged" in ran.err
    assert [file.name for file in (states / "out").iterdir()] == [NAME]


def test_a_zip_holds_all_of_it(jukura: Jukura, fake: FakeDaemon, states: Path) -> None:
    ran = jukura("export", "take", "--to", str(states / "out"), *BASIS, "--zip", signed=True)
    assert (ran.code, ran.err) == (0, "")
    (file,) = (states / "out").iterdir()
    assert f"jukura-verify {file}" in ran.out
    with zipfile.ZipFile(file) as packed:
        assert set(packed.namelist()) == {NAME, *FILES}
