"""How keys, proposals and tokens are written out: pure, both languages."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.contract.keys import (
    LAPSED,
    ClearPin,
    Deed,
    DestroyKey,
    EnrolToken,
    KeyList,
    Loss,
    OpenEpoch,
    Proposal,
    ReplaceToken,
    RetireToken,
    RotateSeal,
    Rotation,
    SetClock,
    SetCustodians,
)
from tests.tui.fake_keys import CUSTODIANS, GONE, KEYS, NOW, TOKEN
from tui import key_formats
from tui.words import Lang, Words

JA, EN = Words(Lang.JA), Words(Lang.EN)
LISTED = KeyList(keys=KEYS, destroyed=GONE, rotations=[])
CASE = Proposal(
    id="ab00", deed=DestroyKey("live.9"), text="", cancel_text="", asked=NOW, signed_by=[], ripe=None, cancelled_by="",
    done=None, steps_done=0, steps=0,
)  # fmt: skip


def test_keys_stand_by_kind_and_generation_and_the_destroyed_last() -> None:
    names = [row.key.name for row in key_formats.key_rows(LISTED, JA)]
    assert names == ["expire.2176", "live.9", "live.10", "log.2026", "seal.1", "store.1", "live.8", "live.7"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("LIVE 運用", {"live.9", "live.10"}),
        ("法定", {"expire.2176", "log.2026"}),
        ("破棄済", {"live.8"}),
        ("破棄", {"live.8", "live.7"}),
        ("nothing", set()),
    ],
)
def test_the_filter_wants_every_word(words: str, names: set[str]) -> None:
    rows = key_formats.key_rows(LISTED, JA)
    assert {row.key.name for row in rows if key_formats.fits(row, words)} == names


@given(st.text(max_size=8))
def test_a_filter_never_finds_more_than_no_filter(words: str) -> None:
    rows = key_formats.key_rows(LISTED, EN)
    assert all(key_formats.fits(row, "") for row in rows)
    assert [row for row in rows if key_formats.fits(row, words)] == [
        row for row in rows if all(word in " ".join(row.cells).lower() for word in words.lower().split())
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "署名待ち（0/2）"),
        ({"signed_by": ["a"]}, "署名待ち（1/2）"),
        ({"ripe": NOW + timedelta(hours=72)}, "取消期間中（残り3日）"),
        ({"ripe": NOW + timedelta(hours=47, minutes=1)}, "取消期間中（残り48時間）"),
        ({"ripe": NOW}, "実行できます"),
        ({"ripe": NOW, "steps": 9, "steps_done": 4}, "実行中 4/9"),
        ({"ripe": NOW, "steps": 9, "steps_done": 9, "done": NOW}, "完了"),
        ({"cancelled_by": "kagi01"}, "取消（kagi01）"),
        ({"cancelled_by": LAPSED}, "失効（30日経過）"),
    ],
)
def test_where_a_proposal_is(change: dict[str, object], words: str) -> None:
    assert key_formats.state(replace(CASE, **change), NOW, JA) == words


def test_open_proposals_stand_before_closed_ones() -> None:
    older = replace(CASE, id="old", asked=NOW - timedelta(days=1))
    done, cancelled = replace(CASE, id="done", done=NOW), replace(CASE, id="cancelled", cancelled_by="x")
    order = [each.id for each in key_formats.newest_first([done, older, cancelled, CASE])]
    assert order[:2] == ["ab00", "old"]
    assert set(order[2:]) == {"done", "cancelled"}


@pytest.mark.parametrize(
    ("deed", "target"),
    [
        (DestroyKey("live.9"), "live.9"),
        (RotateSeal(), "—"),
        (EnrolToken("pkcs11:token=b"), "pkcs11:token=b"),
        (ReplaceToken("a1b2", "pkcs11:token=b"), "a1b2 → pkcs11:token=b"),
        (RetireToken("a1b2"), "a1b2"),
        (SetClock(NOW), "2026-04-01 14:03:22"),
        (SetCustodians(CUSTODIANS[:2]), "kagi01 kagi02"),
        (ClearPin("jukura"), "jukura"),
        (
            OpenEpoch(epoch=1, size=1200, root=bytes(32), kept=5, kept_root=bytes(32), reason=Loss.RESTORED),
            "1,200 → 5 (restored)",
        ),
    ],
)
def test_every_deed_says_what_it_is_done_to(deed: Deed, target: str) -> None:
    assert key_formats.target(deed) == target
    assert key_formats.deed_name(deed, JA) != key_formats.deed_name(deed, EN)


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=400)))
def test_a_span_is_never_shorter_than_what_it_says(left: timedelta) -> None:
    number, unit = key_formats.span(left, EN).split(" ")
    size = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}[unit]
    assert (int(number) - 1) * size < max(left.total_seconds(), 1e-9) <= int(number) * size or int(
        number
    ) == 0


def test_a_rotation_says_how_far_how_fast_and_how_long() -> None:
    running = Rotation(
        kind="live",
        old="live.1",
        new="live.2",
        done=2_500,
        total=9_981,
        per_second=5_000.4,
        seconds_left=90.2,
    )
    assert key_formats.rotation(running, EN) == "rotating live.1→live.2  2,500/9,981  5,000/s  91 s left"
    paused = replace(running, seconds_left=None, paused=True)
    assert key_formats.rotation(paused, EN).endswith("unknown left(paused)")


def test_a_token_says_whether_it_is_in_use_there_or_away() -> None:
    for change, words in (
        ({}, "使用中"),
        ({"active": False}, "接続中"),
        ({"active": False, "present": False}, "不通"),
    ):
        row = key_formats.token_row(replace(TOKEN, **change), JA)
        assert (row[0], row[1], row[3]) == (words, "jukura-honnin", "0")


def test_a_partial_destruction_names_the_tokens_that_have_not_confirmed() -> None:
    assert key_formats.key_detail(GONE[1], JA) == ["未確認のトークン: c3d4"]
    assert key_formats.key_detail(GONE[0], JA) == []
    assert key_formats.key_detail(KEYS[1], EN) == ["uid 59101: 3 times", "Tokens with a copy: a1b2"]
