"""`jukura stop-service` and `jukura service`, and what the status says of stops and of what ends soon."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from daemon.contract.announcements import Announcement
from daemon.contract.console import Reason
from daemon.contract.deadlines import Deadline, Ends
from tests.tui.calling import Jukura, Ran
from tests.tui.fake_daemon import ADMINISTRATOR, FakeDaemon
from tests.tui.fake_halt import NOW

SPAN = ("--from", "2026-04-01T22:00", "--until", "2026-04-02T02:00+09:00", "--text", "設備点検")


@pytest.fixture
def administrator(jukura: Jukura, monkeypatch: pytest.MonkeyPatch) -> Jukura:
    """Runs a command as a システム管理者."""

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr("tests.tui.conftest.OPERATOR", ADMINISTRATOR)
        return jukura(*arguments, signed=True)

    return run


def test_it_is_stopped_and_resumed_and_shown(administrator: Jukura, fake: FakeDaemon) -> None:
    assert "提供中" in administrator("service", "show").out
    ran = administrator("stop-service", "--reason", "不正な接続")
    assert (ran.code, ran.err) == (0, "")
    assert "緊急遮断中" in ran.out
    (asked,) = fake.asked("POST /v1/halt")
    assert asked.reason == "不正な接続"
    assert "5a5a5a5a" in administrator("service", "resume", "--reason", "調査済み").out
    assert administrator("service", "confirm", "5a5a5a5a", "--json").json["stopped"] is None


def test_a_planned_stop_is_in_japanese_time_unless_it_says_otherwise(
    administrator: Jukura, fake: FakeDaemon
) -> None:
    ran = administrator("service", "announce", *SPAN)
    assert "2026-04-01 22:00:00 〜 2026-04-02 02:00:00 設備点検" in ran.out
    (asked,) = fake.asked("POST /v1/announcements")
    assert asked.ends - asked.begins == timedelta(hours=4)
    assert administrator("service", "withdraw", "c3c3c3c3", "--json").json["announcements"] == []


def test_what_is_no_moment_is_refused_before_anything_is_sent(
    administrator: Jukura, fake: FakeDaemon
) -> None:
    ran = administrator("service", "announce", "--from", "tomorrow", *SPAN[2:])
    assert ran.code == 2
    assert "halt.bad_moment [begins]" in ran.err
    assert fake.asked("POST /v1/announcements") == []


def test_the_status_names_stops_and_what_ends_with_whose_it_is(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.status = replace(
        fake.status,
        reasons=[Reason.SERVICE_STOPPED, Reason.PEERS_CLOSED],
        announcements=[Announcement(id="1", begins=NOW, ends=NOW + timedelta(hours=1), text="設備点検")],
        deadlines=[
            Deadline(what=Ends.PEER, who="35203", ends=fake.status.now + timedelta(days=12, hours=1)),
            Deadline(what=Ends.REVOCATIONS, who="市町村認証局", ends=fake.status.now - timedelta(days=1)),
        ],
    )
    out = jukura("status").out
    assert "緊急遮断中、市町村の接続をすべて拒否中" in out
    assert "市町村の証明書 山口市（35203）" in out
    assert "（あと12日）" in out
    assert "失効リスト 市町村認証局" in out
    assert "（期限切れ）" in out
    assert "2026-04-01 14:03:00 〜 2026-04-01 15:03:00 設備点検" in out
