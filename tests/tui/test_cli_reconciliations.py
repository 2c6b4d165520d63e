"""`jukura reconciliations`: what a municipality's schedule and last runs look like, in figures."""

import pytest

from daemon.contract.codec import encode
from daemon.contract.reconciled import RECONCILIATION, RECONCILIATIONS, ScheduleQuery, Schedules
from tests.tui.calling import Jukura
from tests.tui.fake_daemon import FakeDaemon, Refusal
from tests.tui.fake_reconciled import DONE, LATE


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
