"""Whose a 住民票コード or a 個人番号 is, or was: what the memory and the file say together.

A person may have had other codes before (異動事由 51, 通知区分 4). Each version carries them as further keys that are former, so
that the newest version alone tells who had a code. At most one person ever has one.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import partial

import msgspec

from daemon.errors import IntegrityError
from daemon.store.index.layers import Mark
from daemon.store.index.recent import Recent
from daemon.store.index.schema import key_of
from daemon.store.index.version import Kind, Known, Latest, latest_of
from daemon.store.pages import Pages


class Key(StrEnum):
    """What somebody can be asked for by."""

    CODE = "code"
    NUMBER = "number"
    FORMER_CODE = "former_code"
    """A 住民票コード that they had before, and have no more."""


DIGITS = {Key.CODE: 11, Key.NUMBER: 12, Key.FORMER_CODE: 11}

_NEWEST = """(SELECT json_group_array(json_array({key}, hex(row), hex(person), serial, code, kana, name,
        json((SELECT json_group_array(json_array(kind, key)) FROM aliases AS a WHERE a.version = v.id))))
    FROM {source} AND v.open
        AND NOT EXISTS (SELECT 1 FROM versions AS n WHERE n.person = v.person AND n.serial > v.serial))"""
_OWN = """versions AS v INDEXED BY by_{0}
    WHERE v.{0} IN (SELECT value FROM json_each(?1))"""
_GIVEN = " AND v.number > 0"
"""0 stands for no 個人番号; twelve zeros, whose check digit is right, find nobody. A 住民票コード of zeros is one like any other."""
_FORMER = f"""aliases AS f INDEXED BY alias_key CROSS JOIN versions AS v ON v.id = f.version
    WHERE f.kind = {Kind.CODE} AND f.key IN (SELECT printf('%011d', value) FROM json_each(?1))"""  # noqa: S608 - a fixed number
SQL = {
    Key.CODE: _NEWEST.format(key="code", source=_OWN.format("code")),
    Key.NUMBER: _NEWEST.format(key="number", source=_OWN.format("number") + _GIVEN),
    Key.FORMER_CODE: _NEWEST.format(key="CAST(f.key AS INTEGER)", source=_FORMER),
}
_HITS = msgspec.json.Decoder(list[tuple[int, str, str, int, int, str, str, list[tuple[Kind, str]]]])


class Owners:
    """Asks the memory, then the file, as they stood when it began."""

    def __init__(self, pages: Pages, recent: Recent) -> None:
        self._pages = pages
        self._recent = recent

    async def latest(self, codes: Sequence[str]) -> dict[str, Latest]:
        """The newest version of each person who has one of these 住民票コード in it."""
        mark = self._recent.mark()
        found: dict[str, Latest] = {}
        for code in codes:
            _each_once(found, [(code, latest_of(each)) for each in self._recent.keyed(mark, code)])
        asked = [code for code in codes if code not in found]
        return _each_once(found, await self._file(mark, (Key.CODE,), asked))

    async def formerly(self, codes: Sequence[str]) -> dict[str, Latest]:
        """The newest version of each person who had one of these 住民票コード before, and has another in it."""
        mark = self._recent.mark()
        found: dict[str, Latest] = {}
        for code in codes:
            _each_once(found, [(code, latest_of(each)) for each in self._recent.formerly(mark, code)])
        return _each_once(found, await self._file(mark, (Key.FORMER_CODE,), codes))

    async def by_code(self, code: str) -> list[Latest]:
        """The newest version of whoever has this 住民票コード, or had it."""
        mark = self._recent.mark()
        held = [*self._recent.keyed(mark, code), *self._recent.formerly(mark, code)]
        found = {each.person: latest_of(each) for each in held}
        for _, where in await self._file(mark, (Key.CODE, Key.FORMER_CODE), [code]):
            found.setdefault(where.person, where)
        return list(found.values())

    async def by_number(self, number: str) -> list[Latest]:
        """The newest versions of those who have this 個人番号 in it."""
        mark = self._recent.mark()
        found = {each.person: latest_of(each) for each in self._recent.keyed(mark, number)}
        for _, where in await self._file(mark, (Key.NUMBER,), [number]):
            found.setdefault(where.person, where)
        return list(found.values())

    async def _file(self, mark: Mark, keys: Sequence[Key], texts: Sequence[str]) -> list[tuple[str, Latest]]:
        """Who is found in the file by which of `texts`; what is no key finds nobody."""
        asked = {int(text): text for text in texts if _is_key(text, DIGITS[keys[0]])}
        if not asked:
            return []
        hits = await self._pages.read(partial(newest, keys=keys, values=list(asked)))
        return [(asked[key], hit) for key, hit in hits if not self._recent.stale(mark, hit)]


def newest(
    connection: sqlite3.Connection, *, keys: Sequence[Key], values: Sequence[int]
) -> list[tuple[int, Latest]]:
    """The newest versions in the file of those who have, or had, one of `values` as one of `keys`, each with that value.

    In one statement, which sees one state of the file: whoever changes their code meanwhile is found as before or as after.
    """
    sql = f"SELECT {', '.join(SQL[key] for key in keys)}"
    answers = connection.execute(sql, (msgspec.json.encode(values).decode(),)).fetchone()
    return [
        (value, Latest(bytes.fromhex(row), bytes.fromhex(person), serial, _known(code, kana, name, further)))
        for answer in answers
        for value, row, person, serial, code, kana, name, further in _HITS.decode(answer)
    ]


def _known(code: int, kana: str, name: str, further: Sequence[tuple[Kind, str]]) -> Known:
    if not further:
        return Known((key_of(Kind.KANA, kana),) if kana else (), (name,) if name else (), (f"{code:011}",))
    keys = {Kind.KANA: [kana], Kind.NAME: [name], Kind.CODE: [f"{code:011}"]}
    for kind, key in further:
        keys[kind].append(key)
    return Known(*(tuple(key_of(kind, key) for key in keys[kind] if key) for kind in Kind))


def _each_once(found: dict[str, Latest], further: Iterable[tuple[str, Latest]]) -> dict[str, Latest]:
    """`found` with what was found further; IntegrityError where another person has the same code."""
    for code, where in further:
        if found.setdefault(code, where).person != where.person:
            raise IntegrityError("index.code_twice")
    return found


def _is_key(text: str, digits: int) -> bool:
    return len(text) == digits and text.isascii() and text.isdigit()
