"""`jukura reconciliations`: what a municipality's schedule and last runs look like, in figures."""

from datetime import UTC, date, datetime

import pytest

from daemon.contract.codec import encode
from daemon.contract.reconciled import (
    RECONCILIATION,
    RECONCILIATIONS,
    RunFigures,
    Schedule,
    ScheduleQuery,
    Schedules,
)
from daemon.contract.reconciliation import Mode, Phase, Traffic
from tests.tui.calling import Jukura
from tests.tui.fake_daemon import FakeDaemon, Refusal

RUN = RunFigures(
    run="0123456789abcdef" * 2, mode=Mode.RANGES, phase=Phase.DONE, begun=datetime(2026, 4, 1, 0, 0, tzinfo=UTC),
    ended=datetime(2026, 4, 1, 0, 3, tzinfo=UTC), code="", expected=190_000, received=12,
    counts={"differs": 11, "only_here": 1}, items={"kana": 11}, traffic=Traffic(records_in=12),
)  # fmt: skip
STOPPED = RunFigures(
    run="f" * 32, mode=Mode.FULL, phase=Phase.STOPPED, begun=datetime(2026, 7, 1, 0, 0, tzinfo=UTC), ended=None,
    code="reconciliation.abandoned", expected=9, received=3, counts={}, items={}, traffic=Traffic(),
)  # fmt: skip
DONE = Schedule(
    municipality="35203",
    days=92,
    last=date(2026, 4, 1),
    due=date(2026, 7, 2),
    overdue=False,
    newest=RUN,
    done=RUN,
)
LATE = Schedule(
    municipality="35201", days=30, last=None, due=date(2026, 5, 1), overdue=True, newest=STOPPED, done=None
)


def test_the_list_says_whose_turn_it_is(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.raw[RECONCILIATIONS.path] = encode(Schedules([LATE, DONE]))
    ran = jukura("reconciliations", "list", signed=True)
    assert (ran.code, ran.err) == (0, "")
    late, done = (line for line in ran.out.splitlines() if "352" in line)
    assert "下関市" in late
    assert "まだない" in late
    assert "2026-05-01 期限超過" in late
    assert "打切り" in late
    assert "内容が異なる 11、県にだけある 1" in done
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
