"""A search done the long way: every row opened, every person looked at, by rules written apart from the code under test."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from daemon.contract.console import Match, Scope, Search
from daemon.register.rows import FuhyoRow, HonninRow, Register, RegisterDate, Row
from daemon.store.engine import Table
from daemon.store.rows import RowCodec
from tests.conftest import Bench

Span = tuple[int, int]
EVER = 99991231

VARIANTS = str.maketrans("髙﨑邉邊𠮷濵濱", "高崎辺辺吉浜浜")
"""The kanji of the towns' pools that are one."""
SMALL = str.maketrans("ぁぃぅぇぉっゃゅょゎ", "あいうえおつやゆよわ")
UNVOICED = str.maketrans(
    "がぎぐげござじずぜぞだでどばびぶべぼぱぴぷぺぽゔ", "かきくけこさしすせそたてとはひふへほはひふへほふ"
)
KATAKANA = {code: code - 96 for code in range(ord("ァ"), ord("ヶ") + 1)}
ERA_DAYS = {"3": (19261225, 19890107), "4": (19890108, 20190430), "5": (20190501, EVER)}


def item13(kana: str) -> str:
    """清音化: no marks, no small kana, no spaces, no ー."""
    text = unicodedata.normalize("NFKC", kana).translate(KATAKANA)
    for pair, plain in (("ゔぁ", "は"), ("ゔぃ", "ひ"), ("ぢ", "し"), ("づ", "す")):
        text = text.replace(pair, plain)
    return re.sub(r"[　 ・ー-]", "", text.translate(UNVOICED).translate(SMALL))


def sound(kana: str) -> str:
    """What of a reading counts: item 13 without the long vowels that are written as う or お."""
    text = re.sub(r"([おこそとのほもよろ])[うお]+", r"\1", item13(kana))
    return re.sub(r"([うくすつぬふむゆる])う+", r"\1", text)


def spelling(name: str) -> str:
    """What of a written name counts: one kanji for its variants, no selectors, spaces, brackets; small letters."""
    text = re.sub("[\U000e0100-\U000e01ef]", "", name.translate(VARIANTS))
    text = unicodedata.normalize("NFKC", text).lower().translate(KATAKANA).translate(SMALL)
    return re.sub(r"[^\w〓]|[_ー]", "", text)


def place(address: str, register: Register) -> str:
    """How an address goes on after the prefecture, in `honnin` after the municipality; with 丁目, 番, 号 as dashes."""
    head = r"^(山口県|東京都)?" if register is Register.FUHYO else "^(山口県)?(山口市|下関市|平生町)?"
    text = spelling(re.sub(head, "", address)).replace("大字", "")
    return re.sub(
        r"(?<=\d)(丁目|丁|番地|番|号|の)+(\d?)", lambda found: "-" + found[2] if found[2] else "", text
    )


def span(written: RegisterDate) -> Span:
    """The days that a written date may stand for."""
    year, month, day = int(written.code[:4]), int(written.code[4:6]), int(written.code[6:])
    last = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31)
    low, high = (0, EVER) if not year else (year * 10000 + 101, year * 10000 + 1231)
    if month:
        low, high = year * 10000 + month * 100 + (day or 1), year * 10000 + month * 100 + (day or last)
    first, final = ERA_DAYS.get(written.era, (0, EVER))
    return max(low, first), min(high, final)


def begins(row: Row) -> int:
    """The day from which a version counts."""
    low, high = span(row.event_date)
    return low if low == high else min(high, int(f"{row.received_on:%Y%m%d}"))


def stands(row: Row) -> str:
    """Where a version leaves the person."""
    if isinstance(row, FuhyoRow):
        return {"1": "present", "2": "abroad", "9": "struck"}[row.status]
    return {"21": "out", "22": "out", "23": "dead", "24": "gone"}.get(row.reason, "present")


def readings(row: Row) -> list[str]:
    """Every reading of the name that a version holds; the last words may be those of a 通称."""
    held, words = [row.kana], row.kana.split("　")
    alias = len(row.name.partition("（")[2].split("　"))
    if "（" in row.name and len(words) > alias:
        held += ["　".join(words[:-alias]), "　".join(words[-alias:])]
    if isinstance(row, HonninRow) and row.former_name_kana:
        held.append(row.former_name_kana + row.kana.partition("　")[2])
    return held


