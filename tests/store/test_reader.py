"""What the reader answers: the truth, as of a day, whatever the projection says and whatever changes meanwhile."""

import asyncio
from collections.abc import Sequence
from datetime import date
from sqlite3 import Connection

import pytest
from msgspec.structs import replace

from daemon.errors import StateError, TooMuchError
from daemon.register.dates import number_of, of_day
from daemon.register.transitions import Standing
from daemon.register.wanted import Named, Wanted
from daemon.store.index import LogChange, Version, schema
from daemon.store.rows import Stored
from tests.commands.notices.test_notices import DAY, notice, send
from tests.conftest import Bench
from tests.register.people import HONNIN
from tests.store.test_catchup import former, remove, renamed
from tests.store.turning import EVERYONE, fill, found, move, newcomer, rows, tell

TODAY = EVERYONE.on
FIRST = number_of(date(2026, 11, 20))
"""The day from which newcomers are there."""


def serials(found: Sequence[Stored]) -> list[int]:
    return sorted(stored.row.serial for stored in found)


def on(day: int) -> Wanted:
    return Wanted(on=day, standings=(Standing.PRESENT,))


async def leave(bench: Bench, number: int, day: date) -> None:
    record = replace(newcomer(number), reason="21", event_date=of_day(day, era="5"))
    await tell(bench, f"l{number}", record)


async def person(bench: Bench, number: int) -> bytes:
    code = newcomer(number).juminhyo_code
    return next(each.person for each in (await rows(bench)).values() if each.row.juminhyo_code == code)


async def write(bench: Bench, sql: str, *given: object) -> None:
    """Make the projection's file lie."""
    await bench.open.merger.merge()

    def lie(connection: Connection) -> None:
        connection.execute(sql, given)

    await bench.open.index.pages.write(lie)


async def test_each_day_has_its_version(honnin: Bench) -> None:
    await fill(honnin, 1)
    await move(honnin, 1, 2)
    reader = honnin.open.reader
    for merged in (False, True):
        if merged:
            await honnin.open.merger.merge()
        assert [serials(await reader.find(on(day), limit=9)) for day in (FIRST - 1, FIRST, TODAY - 1, TODAY)] == [
            [], [1], [1], [2],
        ]  # fmt: skip
        code = newcomer(1).juminhyo_code
        assert [serials(await reader.by_code(code, on=day)) for day in (FIRST - 1, TODAY - 1, TODAY)] == [
            [], [1], [2],
        ]  # fmt: skip


async def test_who_will_leave_is_still_here(honnin: Bench) -> None:
    await fill(honnin, 1)
    await leave(honnin, 1, date(2026, 12, 1))
    reader = honnin.open.reader
    out = Wanted(on=TODAY, standings=(Standing.OUT,))
    for merged in (False, True):
        if merged:
            await honnin.open.merger.merge()
        assert serials(await reader.find(EVERYONE, limit=9)) == [1]
        assert serials(await reader.by_code(newcomer(1).juminhyo_code, on=TODAY)) == [1]
        assert await reader.find(out, limit=9) == []
        assert serials(await reader.find(replaced(out, 20261201), limit=9)) == [2]
        assert await reader.people((Standing.PRESENT,), on=TODAY) == 1
        assert await reader.people((Standing.OUT,), on=20261201) == 1


def replaced(wanted: Wanted, day: int) -> Wanted:
    return Wanted(on=day, standings=wanted.standings)


async def test_a_code_of_zeros_is_one_like_any_other(honnin: Bench) -> None:
    """Its check digit is right."""
    zeros = newcomer(0).juminhyo_code
    assert zeros == "00000000000"
    await fill(honnin, 0)
    for _ in ("in memory", "in the file"):
        assert serials(await honnin.open.reader.by_code(zeros, on=TODAY)) == [1]
        await honnin.open.merger.merge()
    (again,) = await send(honnin, notice("again", newcomer(0), seq=2))
    assert again.code == "reason.present_already"


async def test_by_number(honnin: Bench) -> None:
    await send(honnin, notice("n", HONNIN))
    other = replace(HONNIN, reason="41", kojin_bango="987654321093", event_date=DAY)
    await send(honnin, notice("m", other, seq=2))
    reader = honnin.open.reader
    for merged in (False, True):
        if merged:
            await honnin.open.merger.merge()
        assert await reader.by_number(HONNIN.kojin_bango, on=TODAY) == []
        assert serials(await reader.by_number("987654321093", on=TODAY)) == [2]
        # The day before they still had the other one.
        assert await reader.by_number("987654321093", on=TODAY - 1) == []
        for number in ("", "12", "98765432109x", "9" * 40):
            assert await reader.by_number(number, on=TODAY) == []


async def test_everybody_with_a_number_is_found_by_it(honnin: Bench) -> None:
    """A 転入 under a new 住民票コード that comes before the change of that code is taken for another person's first word."""
    await send(honnin, notice("first", HONNIN))
    await honnin.open.merger.merge()
    await tell(honnin, "moved", replace(HONNIN, reason="31", event_date=DAY, address="山口県山口市滝町2番"))
    await honnin.open.merger.merge()
    into = replace(HONNIN, juminhyo_code=newcomer(1).juminhyo_code, municipality="35201")
    await send(honnin, notice("second", into), sender="35201")
    reader = honnin.open.reader
    for merged in (False, True):
        if merged:
            await honnin.open.merger.merge()
        assert serials(await reader.by_number(HONNIN.kojin_bango, on=TODAY)) == [1, 2]


