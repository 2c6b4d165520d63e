"""Time-stamps of checkpoints over a real line to a real `openssl ts`: what is kept, what is refused, and that nothing waits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.audit import checkpoints
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.audit.journal import sequence
from daemon.audit.stamp import stated
from daemon.clock import JST, ManualClock, day_of, hour_of
from daemon.commands.caller import Caller
from daemon.commands.stamping import FIRST_WAIT, LONGEST_WAIT, wait
from daemon.config import Timestamps
from daemon.rehearsal.authority import PATH
from daemon.store.engine import Table
from tests.audit.tsa import Certified, certified, now
from tests.commands.inquiries.asking import query, search
from tests.commands.notices.test_notices import notice, send, size
from tests.commands.stamping import FAULTS, THEIRS, Room, hanging
from tests.conftest import Bench
from tests.register.people import HONNIN


@pytest.fixture
def clock() -> ManualClock:
    """OpenSSL reads the machine's clock, so the register starts there."""
    return ManualClock(now())


@pytest.fixture(scope="session")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return certified(tmp_path_factory.mktemp("tsa") / "good")


@pytest.fixture
async def room(honnin: Bench, tsa: Certified, tmp_path: Path) -> AsyncIterator[Room]:
    way = tmp_path / "t.sock"
    settings = Timestamps(socket=way, host="jikoku.jukura.test", path=PATH, ca=tsa.ca)
    await honnin.stop()
    honnin.config = replace(honnin.config, timestamps=settings)
    await honnin.start()
    made = Room(honnin, tsa, tsa.authority(), way)
    await made.serve(made.authority)
    yield made
    for authority in made.serving:
        await authority.stop()


async def test_a_checkpoint_is_stamped_kept_and_logged_in_one_commit(room: Room) -> None:
    signed = await room.signed()
    assert await room.look() == ""
    ((at, reply),) = (await room.kept()).items()
    assert at == signed
    text = (await checkpoints.newest(room.bench.open.engine)).text  # type: ignore[union-attr]
    assert room.tsa.verify(text, reply).returncode == 0
    assert room.tsa.verify(text.replace(b"honnin", b"fuhyo"), reply).returncode != 0
    assert await room.told() == [(Action.TIMESTAMP_KEPT, Outcome.OK, "", {"size": signed})]
    state = room.stamping.state()
    assert (state.size, state.last, state.overdue, state.failures) == (signed, stated(reply), False, 0)