def spellings(row: Row) -> list[str]:
    """Every way of writing the name that a version holds: whole, its parts, with the 旧氏."""
    main, _, alias = row.name.rstrip("）").partition("（")
    latin = re.match(r"[ -~]*", main)[0] if main else ""  # type: ignore[index]
    held = [row.name, main, alias, latin, main.removeprefix(latin)]
    if isinstance(row, HonninRow) and row.former_name:
        held.append(row.former_name + row.name.partition("　")[2])
    return [one for one in held if one]


@dataclass(frozen=True)
class Asked:
    """A search, with what its typed parts mean; said by whoever typed it, not read from it."""

    search: Search
    day: int
    birth: Span | None = None
    municipality: str = ""
    """5 digits, from whichever field."""


def hit(asked: Asked, versions: list[Row], register: Register, today: int) -> Row | None:
    """The version of a person that answers; `versions` are all of theirs, ascending. In `fuhyo` who is abroad today as well."""
    counting = [row for row in versions if begins(row) <= asked.day]
    if not counting:
        return None
    row, query = counting[-1], asked.search
    now = [row for row in versions if begins(row) <= today]
    if register is Register.FUHYO and (not now or stands(now[-1]) != "abroad"):
        return None
    named = counting if query.former else [row]
    alike = [
        stands(row) in wanted_standings(register, query.scope),
        not query.kana or any(_named(query.kana, query.kana_match, held, sound) for v in named for held in readings(v)),
        not query.name or any(_named(query.name, query.name_match, held, spelling) for v in named for held in spellings(v)),
        asked.birth is None or (span(row.birth)[0] <= asked.birth[1] and asked.birth[0] <= span(row.birth)[1]),
        query.sex in {"", row.sex},
        asked.municipality in {"", row.municipality},
        not query.town or getattr(row, "town", "").startswith(query.town),
        place(getattr(row, "last_address", "") or row.address, register).startswith(place(query.address, register)),
    ]  # fmt: skip
    return row if all(alike) else None


def wanted_standings(register: Register, scope: Scope) -> set[str]:
    if register is Register.FUHYO:
        return {"abroad"} if scope is Scope.CURRENT else set()
    return {"present"} if scope is Scope.CURRENT else {"out", "dead", "gone"}


def _named(typed: str, match: Match, held: str, key: Callable[[str], str]) -> bool:
    if match is Match.WHOLE:
        return key(held) == key(typed)
    # ゔ sounds as ふ, and as は or ひ with what follows.
    return any(
        key(held).startswith(key(typed + after))
        for after in (("", "ぁ", "ぃ") if typed[-1] in "ゔヴ" else ("",))
    )


async def everyone(bench: Bench) -> dict[bytes, list[Row]]:
    """Every version of every person, opened from the truth."""
    codec: RowCodec = bench.open.reader._codec
    people: dict[bytes, list[Row]] = defaultdict(list)
    for key, sealed in await bench.open.engine.scan(Table.ROWS, limit=100_000):
        stored = codec.open(key, sealed)
        people[stored.person].append(stored.row)
    return {person: sorted(rows, key=lambda row: row.serial) for person, rows in people.items()}


def found_by(asked: Asked, row: Row) -> str:
    """By which name a version that fits was found: the first that it holds, another one of it, or one before it."""
    query = asked.search
    by = "name"
    for typed, match, held, key in (
        (query.kana, query.kana_match, readings(row), sound),
        (query.name, query.name_match, spellings(row), spelling),
    ):
        if typed and not any(_named(typed, match, one, key) for one in held):
            return "earlier"
        if typed and not _named(typed, match, held[0], key):
            by = "other"
    return by


def scan(
    asked: Asked, people: dict[bytes, list[Row]], register: Register, today: int
) -> list[tuple[str, int, str]]:
    """Person, serial and name found by of everybody who fits, in the order in which they are to be shown."""
    found = [(row, person) for person, rows in people.items() if (row := hit(asked, rows, register, today))]
    found.sort(
        key=lambda each: (item13(each[0].kana), each[0].birth.code, each[0].address, each[0].juminhyo_code)
    )
    return [(person.hex(), row.serial, found_by(asked, row)) for row, person in found]
