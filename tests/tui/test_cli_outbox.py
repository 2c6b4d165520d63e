"""`jukura outbox` and `jukura reports`, over the real socket of a fake register."""

import pytest

from tests.tui.calling import Jukura
from tests.tui.fake_daemon import FakeDaemon, Refusal
from tests.tui.fake_post import BEHIND, COMPARED, REFUSED, WRONG


def test_the_outbox_shows_figures_and_what_is_aside(jukura: Jukura, fake: FakeDaemon) -> None:
    ran = jukura("outbox", "list", signed=True)
    assert (ran.code, ran.err) == (0, "")
    for words in (
        "送信待ち",
        "すぐに",
        "120件",
        "national.bad_row",
        "山口市（35203）",
        "後続待ち",
        REFUSED.id,
    ):
        assert words in ran.out
    fake.post.failures = 3
    assert "2026-04-01 10:02:03" in jukura("outbox", "list", signed=True).out
    fake.post.aside = []
    assert "別に置いた通知はありません" in jukura("outbox", "list", signed=True).out


def test_the_next_page_is_asked_for_by_the_last_id(jukura: Jukura, fake: FakeDaemon) -> None:
    jukura("outbox", "list", "--after", BEHIND.id, signed=True)
    jukura("reports", "list", "--after", WRONG.id, signed=True)
    assert [asked.after for asked in fake.asked("POST /v1/outbox")] == [BEHIND.id]
    assert [asked.after for asked in fake.asked("POST /v1/reports")] == [WRONG.id]


def test_as_json_everything_is_there(jukura: Jukura, fake: FakeDaemon) -> None:
    listed = jukura("outbox", "list", "--json", signed=True).json
    assert [each["state"] for each in listed["messages"]] == ["refused", "waiting"]
    assert listed["again"] == 120


@pytest.mark.parametrize(
    ("arguments", "ids", "everything"), [([REFUSED.id], [REFUSED.id], False), (["--all"], [], True)]
)
def test_a_retry_names_some_or_all(
    jukura: Jukura, fake: FakeDaemon, arguments: list[str], ids: list[str], *, everything: bool
) -> None:
    ran = jukura("outbox", "retry", *arguments, signed=True)
    assert (ran.code, ran.err) == (0, "")
    assert "再送を受け付けました" in ran.out
    (asked,) = fake.asked("POST /v1/outbox/retry")
    assert (asked.ids, asked.all) == (ids, everything)


def test_a_refusal_is_told_with_its_code(jukura: Jukura, fake: FakeDaemon) -> None:
    fake.refuse["/v1/outbox/retry"] = Refusal(403, "right.missing")
    ran = jukura("outbox", "retry", "--all", signed=True)
    assert ran.code == 1
    assert "right.missing" in ran.err


def test_reports_are_listed_and_one_is_read(jukura: Jukura, fake: FakeDaemon) -> None:
    ran = jukura("reports", "list", signed=True)
    assert (ran.code, ran.err) == (0, "")
    for words in (
        "機構からの誤りの通報",
        "住基法30条の8",
        "整合性確認の結果",
        "下関市（35201）",
        "name、kana",
        "1件",
    ):
        assert words in ran.out
    assert "氏名の字が違う" not in ran.out
    shown = jukura("reports", "show", WRONG.id, signed=True)
    assert "氏名の字が違う" in shown.out
    assert "県にだけある" in jukura("reports", "show", COMPARED.id, signed=True).out
    fake.post.reports = []
    assert "通報はありません" in jukura("reports", "list", signed=True).out


def test_the_same_in_english(jukura: Jukura, fake: FakeDaemon) -> None:
    assert "waits behind it" in jukura("outbox", "list", "--lang", "en", signed=True).out
    assert "error reported by the agency" in jukura("reports", "list", "--lang", "en", signed=True).out
