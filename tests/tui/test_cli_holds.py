"""`jukura holds` and `jukura boundaries`, and what search and person say of somebody for whom a notice waits."""

import sys
from io import BytesIO, TextIOWrapper

import pytest

from daemon.contract.boundaries import BoundaryChange
from tests.tui.calling import FOR, Jukura, Ran
from tests.tui.fake_daemon import CLERKS, FakeDaemon
from tests.tui.fake_holds import ARRIVAL, ARRIVES, GAP, OUT_OF_TURN, SINCE

TARO = "0" * 32
CHANGE = BoundaryChange(old="35203", new="35201", on=SINCE)
TO = ("35203", "35201", "2026-04-01")


@pytest.fixture
def clerks(jukura: Jukura, monkeypatch: pytest.MonkeyPatch) -> Jukura:
    """Runs a command as the clerk named first."""

    def run(who: str, *arguments: str) -> Ran:
        monkeypatch.setattr("tests.tui.conftest.OPERATOR", who)
        return jukura(*arguments, signed=True)

    return run


def test_the_list_says_who_waits_for_whom(clerks: Jukura, fake: FakeDaemon) -> None:
    ran = clerks(CLERKS[0], "holds", "list")
    assert (ran.code, ran.err) == (0, "")
    arrival, gap = (line.split() for line in ran.out.splitlines() if "2026-04-15" in line)
    dates = ["2026-04-01", "2026-04-15"]
    assert arrival == ["c0ffee00", *dates, "消除待ち", "下関市（35201）", "山口市（35203）", "in-1"]
    assert gap == ["c0de0000", *dates, "順番待ち", "山口市（35203）", "（送信元）", "n-9"]
    assert "2件の通知を保留しています" in ran.out
    held = clerks(CLERKS[0], "holds", "list", "--json").json["holds"]
    assert [one["hold"] for one in held] == [ARRIVAL.hold, GAP.hold]


def test_nothing_is_held(clerks: Jukura, fake: FakeDaemon) -> None:
    fake.holds.held = []
    assert "保留中の通知はありません。" in clerks(CLERKS[0], "holds", "list").out


def test_two_people_cancel_one(clerks: Jukura, fake: FakeDaemon) -> None:
    first = clerks(CLERKS[0], "holds", "cancel", "c0ff", "--reason", "二重の転入")
    assert first.code == 0
    assert "まだ取りやめていません" in first.out
    assert "別の市町課職員" in first.out
    assert fake.holds.held == [ARRIVAL, GAP]
    second = clerks(CLERKS[1], "holds", "cancel", ARRIVAL.hold, "--reason", "二重の転入", "--json")
    assert second.json == {"done": True}
    assert fake.holds.held == [GAP]


def test_the_reason_may_come_from_standard_input(
    clerks: Jukura, fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO("転入の誤り\n".encode())))
    assert clerks(CLERKS[0], "holds", "cancel", "c0ff", "--reason", "-").code == 0
    (asked,) = fake.asked("POST /v1/holds/cancel")
    assert asked.reason == "転入の誤り"


@pytest.mark.parametrize(
    ("given", "code"),
    [("c0", "console.hold_ambiguous"), ("beef", "console.hold_unknown"), ("", "console.hold_unknown")],
)
def test_a_reference_must_name_exactly_one(clerks: Jukura, fake: FakeDaemon, given: str, code: str) -> None:
    ran = clerks(CLERKS[0], "holds", "cancel", given, "--reason", "x")
    assert ran.code == 2
    assert code in ran.err
    assert not fake.asked("POST /v1/holds/cancel")


def test_two_people_announce_a_boundary_and_two_take_it_back(clerks: Jukura, fake: FakeDaemon) -> None:
    assert "ありません" in clerks(CLERKS[0], "boundaries", "list").out
    first = clerks(CLERKS[0], "boundaries", "announce", *TO)
    assert "まだ登録していません" in first.out
    assert fake.holds.changes == []
    second = clerks(CLERKS[1], "boundaries", "announce", *TO)
    assert "下関市（35201）の通知（異動事由38）を受け付けます" in second.out
    assert fake.holds.changes == [CHANGE]
    listed = clerks(CLERKS[0], "boundaries", "list")
    for shown in ("2026-04-01", "山口市（35203）", "下関市（35201）"):
        assert shown in listed.out
    assert "まだ取り下げていません" in clerks(CLERKS[1], "boundaries", "withdraw", *TO).out
    assert clerks(CLERKS[0], "boundaries", "withdraw", *TO, "--json").json == {"done": True}
    assert fake.holds.changes == []


def test_a_day_that_is_none_is_wrong_usage(clerks: Jukura, fake: FakeDaemon) -> None:
    ran = clerks(CLERKS[0], "boundaries", "announce", "35203", "35201", "令和8年")
    assert ran.code == 2
    assert "2027-04-01" in ran.err
    assert not fake.calls


def test_the_same_in_english(clerks: Jukura, fake: FakeDaemon) -> None:
    held = clerks(CLERKS[0], "holds", "list", "--lang", "en")
    assert "2 held." in held.out
    assert "(the sender)" in held.out
    first = clerks(CLERKS[0], "boundaries", "announce", *TO, "--lang", "en")
    assert "not announced yet" in first.out
    assert "No merger" in clerks(CLERKS[0], "boundaries", "list", "--lang", "en").out


def test_search_lookup_and_person_say_that_an_arrival_waits(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.holds.pending = {TARO: [ARRIVES, OUT_OF_TURN]}
    found = jukura("search", "じゅうみん", *FOR, signed=True)
    assert found.out.count("現存・転入保留中") == 1
    hits = jukura("search", "じゅうみん", *FOR, "--json", signed=True).json["hits"]
    assert [hit["pending"] for hit in hits] == [hit["person"] == TARO for hit in hits]
    shown = jukura("person", TARO, *FOR, signed=True)
    assert "転入保留中：下関市（35201）の通知" in shown.out
    assert "順番待ち：山口市（35203）の通知" in shown.out
    assert "保留" not in jukura("person", f"{1:032x}", *FOR, signed=True).out
    english = jukura("person", TARO, *FOR, "--lang", "en", signed=True)
    assert "Arrival held: a notice of" in english.out
