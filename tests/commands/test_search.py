"""検索 and 表示: who is found, who is not, what is refused, and what the log keeps of it."""

from dataclasses import replace as exchange
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.audit.entry import Action
from daemon.commands.caller import Caller, Role
from daemon.contract.console import MASK, PERSON, SEARCH, Found, Match, Person, PersonQuery, Scope, Search
from daemon.contract.peer import FuhyoNotice, Outcome
from daemon.errors import JukuraError
from daemon.register.codes import juminhyo_digit
from daemon.register.dates import span
from daemon.register.kana import search_key
from daemon.register.rows import HonninRecord, RegisterDate
from daemon.store.engine import Table
from tests.commands.test_notices import DAY, entries, notice, send
from tests.conftest import Bench
from tests.register.people import FUHYO, HONNIN

ABROAD = replace(
    FUHYO, address_municipality="99999", address="国外転出者", last_address="東京都新宿区西新宿２丁目８番１号"
)


def query(kana: str = "", birth: str = "", **more: object) -> Search:
    fields = {
        "affair": "plain",
        "purpose": "旅券の審査",
        "application": "A-1",
        "kana": kana,
        "birth": birth,
    } | more
    return Search(**fields)  # type: ignore[arg-type]


async def search(bench: Bench, caller: Caller, asked: Search) -> Found:
    found = await bench.open.desk.handlers[SEARCH](caller, asked)
    assert isinstance(found, Found)
    return found


async def show(bench: Bench, caller: Caller, person: str, **more: object) -> Person:
    fields = {"person": person, "affair": "number", "purpose": "p", "application": "A-1"} | more
    shown = await bench.open.desk.handlers[PERSON](caller, PersonQuery(**fields))  # type: ignore[arg-type]
    assert isinstance(shown, Person)
    return shown


def person(number: int, kana: str, birth: str = "19890107") -> HonninRecord:
    base = f"{number:010}"
    return replace(
        HONNIN, juminhyo_code=base + juminhyo_digit(base), kojin_bango="", reason="12", kana=kana,
        birth=RegisterDate(birth),
    )  # fmt: skip


async def fill(bench: Bench, *people: HonninRecord) -> None:
    verdicts = await send(bench, *(notice(f"f{number}", record) for number, record in enumerate(people)))
    assert {verdict.outcome for verdict in verdicts} == {Outcome.APPLIED}


@pytest.mark.parametrize(
    ("kana", "match", "birth", "names"),
    [
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
    ],
)
async def test_who_is_found(  # noqa: PLR0917 - pytest gives them by name
    honnin: Bench, caller: Caller, kana: str, match: Match, birth: str, names: set[str]
) -> None:
    await fill(
        honnin,
        person(1, "さとう　はなこ", "19500301"),
        person(2, "さとう　たろう"),
        person(3, "じゆん　いち", "20000101"),
        person(4, "ふめい　つき", "19500000"),
    )
    found = await search(honnin, caller, query(kana, birth, kana_match=match))
    assert {hit.kana for hit in found.hits} == names


async def test_an_unknown_day_of_birth_is_every_day_it_could_be(honnin: Bench, caller: Caller) -> None:
    await fill(honnin, person(4, "ふめい　つき", "19500300"))
    assert (await search(honnin, caller, query(birth="19500315"))).hits
    assert not (await search(honnin, caller, query(birth="19500415"))).hits


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    kana=st.text("あいうおかこそとのゔぁぃじぢーゅつ", min_size=1, max_size=3),
    match=st.sampled_from(Match),
    birth=st.sampled_from(["", "1950", "195003", "19500301"]),
)
async def test_search_finds_what_a_scan_of_all_rows_finds(
    honnin: Bench, caller: Caller, kana: str, match: Match, birth: str
) -> None:
    names = [
        "あい",
        "おう",
        "おおの",
        "おの",
        "こうじ",
        "ゔぁん",
        "ばん",
        "ゔぃと",
        "じん",
        "ぢん",
        "つう",
        "つ",
    ]
    people = [
        person(number, name, ("19500301", "19500000", "19891231")[number % 3])
        for number, name in enumerate(names)
    ]
    await send(honnin, *(notice(f"f{number}", record) for number, record in enumerate(people)))
    try:
        found = await search(honnin, caller, query(kana, birth, kana_match=match))
    except JukuraError as error:
        assert error.code == "search.bad_kana"  # noqa: PT017 - such as a lone ー, which has no sound
        return
    wanted = {"": (0, 99999999), "1950": (19500101, 19501231), "195003": (19500301, 19500331)}.get(
        birth, (19500301, 19500301)
    )

    def fits(record: HonninRecord) -> bool:
        low, high = span(record.birth)
        return low <= wanted[1] and high >= wanted[0]

    exact = {p.kana for p in people if fits(p) and search_key(p.kana) == search_key(kana)}
    begins = {p.kana for p in people if fits(p) and p.kana.startswith(kana)}
    names_found = {hit.kana for hit in found.hits}
    if match is Match.WHOLE:
        assert names_found == exact
    else:
        assert begins <= names_found
        assert exact <= names_found


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


async def test_too_many_show_nobody(honnin: Bench, caller: Caller) -> None:
    await fill(honnin, *(person(number, "さとう　たろう") for number in range(51)))
    with pytest.raises(JukuraError, match=r"search\.too_many"):
        await search(honnin, caller, query("さとう"))
    last = (await entries(honnin))[-1]
    assert (last.header.action, last.header.code, last.header.counts) == (
        Action.SEARCH_REFUSED, "search.too_many", {"hits": 0},
    )  # fmt: skip


