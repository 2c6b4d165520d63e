"""検索 and 表示: who is found, who is not, what is refused, and what the log keeps of it."""

from dataclasses import replace as exchange
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.commands.caller import Caller, Role, require_text
from daemon.contract.console import (
    Match,
    Scope,
    Search,
)
from daemon.contract.peer import Outcome
from daemon.errors import InputError, JukuraError
from daemon.register.rows import RegisterDate
from daemon.store.engine import Table, place_of
from tests.commands.inquiries.asking import fill, person, query, search, show
from tests.commands.notices.test_notices import DAY, entries, notice, send
from tests.conftest import Bench
from tests.register.people import HONNIN

FOUND: tuple[tuple[str, Match, str, set[str]], ...] = (
    ("さとう", Match.PREFIX, "", {"さとう　はなこ", "さとう　たろう"}),
    ("サトウ", Match.PREFIX, "", {"さとう　はなこ", "さとう　たろう"}),
    ("ｻﾄｳ ﾀﾛｳ", Match.WHOLE, "", {"さとう　たろう"}),
    ("さとう", Match.WHOLE, "", set()),
    ("じゅん", Match.PREFIX, "", {"じゆん　いち"}),
    ("", Match.PREFIX, "1950", {"さとう　はなこ", "ふめい　つき"}),
    ("", Match.PREFIX, "19500301", {"さとう　はなこ", "ふめい　つき"}),
    ("", Match.PREFIX, "昭和25年", {"さとう　はなこ", "ふめい　つき"}),
    ("さとう", Match.PREFIX, "1989-01-07", {"さとう　たろう"}),
    ("やまだ", Match.PREFIX, "", set()),
)


async def test_who_is_found(honnin: Bench, caller: Caller) -> None:
    await fill(
        honnin,
        person(1, "さとう　はなこ", "19500301"),
        person(2, "さとう　たろう"),
        person(3, "じゆん　いち", "20000101"),
        person(4, "ふめい　つき", "19500000"),
    )
    for kana, match, birth, names in FOUND:
        found = await search(honnin, caller, query(kana, birth, kana_match=match))
        assert {hit.kana for hit in found.hits} == names, (kana, birth)


async def test_an_unknown_day_of_birth_is_every_day_it_could_be(honnin: Bench, caller: Caller) -> None:
    await fill(honnin, person(4, "ふめい　つき", "19500300"))
    assert (await search(honnin, caller, query(birth="19500315"))).hits
    assert not (await search(honnin, caller, query(birth="19500415"))).hits


async def test_people_struck_off_are_found_when_asked_for(honnin: Bench, caller: Caller) -> None:
    await fill(honnin, HONNIN)
    await send(honnin, notice("x", replace(HONNIN, reason="23", event_date=DAY), seq=2))
    assert not (await search(honnin, caller, query("じゅうみん"))).hits
    (hit,) = (await search(honnin, caller, query("じゅうみん", scope=Scope.STRUCK))).hits
    assert hit.standing == "dead"


async def test_someone_whose_departure_lies_ahead_is_still_present(honnin: Bench, caller: Caller) -> None:
    await fill(honnin, HONNIN)
    ahead = replace(HONNIN, reason="21", event_date=RegisterDate("20261201", "5"))
    (verdict,) = await send(honnin, notice("x", ahead, seq=2))
    assert verdict.outcome is Outcome.APPLIED
    (hit,) = (await search(honnin, caller, query("じゅうみん"))).hits
    assert hit.standing == "present"
    assert not (await search(honnin, caller, query("じゅうみん", scope=Scope.STRUCK))).hits


WRITTEN: tuple[tuple[dict[str, Any], set[int]], ...] = (
    ({"name": "髙﨑"}, {1, 2}),
    ({"name": "高崎　葛子", "name_match": Match.WHOLE}, {1, 2}),
    ({"name": "zhang yulin"}, {3}),
    ({"name": "張　玉蓮", "name_match": Match.WHOLE}, {3}),
    ({"name": "住民花子", "name_match": Match.WHOLE}, {3}),
    ({"name": "渡邉"}, {2}),
    ({"name": "渡辺　葛子", "name_match": Match.WHOLE}, {2}),
    ({"kana": "わたなべ　かつこ", "kana_match": Match.WHOLE}, {2}),
    ({"name": "高崎", "kana": "わたなべ"}, {2}),
    ({"address": "滝町1-1"}, {1, 2, 3}),
    ({"address": "滝町一丁目"}, {1, 2, 3}),
    ({"address": "山口市滝町１番１号", "sex": "2"}, {2}),
    ({"name": "髙﨑", "municipality": "352039", "town": "001"}, {1, 2}),
    ({"name": "髙﨑", "municipality": "35201"}, set()),
    ({"birth": "昭和63年〜S64.1.7", "name": "高"}, {1, 2}),
)
"""What is typed, and who of the three people below is found."""


