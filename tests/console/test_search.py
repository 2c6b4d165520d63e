"""Searches and lookups over the console's socket: every field, and bad input of every kind."""

from daemon.contract.console import LOOKUP, MAX_HITS
from tests.commands.notices.test_notices import notice, send
from tests.console.room import PASSWORD, Room
from tests.register.people import HONNIN

BAD: tuple[tuple[dict[str, object], str, str], ...] = (
    ({"name": "\ud800"}, "json.half_character", "name"),
    ({"kana": "さ\udc00"}, "json.half_character", "kana"),
    ({"kana": "", "name": "住民\x00"}, "search.bad_character", "name"),
    ({"name": "\u202e住民"}, "search.bad_character", "name"),
    ({"address": "滝町\u200f1"}, "search.bad_character", "address"),
    ({"kana": "\u202eさとう"}, "search.bad_kana", "kana"),
    ({"name": "住" * 10_000}, "search.too_long", "name"),
    ({"kana": "さ" * 10_000}, "search.too_long", "kana"),
    ({"address": "滝" * 10_000}, "search.too_long", "address"),
    ({"birth": "1" * 10_000}, "search.too_long", "birth"),
    ({"name": "住%"}, "search.wildcard", "name"),
    ({"name": "住_"}, "search.wildcard", "name"),
    ({"name": "住＊"}, "search.wildcard", "name"),
    ({"address": "滝?"}, "search.wildcard", "address"),
    ({"kana": "じゅう%"}, "search.bad_kana", "kana"),
    ({"name": "'; DROP TABLE versions; --"}, "search.bad_character", "name"),
    ({"kana": "' OR 1=1 --"}, "search.bad_kana", "kana"),
    ({"sex": "1 OR 1=1"}, "search.bad_sex", "sex"),
    ({"municipality": "' OR '1'='1"}, "search.bad_municipality", "municipality"),
    ({"town": "0';--", "municipality": "35203"}, "search.bad_town", "town"),
    ({"kana": ""}, "search.nothing_asked", "kana"),
    ({"kana": "", "sex": "1", "municipality": "35203"}, "search.nothing_asked", "kana"),
    ({"kana": "　 "}, "search.empty", "kana"),
    ({"name": "　"}, "search.empty", "name"),
    ({"birth": "20250230"}, "search.bad_date", "birth"),
    ({"birth": "明治99年"}, "search.bad_date", "birth"),
    ({"birth": "平成32年"}, "search.bad_date", "birth"),
    ({"birth": "1990〜1980"}, "search.reversed_range", "birth"),
    ({"birth": "2027"}, "search.bad_date", "birth"),
    ({"as_of": "20250230"}, "search.bad_day", "as_of"),
    ({"as_of": "20991231"}, "search.bad_day", "as_of"),
    ({"name": HONNIN.juminhyo_code}, "search.key_typed", "name"),
    ({"scope": "everybody"}, "json.wrong_shape", "scope"),
    ({"limit": 10_000}, "json.wrong_shape", ""),
)
"""What is typed over a search that finds somebody, and the code and field of the refusal."""


async def test_nonsense_is_an_error_that_names_the_field_and_never_nobody(room: Room) -> None:
    await send(room.bench, notice("n1"))
    token = await room.sign_in("op1")
    for fields, code, field in BAD:
        status, answer = await room.search(token, **fields)
        assert (status, answer["code"], answer["field"]) == (400, code, field)
        assert answer["ja"]
        assert answer["en"]
    assert (await room.search(token))[1]["hits"]


async def test_a_search_with_every_field_and_a_lookup(room: Room) -> None:
    await send(room.bench, notice("n1"))
    token = await room.sign_in("op1")
    every: dict[str, object] = {
        "kana": "じゅうみん　たろう", "kana_match": "whole", "name": "住民", "former": True, "birth": "昭和63年〜S64.1.7",
        "sex": "1", "municipality": "352039", "town": "001", "address": "山口市滝町1-1", "scope": "current", "as_of": "20261120",
    }  # fmt: skip
    status, found = await room.search(token, **every)
    assert (status, len(found["hits"])) == (200, 1)  # type: ignore[arg-type]
    by_key = {"affair": "number", "purpose": "p", "application": "A", "number": HONNIN.kojin_bango}
    assert await room.ask("POST", LOOKUP.path, by_key, token=token) == (200, found)
    for name, other in (("kana", "じゅうみん"), ("sex", "2"), ("as_of", "20261119"), ("scope", "struck")):
        assert (await room.search(token, **every | {name: other}))[1]["hits"] == []


async def test_a_session_says_how_many_one_search_shows(room: Room) -> None:
    asked = {"operator": "op1", "password": PASSWORD}
    assert (await room.ask("POST", "/v1/session", asked))[1]["max_hits"] == MAX_HITS
