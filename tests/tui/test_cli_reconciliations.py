"""`jukura reconciliations`: what a municipality's schedule and last runs look like, in figures, and what was found."""

import pytest

from daemon.contract.codec import encode
from daemon.contract.findings import FINDINGS
from daemon.contract.reconciled import RECONCILIATION, RECONCILIATIONS, ScheduleQuery, Schedules
from tests.tui.calling import Jukura
from tests.tui.fake_daemon import FakeDaemon, Refusal
from tests.tui.fake_reconciled import DIFFERS, DONE, LATE, LOST, finding


def test_the_list_says_whose_turn_it_is(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.raw[RECONCILIATIONS.path] = encode(Schedules([LATE, DONE]))
    ran = jukura("reconciliations", "list", signed=True)
    assert (ran.code, ran.err) == (0, "")
    late, done = (line for line in ran.out.splitlines() if "352" in line)
    assert "下関市" in late
    assert "まだない" in late
    assert "2026-05-01 期限超過" in late
    assert "打切り" in late
    assert "内容が異なる 11、県にだけある 1、市町にだけある 1,204" in done
    assert "期限超過" not in done
    assert ran.out.splitlines()[-1] == "期限を過ぎた市町: 1"


def test_one_municipality_in_figures(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.raw[RECONCILIATION.path] = encode(DONE)
    ran = jukura("reconciliations", "show", "352039", signed=True)
    assert ran.code == 0
    assert ran.out.count("整合性確認 01234567") == 1
    for words in ("範囲の照合", "12 / 190,000", "ふりがな", "受信した人の記録"):
        assert words in ran.out


def test_why_one_was_stopped(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.raw[RECONCILIATION.path] = encode(LATE)
    ran = jukura("reconciliations", "show", "35201", "--lang", "en", signed=True)
    assert "stopped [reconciliation.abandoned]" in ran.out
    assert "2026-05-01 overdue" in ran.out


def test_json_is_the_contract_s_own(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.raw[RECONCILIATION.path] = encode(DONE)
    told = jukura("reconciliations", "show", "35203", "--json", signed=True).json
    assert (told["municipality"], told["done"]["counts"]["differs"]) == ("35203", 11)


def test_the_register_s_refusal_is_shown(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.refuse[RECONCILIATION.path] = Refusal(403, "right.missing")
    ran = jukura("reconciliations", "show", "35203", signed=True)
    assert ran.code == 1
    assert "right.missing" in ran.err


@pytest.mark.usefixtures("fake")
def test_a_municipality_has_to_be_named(jukura: Jukura) -> None:
    assert jukura("reconciliations", "show", signed=True).code == 2
    assert ScheduleQuery("35203").municipality


def test_what_was_found_one_by_one(jukura: Jukura, fake: FakeDaemon) -> None:
    ran = jukura("reconciliations", "findings", "35203", signed=True)
    assert (ran.code, ran.err) == (0, "")
    assert "2026-04-01 09:03:00 に終わった整合性確認の内容、全3件のうち3件" in ran.out
    differs, broken, lost = (line.split() for line in ran.out.splitlines()[-3:])
    assert differs == ["内容が異なる", "＊" * 11, "1,234", "ふりがな、大字・字コード"]
    assert broken == ["読めない記録", "1,235", "record.bad_date", "生年月日"]
    assert lost == ["県にだけある", "＊" * 11]
    assert [(one.municipality, one.after) for one in fake.asked(f"POST {FINDINGS.path}")] == [("35203", "")]


def test_the_next_findings_are_asked_for_by_the_last_id(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.reconciled.page = 2
    first = jukura("reconciliations", "findings", "35203", signed=True)
    last = finding(2, LOST.kind).id
    assert f"--after {last}" in first.out
    second = jukura("reconciliations", "findings", "35203", "--after", last, signed=True)
    assert "全3件のうち1件" in second.out
    assert "--after" not in second.out
    assert [one.after for one in fake.asked(f"POST {FINDINGS.path}")] == ["", last]


def test_that_nothing_was_found_or_nothing_is_kept_is_no_error(jukura: Jukura, fake: FakeDaemon) -> None:
    agreed = jukura("reconciliations", "findings", "35204", signed=True)
    assert (agreed.code, agreed.out.strip()) == (
        0, "2026-04-01 09:03:00 に終わった整合性確認では、相違はありませんでした。",
    )  # fmt: skip
    never = jukura("reconciliations", "findings", "35206", "--lang", "en", signed=True)
    assert (never.code, never.out.strip()) == (
        0, "There is no comparison of this municipality whose findings are kept.",
    )  # fmt: skip
    fake.reconciled.complete = False
    assert "一部は件数だけが残っています" in jukura("reconciliations", "findings", "35203", signed=True).out


def test_findings_as_json_are_the_contract_s_own(jukura: Jukura, fake: FakeDaemon) -> None:
    told = jukura("reconciliations", "findings", "35203", "--json", signed=True).json
    assert (told["more"], told["counts"]) == (False, {"differs": 1, "broken": 1, "only_here": 1})
    assert told["findings"][0]["items"] == DIFFERS.items
    assert fake.asked(f"POST {FINDINGS.path}")


def test_what_to_do_where_findings_are_gone(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.refuse[FINDINGS.path] = Refusal(409, "reconciliation.findings_gone", field="after")
    ran = jukura("reconciliations", "findings", "35203", "--after", LOST.id, signed=True)
    assert ran.code == 1
    assert "reconciliation.findings_gone" in ran.err