async def test_fifty_come_back_in_a_stable_order(honnin: Bench, caller: Caller) -> None:
    await fill(honnin, *(person(number, f"さとう　{'あいうえお'[number % 5]}") for number in range(50)))
    first, second = [await search(honnin, caller, query("さとう")) for _ in range(2)]
    assert len(first.hits) == 50
    assert first == second
    assert [hit.kana for hit in first.hits] == sorted(hit.kana for hit in first.hits)


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
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
    ],
)
async def test_refused_searches_name_the_field_and_are_logged(
    honnin: Bench, caller: Caller, asked: Search, code: str, field: str
) -> None:
    with pytest.raises(JukuraError) as refused:
        await search(honnin, caller, asked)
    assert (refused.value.code, refused.value.field) == (code, field)
    last = (await entries(honnin))[-1]
    assert (last.header.action, last.header.code) == (Action.SEARCH_REFUSED, code)


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


async def test_one_person_with_history_masked_until_opened(honnin: Bench, caller: Caller) -> None:
    await fill(honnin, HONNIN)
    await send(
        honnin,
        notice("m", replace(HONNIN, reason="31", event_date=DAY, address="山口県山口市滝町２番"), seq=2),
    )
    (hit,) = (await search(honnin, caller, query("じゅうみん"))).hits
    closed = await show(honnin, caller, hit.person)
    assert [version.serial for version in closed.versions] == [2, 1]
    assert {version.juminhyo_code for version in closed.versions} == {MASK * 11}
    assert {version.kojin_bango for version in closed.versions} == {MASK * 12}
    opened = await show(honnin, caller, hit.person, open_code=True, open_number=True)
    assert opened.versions[0].juminhyo_code == HONNIN.juminhyo_code
    assert opened.versions[0].kojin_bango == HONNIN.kojin_bango
    last = (await entries(honnin))[-1]
    assert (last.header.action, last.header.counts) == (
        Action.PERSON_SHOWN,
        {"versions": 2, "code": 1, "number": 1},
    )
    assert last.fields["subject"].value == HONNIN.juminhyo_code


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"affair": "plain", "open_number": True}, "affair.without_number"),
        ({"affair": "bare", "open_code": True}, "affair.without_code"),
        ({"affair": "nothing"}, "affair.not_yours"),
        ({"purpose": ""}, "search.text_missing"),
        ({"person": "zz"}, "person.bad_reference"),
        ({"person": "00" * 16}, "person.unknown"),
        ({"person": "00"}, "person.unknown"),
    ],
)
async def test_what_is_not_shown(honnin: Bench, caller: Caller, more: dict[str, object], code: str) -> None:
    await fill(honnin, HONNIN)
    (hit,) = (await search(honnin, caller, query("じゅうみん"))).hits
    with pytest.raises(JukuraError) as refused:
        await show(honnin, caller, **({"person": hit.person} | more))  # type: ignore[arg-type]
    assert refused.value.code == code
    last = (await entries(honnin))[-1]
    assert (last.header.action, last.header.code) == (Action.PERSON_REFUSED, code)


async def test_an_affair_without_the_number_does_not_even_show_that_there_is_one(
    honnin: Bench, caller: Caller
) -> None:
    await fill(honnin, HONNIN)
    (hit,) = (await search(honnin, caller, query("じゅうみん"))).hits
    shown = await show(honnin, caller, hit.person, affair="bare")
    assert (shown.versions[0].kojin_bango, shown.versions[0].juminhyo_code) == ("", "")


async def test_fuhyo_shows_people_abroad_only_and_never_a_code(fuhyo: Bench, caller: Caller) -> None:
    here = FuhyoNotice(id="h", sender_seq=1, record=replace(FUHYO, juminhyo_code="24846016224"))
    away = FuhyoNotice(id="a", sender_seq=1, record=ABROAD)
    assert {v.outcome for v in await send(fuhyo, here, away)} == {Outcome.APPLIED}
    (hit,) = (await search(fuhyo, caller, query("じゅうみん", affair="abroad"))).hits
    assert hit.standing == "abroad"
    shown = await show(fuhyo, caller, hit.person, affair="abroad")
    assert (shown.versions[0].juminhyo_code, shown.versions[0].kojin_bango) == ("", "")
    assert shown.versions[0].last_address == ABROAD.last_address
    with pytest.raises(JukuraError, match=r"affair\.without_code"):
        await show(fuhyo, caller, hit.person, affair="abroad", open_code=True)
    with pytest.raises(JukuraError, match=r"affair\.not_for_fuhyo"):
        await search(fuhyo, caller, query("じゅうみん"))
    latest = await fuhyo.open.index.latest([here.record.juminhyo_code])
    with pytest.raises(JukuraError, match=r"person\.not_abroad"):
        await show(fuhyo, caller, latest[here.record.juminhyo_code].person.hex(), affair="abroad")


async def test_a_hit_that_the_projection_invents_is_never_shown(honnin: Bench, caller: Caller) -> None:
    """The projection is believed for where to look, not for what is there."""
    await fill(honnin, HONNIN)
    await honnin.open.index._writer.execute("UPDATE versions SET kana = 'たなか'")
    assert not (await search(honnin, caller, query("たなか"))).hits


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