async def test_nothing_is_asked_before_anything_is_signed(room: Room) -> None:
    await send(room.bench, notice("n1"))
    await room.look()
    assert (room.authority.asked, await room.kept()) == (0, {})


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_a_reply_that_does_not_hold_is_never_kept_and_the_next_good_one_is(
    room: Room, fault: Callable[[Room], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.peers.authority.DEADLINE", 0.3 if fault is hanging else 30.0)
    before, code = room.authority, FAULTS[fault]
    await fault(room)
    signed = await room.signed()
    assert await room.look() == code
    assert await room.kept() == {}
    outcome = Outcome.REFUSED if FAULTS[fault] in THEIRS else Outcome.FAILED
    assert await room.told() == [(Action.TIMESTAMP_FAILED, outcome, code, {"size": signed})]
    assert room.stamping.state().failures == 1
    assert (await room.look(), room.authority.asked <= 1) == (code, True), "not before the pause is over"
    # It is made good, and after the pause a stamp is had.
    before.faults = type(before.faults)()
    await room.again(ca=room.tsa.ca, path=PATH)
    await room.serve(room.tsa.authority())
    await room.signed()
    room.bench.clock.advance(timedelta(seconds=FIRST_WAIT))
    assert await room.look() == ""
    assert list(await room.kept()) == [room.stamping.state().size]


async def test_an_authority_away_for_days_is_a_state_and_stops_nothing(room: Room, caller: Caller) -> None:
    room.authority.faults.status = 503
    await room.signed()
    began, overdue_at = room.bench.clock.now(), None
    for minute in range(3 * 24 * 60):
        room.bench.clock.advance(timedelta(minutes=1))
        await room.look()
        if room.stamping.overdue and overdue_at is None:
            overdue_at = minute
        if minute % (12 * 60) == 0:
            (verdict,) = await send(room.bench, notice(f"n{minute}"))
            assert verdict.id == f"n{minute}"
            await room.bench.open.signer.sign()
            assert len((await search(room.bench, caller, query(HONNIN.kana))).hits) == 1
    assert overdue_at is not None
    assert abs(overdue_at - 24 * 60) <= 1
    assert 3 * 24 <= room.authority.asked <= 3 * 24 * 2 + 12, "tried about once an hour"
    days = {day_of(began + timedelta(days=n)) for n in range(4)}
    assert 3 <= len(await room.told()) <= len(days)
    assert room.stamping.state().failures == room.authority.asked
    # It is back; only that its clock is not three days ahead, as ours is here.
    room.authority.faults.status = 200
    room.bench.clock.advance(timedelta(seconds=LONGEST_WAIT))
    assert await room.look() == "timestamp.wrong_time"


async def test_two_failures_in_turn_have_one_entry_a_day_each(room: Room) -> None:
    await room.signed()
    clock = room.bench.clock
    room.authority.faults.instead = b"?"
    for day in (1, 2):
        clock.advance(datetime.combine(day_of(clock.now()) + timedelta(days=1), time(), JST) - clock.now())
        for hour in range(20):
            room.authority.faults.status = 503 if hour % 2 else 200
            await room.look()
            clock.advance(timedelta(hours=1))
        both = ["timestamp.bad_reply", "timestamp.no_answer"]
        assert [code for _, _, code, _ in await room.told()] == both * day
    assert room.authority.asked == 40


@pytest.mark.parametrize("hours", [1, 6])
async def test_one_is_asked_for_at_the_first_look_after_so_many_hours(room: Room, hours: int) -> None:
    await room.again(hours=hours)
    await room.signed()
    await room.look()
    await room.signed()
    first = room.bench.clock.now()
    assert room.authority.asked == 1
    room.bench.clock.advance(hour_of(first) + timedelta(hours=hours, seconds=-1) - first)
    await room.look()
    assert room.authority.asked == 1
    room.bench.clock.advance(timedelta(seconds=1))
    await room.look()
    assert room.authority.asked == 2


async def test_what_was_stamped_is_known_after_a_start_and_is_not_asked_again(room: Room) -> None:
    signed = await room.signed()
    await room.look()
    before = room.stamping.state()
    await room.bench.open.engine.apply({Table.TIMESTAMPS: {sequence(0): b"an older one"}})
    await room.again(hours=24)
    assert room.stamping.state() == replace(before, hours=24)
    await room.look()
    assert (room.authority.asked, list(await room.kept())) == (1, [0, signed])
    room.bench.clock.advance(timedelta(hours=20))
    await room.again()
    assert not room.stamping.overdue
    room.bench.clock.advance(timedelta(hours=5))
    assert room.stamping.overdue


async def test_a_kept_reply_that_cannot_be_read_keeps_nothing_from_starting(room: Room) -> None:
    signed = await room.signed()
    await room.bench.open.engine.apply({Table.TIMESTAMPS: {sequence(signed - 1): b"?"}})
    await room.again()
    assert await room.look() == ""
    assert room.stamping.state().size == signed


async def test_what_was_stamped_is_not_stamped_again_while_nothing_newer_is_signed(room: Room) -> None:
    """The token is away, say."""
    await room.signed()
    await room.look()
    room.bench.clock.advance(timedelta(hours=2))
    assert await room.look() == ""
    assert room.authority.asked == 1


async def test_a_register_that_never_had_one_is_overdue_over_starts(room: Room) -> None:
    room.authority.faults.status = 503
    await room.signed()
    await room.look()
    for _ in range(3):
        room.bench.clock.advance(timedelta(hours=9))
        await room.again()
    assert room.stamping.state().overdue


async def test_a_stamped_note_stays_as_it_was_stamped(room: Room) -> None:
    """Also where the same size is signed once more."""
    signed = await room.signed()
    stamped = await checkpoints.newest(room.bench.open.engine)
    assert stamped is not None
    await room.bench.open.engine.apply({Table.TIMESTAMPS: {sequence(signed): b"reply"}})
    room.bench.clock.advance(timedelta(hours=1))
    later = await room.bench.open.signer.sign()
    assert later is not None
    assert later != stamped.note
    assert await checkpoints.newest(room.bench.open.engine) == stamped


async def test_a_stamp_of_a_note_that_was_signed_anew_meanwhile_is_not_kept(room: Room) -> None:
    signed = await room.signed()
    room.authority.faults.delay = 0.5
    looking = asyncio.ensure_future(room.look())  # noqa: TID251 - both at once is the case
    await asyncio.sleep(0.1)
    room.bench.clock.advance(timedelta(minutes=2))
    await room.bench.open.signer.sign(at_once=True)
    assert await looking == ""
    assert (await room.kept(), await room.told()) == ({}, [])
    await room.look()
    assert list(await room.kept()) == [signed]


async def test_without_an_authority_there_is_none_and_no_alarm(honnin: Bench) -> None:
    assert honnin.open.upkeep.stamping is None
    assert not honnin.open.upkeep.stamps_overdue
    assert "log.timestamps" not in _closed(honnin)
    assert await size(honnin, Table.TIMESTAMPS) == 0


def _closed(bench: Bench) -> list[str]:
    work = bench.open.upkeep.background()
    for each in work.values():
        each.close()
    return list(work)


@given(st.integers(1, 100), st.floats(0, 1))
def test_the_pause_grows_and_is_bounded(failures: int, chance: float) -> None:
    pause = wait(failures, chance)
    assert FIRST_WAIT / 2 <= pause <= LONGEST_WAIT
    assert wait(failures + 1, chance) >= pause
    assert wait(failures, 1.0) <= 2 * wait(failures, 0.0)
    assert wait(1, 1.0) == FIRST_WAIT
    assert wait(100, 1.0) == LONGEST_WAIT
