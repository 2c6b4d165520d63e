"""How values look on the screen: pure, in one language each."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta, timezone

from rich.text import Text

from daemon.contract.console import MASK, Hit, Version
from daemon.contract.wareki import display, display_day
from tui.words import Lang, Words

JST = timezone(timedelta(hours=9), "JST")

UNIT = {"people": "people", "rows": "rows", "municipalities": "municipalities"}
"""The unit of a figure; all others count 件."""


HISTORY = ("serial", "reason", "event_date", "received_on", "standing", "address")
"""The columns of a history, by their names in the locale's `person` group."""

_SHOWN = {
    "honnin": (
        "juminhyo_code", "kojin_bango", "name", "kana", "former_name", "birth", "sex", "address", "municipality",
        "standing", "reason", "event_date", "received_on",
    ),
    "fuhyo": (
        "name", "kana", "birth", "sex", "address", "last_address", "municipality",
        "standing", "reason", "event_date", "received_on",
    ),
}  # fmt: skip
"""What a version shows, in order."""

_OPTIONAL = frozenset({"former_name", "last_address"})
"""Left out where the person has none."""


def cell(value: str) -> Text:
    """`value` as it is, no markup; what would move the cursor, turn the line or not be seen shows as U+FFFD.

    A variation selector stays behind its kanji and takes no room of its own: the pair is as wide as the kanji.
    """
    return Text("".join("\ufffd" if unicodedata.category(char) in _UNSEEN else char for char in value))


def cell_lines(value: str) -> Text:
    """Several lines, each as `cell` shows it."""
    return Text("\n").join(cell(line) for line in value.splitlines())


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control and format characters (bidi among them), halves of pairs, separators of lines (UAX #44, General_Category)."""


def western(code: str, text: str) -> str:
    """A register's day as YYYY-MM-DD, with ? for what is unknown, then the 不詳 expression as written."""
    year, month, day = code[:4], code[4:6], code[6:]
    known = "-".join(
        ("????" if year == "0000" else year, *("??" if part == "00" else part for part in (month, day)))
    )
    return f"{known} {text}".strip()


def hit_columns(columns: Sequence[str], hits: Iterable[Hit]) -> list[str]:
    """`columns`, and behind the name by which name people were found, where that is not the one they have."""
    if all(one.by == "name" for one in hits):
        return list(columns)
    place = columns.index("name") + 1
    return [*columns[:place], "by", *columns[place:]]


def hit_titles(columns: Iterable[str], hits: Sequence[Hit], say: Words) -> list[str]:
    """The head of each column; of people abroad the register knows where they lived last."""
    abroad = bool(hits) and all(one.standing == "abroad" for one in hits)
    return [
        say("search.address_fuhyo" if abroad and column == "address" else f"hit.{column}")
        for column in columns
    ]


def hit(found: Hit, columns: Iterable[str], say: Words) -> list[str]:
    """One hit as a row of a table, by the names in the locale's `hit` group."""
    values = {
        "serial": str(found.serial),
        "name": found.name,
        "kana": found.kana,
        "by": say.of("by", found.by),
        "birth": born(found, say),
        "sex": say.of("sex", found.sex),
        "standing": _standing(found, say),
        "municipality": place(found.municipality, say),
        "address": found.address,
        "reference": found.person,
    }
    return [values[column] for column in columns]


def _standing(found: Hit, say: Words) -> str:
    """Where they stand, and whether a 転入 waits for them; in `fuhyo`, where people abroad are shown, a 記載."""
    standing = say.of("standing", found.standing)
    if not found.pending:
        return standing
    return say(
        "standing.pending_abroad" if found.standing == "abroad" else "standing.pending", standing=standing
    )


def born(who: Hit | Version, say: Words) -> str:
    """生年月日: 和暦 in Japanese, `western` in English."""
    return display(who.birth) if say.lang is Lang.JA else western(who.birth.code, who.birth.text)


def happened(version: Version, say: Words) -> str:
    """異動年月日, as `born`."""
    date = version.event_date
    return display(date) if say.lang is Lang.JA else western(date.code, date.text)


def moment(value: datetime) -> str:
    """A moment in Japanese time, to the second."""
    return value.astimezone(JST).strftime("%Y-%m-%d %H:%M:%S")


def minute(value: datetime) -> str:
    """A moment in Japanese time, as hours and minutes."""
    return value.astimezone(JST).strftime("%H:%M")


def figure(name: str, value: int, say: Words) -> str:
    """A count with separators and, in Japanese, its unit."""
    return f"{value:,}{say('unit.' + UNIT.get(name, 'items'))}"


def masked(value: str) -> bool:
    """Whether `value` is hidden until opened."""
    return MASK in value


def place(code: str, say: Words) -> str:
    """A municipality: its code (5 digits) with its name; as given where it is not one of the prefecture's."""
    name = say.of("municipality", code)
    return name if name == code else f"{name}（{code}）" if say.lang is Lang.JA else f"{name} ({code})"


def with_kana(name: str, kana: str, lang: Lang) -> str:
    """A name with its reading behind it, or nothing."""
    if not kana:
        return name
    return f"{name}（{kana}）" if lang is Lang.JA else f"{name} ({kana})"


_FORMS: dict[str, Callable[[Version, Words], str]] = {
    "birth": born,
    "event_date": happened,
    "sex": lambda version, say: say.of("sex", version.sex),
    "municipality": lambda version, say: place(version.municipality, say),
    "standing": lambda version, say: say.of("standing", version.standing),
    "former_name": lambda version, say: with_kana(version.former_name, version.former_name_kana, say.lang),
    "received_on": lambda version, say: (
        display_day(version.received_on) if say.lang is Lang.JA else version.received_on.isoformat()
    ),
}
"""How an item is written out where it is not shown as it is."""


def lines(register: str, version: Version, say: Words) -> list[tuple[str, str]]:
    """One version's values to show, each with the name of its item."""
    values = {name: _value(name, register, version, say) for name in _SHOWN[register]}
    return [(name, value) for name, value in values.items() if value or name not in _OPTIONAL]


def history(register: str, version: Version, say: Words) -> list[str]:
    """One version as a row of the history, by `HISTORY`."""
    return [_value(name, register, version, say) for name in HISTORY]


def _value(name: str, register: str, version: Version, say: Words) -> str:
    if name == "reason":
        # 異動事由 (honnin) or 通知区分 (fuhyo): one column, two code tables.
        return say.of(f"event_{register}", version.reason)
    form = _FORMS.get(name)
    return form(version, say) if form else str(getattr(version, name))