@pytest.mark.parametrize("reference", [b"", b"x" * 15, b"x" * 16, b"x" * 17])
async def test_nobody_has_no_history(honnin: Bench, reference: bytes) -> None:
    await fill(honnin, 1)
    assert await honnin.open.reader.history(reference) == []


async def test_former_names_are_those_of_earlier_versions(honnin: Bench) -> None:
    await fill(honnin, 1)
    await renamed(honnin, 1, "甲　一", "乙　一")
    reader = honnin.open.reader
    plain = Wanted(on=TODAY, standings=(Standing.PRESENT,), name=Named(("甲一",), whole=True))
    for merged in (False, True):
        if merged:
            await honnin.open.merger.merge()
        assert await reader.find(plain, limit=9) == []
        assert serials(await reader.find(former("甲一"), limit=9)) == [3]
        assert await reader.find(former("丙一"), limit=9) == []


async def test_what_the_projection_makes_up_reaches_nobody(honnin: Bench) -> None:
    await fill(honnin, 1, 2)
    wanted = Wanted(on=TODAY, standings=(Standing.PRESENT,), kana=Named(("たなか",)))
    await write(honnin, "UPDATE versions SET kana = ?", schema.packed("たなか"))
    assert len(await honnin.open.index.find(wanted, limit=9)) == 2
    assert await honnin.open.reader.find(wanted, limit=9) == []


async def test_a_few_who_do_not_fit_hide_nobody_and_make_nobody_too_many(honnin: Bench) -> None:
    await fill(honnin, 1, 2, 3, 4)
    real = replace(newcomer(40), kana="たなか　はな")
    await send(honnin, notice("real", real))
    wanted = Wanted(on=TODAY, standings=(Standing.PRESENT,), kana=Named(("たなか",)))
    made_up, kept = schema.packed("たなか"), schema.packed("たなかはな")
    await write(honnin, "UPDATE versions SET kana = ? WHERE kana != ?", made_up, kept)
    for limit in (1, 2, 50):
        hits = await honnin.open.reader.find(wanted, limit=limit)
        assert [stored.row.juminhyo_code for stored in hits] == [real.juminhyo_code]


async def test_more_than_the_limit_is_an_error(honnin: Bench) -> None:
    await fill(honnin, *range(1, 8))
    reader = honnin.open.reader
    for limit in range(7):
        with pytest.raises(TooMuchError, match=r"search\.too_many"):
            await reader.find(EVERYONE, limit=limit)
    for limit in (7, 8, 100):
        assert len(await reader.find(EVERYONE, limit=limit)) == 7


async def test_far_too_many_are_refused_without_opening_a_row(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, *range(1, 20))

    def never(*_: object) -> Stored:
        raise AssertionError

    monkeypatch.setattr(honnin.open.reader._codec, "open", never)
    with pytest.raises(TooMuchError, match=r"search\.too_many"):
        await honnin.open.reader.find(EVERYONE, limit=9)


async def test_a_notice_between_proposal_and_answer_loses_nobody(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, 1, 2, 3)
    await honnin.open.merger.merge()
    propose, gone = honnin.open.index.find, await person(honnin, 3)

    async def and_then(wanted: Wanted, *, limit: int) -> list[int]:
        proposed = await propose(wanted, limit=limit)
        monkeypatch.setattr(honnin.open.index, "find", propose)
        await move(honnin, 1, 2)
        await remove(honnin, *(row for row, each in (await rows(honnin)).items() if each.person == gone))
        return proposed

    monkeypatch.setattr(honnin.open.index, "find", and_then)
    assert serials(await honnin.open.reader.find(EVERYONE, limit=9)) == [1, 2]


async def test_the_projection_may_be_moments_behind_the_truth(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, 1)
    await honnin.open.merger.merge()
    follow = honnin.open.merger.follow

    async def late(
        commit: int, versions: Sequence[Version], removed: Sequence[bytes], log: LogChange
    ) -> None:
        await asyncio.sleep(0.02)
        await follow(commit, versions, removed, log)

    monkeypatch.setattr(honnin.open.merger, "follow", late)
    seen = set()
    async with asyncio.TaskGroup() as group:
        moving = group.create_task(move(honnin, 1, 2))
        while not moving.done():
            (serial,) = serials(await honnin.open.reader.find(EVERYONE, limit=9))
            seen.add(serial)
    assert serials(await honnin.open.reader.find(EVERYONE, limit=9)) == [2]
    assert seen == {1, 2}


async def test_a_successor_that_never_comes_is_an_error_and_no_older_version(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.reader.TRIES", 3)
    await fill(honnin, 1)

    async def never(*_: object) -> None:
        """The projection hears nothing."""

    monkeypatch.setattr(honnin.open.merger, "follow", never)
    await move(honnin, 1, 2)
    with pytest.raises(StateError, match=r"index\.behind"):
        await honnin.open.reader.find(EVERYONE, limit=9)


async def test_searches_find_everyone_while_everything_moves(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.merging.MERGED", 5)
    monkeypatch.setattr("daemon.store.merging.REST", 0.005)
    await fill(honnin, *range(1, 21))
    moving = True

    async def moves() -> None:
        nonlocal moving
        for serial in range(2, 8):
            for number in range(1, 21, 4):
                await move(honnin, number, serial)
        moving = False

    async def search() -> int:
        searches = 0
        while moving:
            assert (await found(honnin)) == {newcomer(n).juminhyo_code: 1 for n in range(1, 21)}
            searches += 1
        return searches

    async with asyncio.TaskGroup() as group:
        asked = group.create_task(search())
        group.create_task(moves())
    assert asked.result() > 5
