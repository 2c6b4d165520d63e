"""`jukura log-holds`, and how a status says how far the log is purged."""

import sys
from datetime import date
from io import BytesIO, TextIOWrapper

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.contract.log_holds import Purge, Run
from tests.tui.calling import Jukura, Ran
from tests.tui.fake_daemon import OFFICERS, FakeDaemon
from tui import log_hold_formats

ASK = ("log-holds", "place", "120-140", "155", "--until", "2035-03-31", "--basis", "情報公開条例の係争")


@pytest.fixture
def officers(jukura: Jukura, monkeypatch: pytest.MonkeyPatch) -> Jukura:
    """Runs a command as the officer named first."""

    def run(who: str, *arguments: str) -> Ran:
        monkeypatch.setattr("tests.tui.conftest.OPERATOR", who)
        return jukura(*arguments, signed=True)

    return run


def test_two_people_place_a_hold_and_two_lift_it(officers: Jukura, fake: FakeDaemon) -> None:
    first, second = OFFICERS
    assert "保全中の記録はありません" in officers(first, "log-holds", "list").out
    assert "まだ保全していません" in officers(first, *ASK).out
    assert fake.log_holds.holds == []
    assert "保全 1 を登録しました" in officers(second, *ASK).out
    (asked, _) = fake.asked("POST /v1/log/holds")
    assert asked.entries == [Run(first=120, last=140), Run(first=155, last=155)]
    listed = officers(first, "log-holds", "list")
    for shown in ("120-140 155", "2035-03-31", "保全中", "情報公開条例の係争"):
        assert shown in listed.out
    lift = ("log-holds", "lift", "1", "--reason", "和解")
    assert "まだ終えていません" in officers(second, *lift).out
    assert officers(first, *lift, "--json").json == {"done": True, "hold": 1}
    assert officers(first, "log-holds", "list", "--json").json == {"holds": []}


def test_a_hold_that_is_over_says_so(officers: Jukura, fake: FakeDaemon) -> None:
    for who in OFFICERS:
        officers(who, *ASK)
    fake.log_holds.holds = [replace(fake.log_holds.holds[0], over=True)]
    assert "次の夜に消去" in officers(OFFICERS[0], "log-holds", "list").out
    assert "deleted next night" in officers(OFFICERS[0], "log-holds", "list", "--lang", "en").out


def test_basis_and_reason_may_come_from_standard_input(
    officers: Jukura, fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO("係争の番号\n終結\n".encode())))
    officers(OFFICERS[0], *ASK[:-1], "-")
    officers(OFFICERS[0], "log-holds", "lift", "1", "--reason", "-")
    (placed,), (lifted,) = fake.asked("POST /v1/log/holds"), fake.asked("POST /v1/log/holds/lift")
    assert (placed.basis, lifted.reason) == ("係争の番号", "終結")


@pytest.mark.parametrize(
    ("entries", "day"),
    [("140-", "2035-03-31"), ("１２", "2035-03-31"), ("5-x", "2035-03-31"), ("12", "令和17年")],
)
def test_what_is_not_in_order_is_wrong_usage(
    officers: Jukura, fake: FakeDaemon, entries: str, day: str
) -> None:
    ran = officers(OFFICERS[0], "log-holds", "place", entries, "--until", day, "--basis", "x")
    assert ran.code == 2
    assert "120" in ran.err
    assert not fake.calls


def test_the_status_says_how_far_the_log_is_purged(jukura: Jukura, fake: FakeDaemon) -> None:
    assert "監査ログの消去" not in jukura("status").out
    state = Purge(purged=12_000, held=21, looked=date(2033, 11, 25), next=date(2033, 11, 26))
    fake.status = replace(fake.status, purge=state)
    for shown in ("監査ログの消去", "12,000番より前を消去済み", "保全中 21件", "2033-11-25", "2033-11-26"):
        assert shown in jukura("status").out
    fake.status = replace(fake.status, purge=Purge(purged=0, held=0, looked=None, next=None))
    assert "next due none" in " ".join(jukura("status", "--lang", "en").out.split())


RUNS = st.lists(
    st.tuples(st.integers(0, 10**9), st.integers(0, 10**4)).map(lambda p: Run(first=p[0], last=sum(p)))
)


@given(RUNS)
def test_runs_are_shown_as_they_are_typed(runs: list[Run]) -> None:
    assert log_hold_formats.parsed(log_hold_formats.runs(runs).split()) == runs
