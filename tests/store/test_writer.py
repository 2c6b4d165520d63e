"""Group commit: all of a piece of work or nothing of it, and nobody hears of success before it is durable."""

import asyncio

import pytest
from msgspec.structs import replace

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.errors import ConflictError, JukuraError, StateError
from daemon.store.draft import Draft
from daemon.store.engine import Changes, Table
from daemon.store.jobs import Work
from tests.commands.notices.test_notices import DAY, notice, send
from tests.conftest import Bench
from tests.store.turning import newcomer


def put(key: bytes, value: bytes = b"v") -> Work[bytes]:
    async def work(draft: Draft) -> bytes:
        draft.put(Table.META, key, value)
        draft.log(Act(Action.KEY_MADE, "test"))
        return value

    return work


async def held(bench: Bench, key: bytes) -> bytes | None:
    return (await bench.open.engine.get_many(Table.META, [key])).get(key)


async def test_many_at_once_are_all_there(honnin: Bench) -> None:
    writer = honnin.open.writer
    await asyncio.gather(*(writer.write(put(f"k{n}".encode())) for n in range(200)))
    assert honnin.open.journal.tree.size == 200
    assert await honnin.open.engine.count(Table.LOG) == 200
    assert await held(honnin, b"k199") == b"v"


async def test_work_that_raises_leaves_nothing_and_its_neighbours_stay(honnin: Bench) -> None:
    async def bad(draft: Draft) -> None:
        draft.put(Table.META, b"bad", b"x")
        draft.log(Act(Action.KEY_MADE, "test"))
        raise ConflictError("test.refused")

    writer = honnin.open.writer
    good, refused = await asyncio.gather(
        writer.write(put(b"good")), writer.write(bad), return_exceptions=True
    )
    assert good == b"v"
    assert isinstance(refused, ConflictError)
    assert await held(honnin, b"bad") is None
    assert honnin.open.journal.tree.size == 1


async def test_later_work_of_a_group_sees_what_came_before(honnin: Bench) -> None:
    async def count(draft: Draft) -> int:
        seen = int((await draft.get_many(Table.META, [b"n"])).get(b"n", b"0")) + 1
        draft.put(Table.META, b"n", str(seen).encode())
        return seen

    writer = honnin.open.writer
    assert await asyncio.gather(*(writer.write(count) for _ in range(30))) == list(range(1, 31))


async def test_what_was_read_ahead_gives_way_to_what_earlier_work_changed(honnin: Bench) -> None:
    """All of a group reads ahead before any of it changes something; nothing of that is kept for the next group."""
    writer, events = honnin.open.writer, list[str]()
    await writer.write(put(b"n", b"0"))

    async def read(draft: Draft) -> None:
        await draft.get_many(Table.META, [b"n"])
        events.append("read")

    async def count(draft: Draft) -> int:
        events.append("count")
        seen = int((await draft.get_many(Table.META, [b"n"]))[b"n"]) + 1
        draft.put(Table.META, b"n", str(seen).encode())
        return seen

    for expected in ([1, 2, 3], [4, 5, 6]):
        assert await asyncio.gather(*(writer.write(count, ahead=read) for _ in range(3))) == expected
    assert "".join(event[0] for event in events) in {"rrrcccrrrccc", "rcrrccrcrrcc"}


async def test_reading_ahead_that_fails_fails_nothing(honnin: Bench) -> None:
    async def broken(draft: Draft) -> None:
        draft.put(Table.META, b"ahead", b"x")
        raise StateError("test.broken")

    assert await honnin.open.writer.write(put(b"k"), ahead=broken) == b"v"
    assert await held(honnin, b"k") == b"v"
    assert await held(honnin, b"ahead") is None


async def test_a_deleted_key_is_gone_for_later_work_of_the_group(honnin: Bench) -> None:
    async def delete(draft: Draft) -> None:
        draft.delete(Table.META, b"k")

    async def look(draft: Draft) -> dict[bytes, bytes]:
        return await draft.get_many(Table.META, [b"k"])

    writer = honnin.open.writer
    await writer.write(put(b"k"))
    _, seen = await asyncio.gather(writer.write(delete), writer.write(look))
    assert seen == {}