async def test_names_and_places_however_they_are_written(honnin: Bench, caller: Caller) -> None:
    people = {
        1: replace(person(1, "たかさき　かつこ"), name="高﨑　葛\U000e0100子"),
        2: replace(
            person(2, "たかさき　かつこ"), name="髙崎　葛子", former_name="渡邊", former_name_kana="わたなべ", sex="2"
        ),
        3: replace(person(3, "ちゃん　ゆりん", "19900101"), name="ZHANG YULIN　張　玉蓮（住民　花子）"),
    }  # fmt: skip
    await fill(honnin, *people.values())
    for fields, found in WRITTEN:
        hits = (await search(honnin, caller, query(**fields))).hits
        assert {hit.name for hit in hits} == {people[number].name for number in found}, fields


async def test_a_hit_says_by_which_name_it_was_found(honnin: Bench, caller: Caller) -> None:
    """Who looks for 関根 and is shown 佐藤 must see why."""
    await fill(
        honnin,
        replace(person(1, "さとう　けい"), former_name="関根", former_name_kana="せきね"),
        replace(person(2, "せき　はな"), name="CHOE HANA（関　花）", kana="ちぇ　はな　せき　はな"),
        person(3, "せきね　あい"),
    )
    found = (await search(honnin, caller, query("せき"))).hits
    assert [(hit.kana, hit.by) for hit in found] == [
        ("さとう　けい", "other"), ("せきね　あい", "name"), ("ちぇ　はな　せき　はな", "other"),
    ]  # fmt: skip
    (one,) = (await search(honnin, caller, query("さとう", name="関根"))).hits
    assert one.by == "other"


async def test_a_day_of_the_past_shows_the_version_in_force_then(honnin: Bench, caller: Caller) -> None:
    came = replace(HONNIN, event_date=RegisterDate("20100401", "4"))
    moved = replace(
        came, reason="31", event_date=RegisterDate("20200401", "5"), address="山口県山口市滝町２番２号"
    )
    died = replace(moved, reason="23", event_date=RegisterDate("20260000", "5"))
    await send(
        honnin, *(notice(str(seq), record, seq) for seq, record in enumerate((came, moved, died), start=1))
    )

    async def standing(day: str, **more: Any) -> list[tuple[str, str, int]]:
        found = await search(honnin, caller, query("じゅうみん", as_of=day, **more))
        return [(hit.address, hit.standing, hit.serial) for hit in found.hits]

    assert await standing("20100331") == []
    assert await standing("20100401") == [(came.address, "present", 1)]
    assert await standing("令和2年3月31日", address="滝町1") == [(came.address, "present", 1)]
    assert await standing("20200401", address="滝町1") == []
    assert await standing("20261123") == [(moved.address, "present", 2)]
    assert await standing("20261123", scope=Scope.STRUCK) == []
    # The day of death is not known: it counts from the day we were told.
    assert await standing("20261124") == []
    assert await standing("20261124", scope=Scope.STRUCK) == [(moved.address, "dead", 3)]


async def test_a_former_name_is_found_when_asked_for(honnin: Bench, caller: Caller) -> None:
    renamed = replace(HONNIN, reason="32", event_date=DAY, name="別　人", kana="べつ　じん")
    await send(
        honnin, notice("1"), notice("2", renamed, seq=2), notice("3", replace(renamed, reason="23"), seq=3)
    )
    for fields in ({"kana": "じゅうみん"}, {"name": "住民"}):
        struck: dict[str, Any] = {"scope": Scope.STRUCK, **fields}
        assert not (await search(honnin, caller, query(**struck))).hits
        (hit,) = (await search(honnin, caller, query(**struck, former=True))).hits
        assert (hit.name, hit.serial, hit.by) == ("別　人", 3, "earlier")
        shown = await show(honnin, caller, hit.person)
        assert [version.serial for version in shown.versions] == [3, 2, 1]
        assert shown.versions[0].standing == "dead"


