"""Hand-picked searches and lookups for the appliance as it runs, with what each must be answered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from daemon.contract.console import Lookup, Match, Scope, Search
from daemon.register.dates import is_complete
from daemon.register.rows import HonninRecord

EACH = 20  # people who are looked for in every way


@dataclass(frozen=True)
class Question:
    """What is asked, and whose name must be among those found; or code and field of the refusal."""

    asked: Search | Lookup
    name: str = ""
    code: str = ""
    field: str = ""


BAD: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({}, "search.nothing_asked", "kana"),
    ({"sex": "1", "municipality": "35203"}, "search.nothing_asked", "kana"),
    ({"name": "　"}, "search.empty", "name"),
    ({"name": "山" * 10_000}, "search.too_long", "name"),
    ({"name": "山田\x00"}, "search.bad_character", "name"),
    ({"name": "\u202e山田"}, "search.bad_character", "name"),
    ({"name": "山%"}, "search.wildcard", "name"),
    ({"name": "' OR 1=1 --"}, "search.bad_character", "name"),
    ({"kana": "やま'; DROP TABLE versions; --"}, "search.bad_kana", "kana"),
    ({"birth": "20250230"}, "search.bad_date", "birth"),
    ({"birth": "明治99年"}, "search.bad_date", "birth"),
    ({"kana": "やま", "as_of": "20991231"}, "search.bad_day", "as_of"),
    ({"kana": "やま", "town": "001"}, "search.town_alone", "municipality"),
    ({"name": "24727059608"}, "search.key_typed", "name"),
    ({"birth": "1900〜2020"}, "search.too_many", "kana"),
)


def search(**fields: Any) -> Search:
    return Search(affair="ryoken", purpose="旅券の審査", application="E2E-2", **fields)


def lookup(affair: str, **fields: str) -> Lookup:
    return Lookup(affair=affair, purpose="県税の調査", application="E2E-3", **fields)


def questions(records: Sequence[HonninRecord]) -> list[Question]:
    """Some people in every way, and everything that must be refused."""
    known = [record for record in records if is_complete(record.birth) and record.kana]
    people = known[:EACH]
    bad = [Question(search(**fields), code=code, field=field) for fields, code, field in BAD]
    one = people[0]
    wrong = one.juminhyo_code[:-1] + str((int(one.juminhyo_code[-1]) + 1) % 10)
    refused = [
        Question(lookup("kenzei", code=wrong), code="lookup.bad_code", field="code"),
        Question(lookup("ryoken", number="123456789018"), code="affair.without_number", field="number"),
        Question(lookup("kenzei"), code="lookup.one_key", field="code"),
    ]
    return [question for record in people for question in _every_way(record)] + bad + refused


def _every_way(record: HonninRecord) -> Iterator[Question]:
    born = record.birth.code
    yield Question(search(name=record.name, name_match=Match.WHOLE, birth=born), record.name)
    yield Question(search(name=record.name[0], birth=born, sex=record.sex), record.name)
    yield Question(
        search(
            kana=record.kana[:1], birth=born[:4], municipality=record.municipality, address=record.address
        ),
        record.name,
    )
    yield Question(search(address=record.address, town=record.town, birth=born), record.name)
    if record.former_name:
        yield Question(search(name=record.former_name, birth=born), record.name)
    yield Question(lookup("kenzei", code=record.juminhyo_code), record.name)
    if record.kojin_bango:
        yield Question(lookup("kenzei", number=record.kojin_bango), record.name)
    yield Question(search(name=record.name, birth=born, scope=Scope.STRUCK))
