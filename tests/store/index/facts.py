"""What the tests of the index share: facts to project, searches for them, and moments to come between."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from daemon.register.transitions import Standing
from daemon.register.wanted import Keys, Named, Wanted
from daemon.store.index import Index
from tests.store.index.lives import Fact, row_at

PRESENT = (Standing.PRESENT,)
TODAY = 20200110


def fact(
    kana: str = "あい",
    *,
    since: int = 20200105,
    standing: Standing = Standing.PRESENT,
    delay: int = 0,
    code: int = 0,
    **keys: Any,
) -> Fact:
    """A version with this reading."""
    given = {
        "names": ("山田",),
        "birth": (19890107, 19890107),
        "sex": "1",
        "municipality": "35203",
        "town": "001000",
    }
    return Fact(
        Keys(kana=(kana,), address="滝町1-1", **(given | keys)),
        standing,
        since,
        delay=delay,
        number="111111111111",
        code=code,
    )


def reading(*kana: str, on: int = TODAY, former: bool = False) -> Wanted:
    return Wanted(on=on, standings=PRESENT, kana=Named(kana, whole=True), former=former)


def before_the_file(
    index: Index, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[object]]
) -> None:
    """Let something happen after a search has asked the memory, before it asks the file; once."""
    read, due = index.pages.read, [happens]

    async def later(*arguments: Any, **named: Any) -> Any:
        while due:
            await due.pop()()
        return await read(*arguments, **named)

    monkeypatch.setattr(index.pages, "read", later)


def after_the_file(
    index: Index, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[object]]
) -> None:
    """Let something happen after the file has answered, before a search hears it; once."""
    read, due = index.pages.read, [happens]

    async def first(*arguments: Any, **named: Any) -> Any:
        answer = await read(*arguments, **named)
        while due:
            await due.pop()()
        return answer

    monkeypatch.setattr(index.pages, "read", first)


async def rows(index: Index, wanted: Wanted, limit: int = 9) -> list[bytes]:
    return list(map(row_at, await index.find(wanted, limit=limit)))