async def test_too_many_show_nobody(honnin: Bench, caller: Caller) -> None:
    await fill(honnin, *(person(number, "さとう　たろう") for number in range(51)))
    for fields, field in (
        ({}, "birth"),
        ({"birth": "1989"}, "address"),
        ({"kana": "", "birth": "1989"}, "kana"),
    ):
        with pytest.raises(JukuraError) as refused:
            await search(honnin, caller, query(**{"kana": "さとう"} | fields))
        assert (refused.value.code, refused.value.field) == ("search.too_many", field)
    last = (await entries(honnin))[-1]
    assert (last.header.action, last.header.code, last.header.counts) == (
        Action.SEARCH_REFUSED, "search.too_many", {"hits": 0},
    )  # fmt: skip


async def test_fifty_come_back_in_a_stable_order(honnin: Bench, caller: Caller) -> None:
    await fill(honnin, *(person(number, f"さとう　{'あいうえお'[number % 5]}") for number in range(50)))
    first, second = [await search(honnin, caller, query("さとう")) for _ in range(2)]
    assert len(first.hits) == 50
    assert first == second


async def test_the_order_is_by_sound_then_birth_then_address_then_code(honnin: Bench, caller: Caller) -> None:
    in_order = [
        person(9, "がう"),
        person(8, "かえ", "19890101"),
        replace(person(5, "がえ"), address="山口県山口市滝町１番１号"),
        replace(person(6, "かえ"), address="山口県山口市滝町１番１号"),
        replace(person(4, "かえ"), address="山口県山口市滝町２番１号"),
        person(1, "きい"),
    ]
    await fill(honnin, *in_order[::-1])
    hits = (await search(honnin, caller, query(birth="1989"))).hits
    assert [(hit.kana, hit.birth.code, hit.address) for hit in hits] == [
        (record.kana, record.birth.code, record.address) for record in in_order
    ]


REFUSED: tuple[tuple[Search, str, str], ...] = (
    (query(), "search.nothing_asked", "kana"),
    (query("%"), "search.bad_kana", "kana"),
    (query("' OR 1=1 --"), "search.bad_kana", "kana"),
    (query("さ" * 101), "search.bad_kana", "kana"),
    (query(birth="20250230"), "search.bad_date", "birth"),
    (query(birth="明治99年"), "search.bad_date", "birth"),
    (query("さとう", affair="kenzei"), "affair.not_yours", "affair"),
    (query("さとう", affair=""), "affair.not_yours", "affair"),
    (query("さとう", purpose="  "), "search.text_missing", "purpose"),
    (query("さとう", application=""), "search.text_missing", "application"),
    (query("さとう", purpose="あ\x1b[2J"), "search.text_unfit", "purpose"),
    (query("さとう", purpose="\ud800"), "search.text_unfit", "purpose"),
    (query(sex="1", municipality="35203"), "search.nothing_asked", "kana"),
    (query("さとう", town="001"), "search.town_alone", "municipality"),
    (query(address="山口市滝町", municipality="35201"), "search.municipality_differs", "address"),
    *(
        (query(**{field: HONNIN.kojin_bango}), "search.key_typed", field)
        for field in ("kana", "name", "birth", "address")
    ),
    (query(name="2472-7059-608"), "search.key_typed", "name"),
    (query(name="\ud800"), "search.bad_character", "name"),
    (query(name="佐藤\u202e"), "search.bad_character", "name"),
    (query(name="佐藤\x00"), "search.bad_character", "name"),
    (query(name="佐" * 10_000), "search.too_long", "name"),
    (query(name="佐%"), "search.wildcard", "name"),
    (query(name="' OR 1=1 --"), "search.bad_character", "name"),
    (query(name="　"), "search.empty", "name"),
    (query("さとう", as_of="20261125"), "search.bad_day", "as_of"),
    (query("さとう", as_of="202611"), "search.bad_day", "as_of"),
    (query("さとう", sex="3"), "search.bad_sex", "sex"),
    (query("さとう", municipality="131041"), "search.unknown_municipality", "municipality"),
)


async def test_refused_searches_name_the_field_and_are_logged(honnin: Bench, caller: Caller) -> None:
    for asked, code, field in REFUSED:
        with pytest.raises(JukuraError) as refused:
            await search(honnin, caller, asked)
        assert (refused.value.code, refused.value.field) == (code, field)
    last = (await entries(honnin))[-len(REFUSED) :]
    assert [(entry.header.action, entry.header.code) for entry in last] == [
        (Action.SEARCH_REFUSED, code) for _, code, _ in REFUSED
    ]


@pytest.mark.parametrize("text", ["旅券申請　審査", "　R8-0123　", "辻\U000e0100家の審査（外字〓）"])
def test_a_purpose_may_be_written_as_japanese_is(text: str) -> None:
    assert require_text(text, "purpose") == text.strip()