async def test_a_failed_commit_is_told_to_everyone_and_takes_nothing(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = honnin.open.engine
    working = engine.apply

    async def full(_: Changes) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr(engine, "apply", full)
    failed = await asyncio.gather(
        *(honnin.open.writer.write(put(b"k")) for _ in range(3)), return_exceptions=True
    )
    assert [error.code for error in failed if isinstance(error, JukuraError)] == ["store.cannot_write"] * 3
    assert honnin.open.journal.tree.size == 0
    monkeypatch.setattr(engine, "apply", working)
    await honnin.open.writer.write(put(b"k"))
    assert honnin.open.journal.tree.size == 1
    assert await held(honnin, b"k") == b"v"


async def test_work_that_hangs_is_given_up(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.groups.DEADLINE", 0.05)

    async def hang(_: Draft) -> None:
        await asyncio.sleep(60)

    hung, good = await asyncio.gather(
        honnin.open.writer.write(hang), honnin.open.writer.write(put(b"k")), return_exceptions=True
    )
    assert isinstance(hung, StateError)
    assert hung.code == "store.too_slow"
    assert good == b"v"


async def test_a_disk_that_says_nothing_is_not_waited_for_without_end(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.writer.WORD", 0.05)
    stuck = asyncio.Event()
    working = honnin.open.engine.apply

    async def stall(changes: Changes) -> None:
        await stuck.wait()
        await working(changes)

    monkeypatch.setattr(honnin.open.engine, "apply", stall)
    with pytest.raises(StateError, match=r"store\.no_word"):
        await honnin.open.writer.write(put(b"k"))
    stuck.set()
    await asyncio.sleep(0.05)
    assert await held(honnin, b"k") == b"v"


async def test_after_closing_nothing_is_taken_and_what_was_queued_is_done(honnin: Bench) -> None:
    writer = honnin.open.writer
    queued = [asyncio.ensure_future(writer.write(put(f"q{n}".encode()))) for n in range(5)]  # noqa: TID251
    await asyncio.sleep(0)
    await writer.close()
    with pytest.raises(StateError, match=r"state\.stopping"):
        await writer.write(put(b"late"))
    assert await asyncio.gather(*queued) == [b"v"] * 5


async def test_places_ascend_over_groups_and_restarts(honnin: Bench) -> None:
    async def place(draft: Draft) -> bytes:
        draft.put(Table.META, b"x", b"x")
        return draft.place()

    places = [await honnin.open.writer.write(place) for _ in range(3)]
    places += await asyncio.gather(*(honnin.open.writer.write(place) for _ in range(3)))
    await honnin.stop()
    await honnin.start()
    places.append(await honnin.open.writer.write(place))
    assert places == sorted(set(places))


async def test_seals_go_on_being_counted_after_a_restart(honnin: Bench) -> None:
    await honnin.open.writer.write(put(b"k"))
    before = honnin.open.people._sealer.counts["log.2026"]
    await honnin.stop()
    await honnin.start()
    assert honnin.open.people._sealer.counts["log.2026"] == before == 1


async def test_later_work_of_a_group_sees_whom_earlier_work_brought(honnin: Bench) -> None:
    for number in (1, 2, 3):
        moved = replace(newcomer(number), reason="31", event_date=DAY, address="山口県山口市滝町２番２号")
        first, second, third = await asyncio.gather(
            send(honnin, notice(f"a{number}", newcomer(number))),
            send(honnin, notice(f"b{number}", moved, seq=2)),
            send(honnin, notice(f"c{number}", replace(moved, address="山口県山口市滝町３番３号"), seq=3)),
        )
        assert [verdict.serial for (verdict,) in (first, second, third)] == [1, 2, 3]
    assert honnin.open.journal.tree.size == 9
    assert len(await honnin.open.engine.scan(Table.CHANGES, limit=100)) < 9  # some of it did share a commit