@pytest.mark.parametrize("text", ["旅券\u2003審査", "旅券\u202e審査", "旅券\n審査", "審" * 201])
def test_a_purpose_is_one_line_of_text(text: str) -> None:
    with pytest.raises(InputError, match=r"search\.text_unfit"):
        require_text(text, "purpose")


async def test_what_was_typed_is_kept_sealed_whole_or_cut(honnin: Bench, caller: Caller) -> None:
    typed: dict[str, Any] = {
        "name": "住民\ud800",
        "address": "滝" * 5000,
        "former": True,
        "as_of": "20261124",
    }
    with pytest.raises(JukuraError):
        await search(honnin, caller, query(**typed))
    last = (await entries(honnin))[-1]
    terms = last.fields["terms"].value
    assert isinstance(terms, dict)
    assert terms["name"] == r"住民\ud800"
    assert terms["address"] == "滝" * 400 + "…"
    assert (terms["former"], terms["as_of"], terms["scope"]) == (True, "20261124", "current")
    assert "滝" not in str(last.header)


async def test_the_log_knows_terms_and_purpose_and_shows_neither(honnin: Bench, caller: Caller) -> None:
    await fill(honnin, HONNIN)
    await search(honnin, caller, query("じゅうみん", "1989"))
    last = (await entries(honnin))[-1]
    assert (last.header.action, last.header.affair, last.header.counts) == (
        Action.SEARCH_DONE,
        "plain",
        {"hits": 1},
    )
    assert (last.header.actor, last.header.terminal) == ("operator:op1", "T01")
    assert last.fields["purpose"].value == "旅券の審査"
    terms = last.fields["terms"].value
    assert isinstance(terms, dict)
    assert (terms["kana"], terms["birth"]) == ("じゅうみん", "1989")


async def test_without_its_entry_there_is_no_answer(
    honnin: Bench, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, HONNIN)

    async def full(_: object) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr(honnin.open.engine, "apply", full)
    with pytest.raises(JukuraError, match=r"store\.cannot_write"):
        await search(honnin, caller, query("じゅうみん"))


async def test_an_auditor_may_not_search(honnin: Bench, caller: Caller) -> None:
    with pytest.raises(JukuraError, match=r"right\.missing"):
        await search(honnin, exchange(caller, roles=frozenset({Role.AUDITOR})), query("さとう"))


async def test_a_hit_that_the_projection_invents_is_never_shown(
    honnin: Bench, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The projection is believed for where to look, not for what is there."""
    await fill(honnin, HONNIN)
    everybody = [place_of(row) for row, _ in await honnin.open.engine.scan(Table.ROWS, limit=9)]

    async def invents(*_: object, **__: object) -> list[int]:
        return everybody

    monkeypatch.setattr(honnin.open.index, "find", invents)
    assert (await search(honnin, caller, query("じゅうみん"))).hits
    assert not (await search(honnin, caller, query("たなか"))).hits
    assert not (await search(honnin, caller, query("じゅうみん", scope=Scope.STRUCK))).hits
    assert not (await search(honnin, caller, query("じゅうみん", as_of="20261119"))).hits


async def test_a_row_altered_in_the_store_is_an_alarm_and_not_an_answer(
    honnin: Bench, caller: Caller
) -> None:
    await fill(honnin, HONNIN)
    ((row, sealed),) = await honnin.open.engine.scan(Table.ROWS, limit=1)
    await honnin.open.engine.apply({Table.ROWS: {row: sealed[:-1] + bytes([sealed[-1] ^ 1])}})
    with pytest.raises(JukuraError, match=r"store\.altered"):
        await search(honnin, caller, query("じゅうみん"))


async def test_disclosure_stops_while_the_log_waits_too_long_for_its_signature(
    honnin: Bench, caller: Caller
) -> None:
    await fill(honnin, HONNIN)
    honnin.clock.advance(timedelta(hours=25))
    with pytest.raises(JukuraError, match=r"log\.signature_late"):
        await search(honnin, caller, query("じゅうみん"))
    assert (await entries(honnin))[-1].header.code == "log.signature_late"
    with pytest.raises(JukuraError, match=r"log\.signature_late"):
        await show(honnin, caller, "00" * 16)
    (verdict,) = await send(
        honnin, notice("m", replace(HONNIN, reason="31", event_date=DAY, address="山口県山口市"), 2)
    )
    assert verdict.outcome is Outcome.APPLIED
    await honnin.open.signer.sign()
    assert (await search(honnin, caller, query("じゅうみん"))).hits
