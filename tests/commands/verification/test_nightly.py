"""Rows changed behind the register's back: seen by the next look at all of them or at the next start, told, and kept until explained."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.audit.entry import Opened, Outcome
from daemon.audit.journal import HEAD
from daemon.clock import JST
from daemon.commands.caller import RIGHTS, Caller, Right, Role
from daemon.commands.verification.nightly import is_due
from daemon.contract.console import SEARCH, Search
from daemon.contract.peer import Outcome as Taken
from daemon.contract.verification import ACCEPT_ROWS, AcceptRows, RowsAccepted
from daemon.crypto.multiset import packed
from daemon.crypto.seal import Place
from daemon.errors import AuthorityError, ConflictError, InputError, IntegrityError, JukuraError, StateError
from daemon.store.commitment import KEY
from daemon.store.engine import Table
from daemon.tasks import Tasks
from tests.commands.notices.test_notices import entries, notice, send
from tests.commands.verification.deeds import (
    DEEDS,
    Deed,
    added,
    altered,
    behind,
    lie,
    misplaced,
    removed,
    rolled_back,
    row_is,
)
from tests.conftest import Bench
from tests.store.test_commitment import persisted
from tests.store.turning import fill, move, newcomer

ROWS = {Action.ROWS_VERIFIED, Action.ROWS_ACCEPT_ASKED, Action.ROWS_ACCEPTED}
CHIEF = Caller("tokatsu", "名前", "市町課", frozenset({Role.CHIEF}), {}, "T01")
ADMINISTRATOR = Caller("kanri", "名前", "市町課", frozenset({Role.ADMINISTRATOR}), {}, "T01")
QUESTION = Search(affair="plain", purpose="照会", application="1", kana="ヤマグチ")


@pytest.fixture(autouse=True)
def _in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes stand for pages that were overwritten in place: nobody counts those as commits."""
    monkeypatch.setattr("daemon.store.identity._commits", lambda _: 0)


async def written(bench: Bench) -> list[Opened]:
    return [entry for entry in await entries(bench) if entry.header.action in ROWS]


async def again(bench: Bench) -> None:
    await bench.stop()
    await bench.start()


def differs(bench: Bench) -> bool:
    return bench.open.commitment.differs


async def accept(bench: Bench, *callers: Caller) -> list[bool]:
    answers = [await bench.open.desk.handlers[ACCEPT_ROWS](by, AcceptRows("復元した")) for by in callers]
    assert all(isinstance(answer, RowsAccepted) for answer in answers)
    return [answer.done for answer in answers]


@pytest.fixture
async def register(honnin: Bench) -> Bench:
    await fill(honnin, *range(1, 10))
    await move(honnin, 2, 2)
    return honnin


async def test_a_night_without_a_deed_is_written_down_and_nothing_else(register: Bench) -> None:
    await register.open.nightly.look()
    (entry,) = await written(register)
    assert (entry.header.outcome, entry.header.code, entry.header.counts) == (Outcome.OK, "", {"rows": 10})
    state = register.open.nightly.state()
    assert (state.last, state.rows, state.differs, state.done) == (register.clock.now(), 10, False, None)
    await again(register)
    assert register.open.nightly.state() == state


@pytest.mark.parametrize("deed", DEEDS)
async def test_every_deed_is_seen_the_next_night_told_and_kept(register: Bench, deed: Deed) -> None:
    await register.open.nightly.look()
    await deed(register)
    await register.open.nightly.look()
    *_, entry = await written(register)
    assert entry.header.outcome is Outcome.FAILED
    assert entry.header.code == ("store.altered" if deed is misplaced else "store.rows_differ")
    assert (await persisted(register)).differs
    with pytest.raises(StateError, match=r"store\.rows_differ"):
        register.open.nightly.require_whole()


async def test_a_damaged_page_is_told_and_a_failing_disk_is_not(
    register: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (StateError("store.disk_failing"), IntegrityError("store.damaged")):

        async def failing(*_: object, error: JukuraError = error, **__: object) -> list[tuple[bytes, bytes]]:
            raise error

        monkeypatch.setattr(register.open.engine.apart, "scan", failing)
        with suppress(StateError):
            await register.open.nightly.look()
    (entry,) = await written(register)
    assert (entry.header.outcome, entry.header.code) == (Outcome.FAILED, "store.damaged")
    assert differs(register)


async def test_neither_a_checkpoint_nor_a_restart_explains_it(register: Bench) -> None:
    await removed(register)
    await register.open.nightly.look()
    await register.open.signer.sign()
    await again(register)
    assert differs(register)
    assert register.open.nightly.state().differs


async def test_a_deed_is_not_covered_by_what_is_written_over_it(register: Bench) -> None:
    await rolled_back(register)
    await move(register, 2, 4)
    await again(register)
    await register.open.nightly.look()
    assert differs(register)


async def test_while_rows_differ_nobody_is_shown_anything_and_notices_go_on(
    register: Bench, caller: Caller
) -> None:
    await register.open.desk.handlers[SEARCH](caller, QUESTION)
    await added(register)
    await register.open.nightly.look()
    with pytest.raises(StateError, match=r"store\.rows_differ"):
        await register.open.desk.handlers[SEARCH](caller, QUESTION)
    (verdict,) = await send(register, notice("later", newcomer(99)))
    assert verdict.outcome is Taken.APPLIED
    assert await accept(register, CHIEF, ADMINISTRATOR) == [False, True]
    await register.open.desk.handlers[SEARCH](caller, QUESTION)


async def test_rows_and_the_sum_set_back_together_are_seen_at_the_next_start(register: Bench) -> None:
    rows, meta = await lie(register), await lie(register, Table.META)
    await register.open.signer.sign()
    await move(register, 2, 3)
    (row,) = [row for row, blob in (await lie(register)).items() if rows.get(row, blob) != blob]
    behind(register, row_is(row, rows[row]), ("UPDATE meta SET value = ? WHERE key = ?", (meta[KEY], KEY)))
    await register.stop()
    with pytest.raises(IntegrityError, match=r"store\.rows_replaced"):
        await register.start()


async def test_the_sum_alone_taken_away_is_seen_at_the_next_start(register: Bench) -> None:
    behind(register, ("DELETE FROM meta WHERE key = ?", (KEY,)))
    await register.stop()
    with pytest.raises(IntegrityError, match=r"store\.rows_replaced"):
        await register.start()


async def test_a_sum_that_is_not_that_of_the_signed_checkpoint_is_seen_at_the_next_start(
    register: Bench,
) -> None:
    """By someone who has the keys of the register as well, and seals what they like."""
    await register.open.signer.sign()
    await added(register)
    commitment = register.open.commitment
    with commitment.recount() as recount:
        while await recount.step():
            pass
    kept = replace(commitment._kept, total=packed(recount.total), logged=packed(recount.total))
    forged = commitment._sealer.seal(
        "secret.1", Place("honnin", Table.META, KEY), msgspec.msgpack.encode(kept)
    )
    behind(register, ("UPDATE meta SET value = ? WHERE key = ?", (forged, KEY)))
    await register.stop()
    with pytest.raises(IntegrityError, match=r"store\.rows_replaced"):
        await register.start()


async def test_set_back_together_with_the_log_the_key_service_sees_it(register: Bench) -> None:
    await register.open.signer.sign()
    rows, meta, log = [await lie(register, table) for table in (Table.ROWS, Table.META, Table.LOG)]
    await move(register, 2, 3)
    await register.open.signer.sign()
    (row,) = [row for row, blob in (await lie(register)).items() if rows.get(row, blob) != blob]
    new = [seq for seq in await lie(register, Table.LOG) if seq not in log]
    behind(
        register,
        row_is(row, rows[row]),
        *(("UPDATE meta SET value = ? WHERE key = ?", (meta[key], key)) for key in (KEY, HEAD)),
        *(("DELETE FROM log WHERE key = ?", (seq,)) for seq in new),
    )
    await register.stop()
    with pytest.raises(IntegrityError, match=r"log\.cut"):
        await register.start()


async def test_two_people_explain_it_and_from_then_on_the_rows_hold(register: Bench) -> None:
    await removed(register)
    await register.open.nightly.look()
    await move(register, 5, 2)
    assert await accept(register, CHIEF, CHIEF) == [False, False]
    assert differs(register)
    assert await accept(register, ADMINISTRATOR) == [True]
    assert not differs(register)
    await register.open.signer.sign()
    await again(register)
    await register.open.nightly.look()
    told = [(entry.header.action, entry.header.outcome) for entry in await written(register)]
    assert told == [
        (Action.ROWS_VERIFIED, Outcome.FAILED),
        (Action.ROWS_ACCEPT_ASKED, Outcome.OK),
        (Action.ROWS_ACCEPT_ASKED, Outcome.OK),
        (Action.ROWS_ACCEPTED, Outcome.OK),
        (Action.ROWS_VERIFIED, Outcome.OK),
    ]
    assert {entry.fields["reason"].value for entry in (await written(register))[1:4]} == {"復元した"}


async def test_a_second_deed_is_not_covered_by_what_was_explained(register: Bench) -> None:
    await removed(register)
    await register.open.nightly.look()
    await altered(register)
    await accept(register, CHIEF, ADMINISTRATOR)
    await register.open.nightly.look()
    assert differs(register)


async def test_a_row_that_comes_back_explains_nothing_by_itself(register: Bench) -> None:
    (row, blob), *_ = (await lie(register)).items()
    await altered(register)
    await register.open.nightly.look()
    behind(register, row_is(row, blob))
    await register.open.nightly.look()
    assert differs(register)
    await accept(register, CHIEF, ADMINISTRATOR)
    await register.open.nightly.look()
    assert not differs(register)


@pytest.mark.parametrize("role", list(Role))
async def test_who_may_explain(register: Bench, role: Role) -> None:
    await removed(register)
    await register.open.nightly.look()
    by = Caller("x", "名前", "市町課", frozenset({role}), {}, "T01")
    if role in RIGHTS[Right.ROWS_ACCEPT]:
        assert await accept(register, by) == [False]
    else:
        with pytest.raises(AuthorityError):
            await accept(register, by)
    assert (await written(register))[-1].header.action is Action.ROWS_ACCEPT_ASKED


@pytest.mark.parametrize(("reason", "error"), [(" ", InputError), ("ok", ConflictError)])
async def test_where_nothing_differs_or_no_reason_is_given_nothing_is_explained(
    register: Bench, reason: str, error: type[JukuraError]
) -> None:
    with pytest.raises(error):
        await register.open.desk.handlers[ACCEPT_ROWS](CHIEF, AcceptRows(reason))
    (entry,) = await written(register)
    assert entry.header.outcome is Outcome.REFUSED


async def test_it_goes_through_every_slice_while_notices_come(
    register: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.recount.BATCH", 1)
    shown: list[int | None] = []

    async def notices() -> None:
        for number in range(20, 40):
            await fill(register, number)
            await move(register, number, 2)
            shown.append(register.open.nightly.state().done)

    coming = Tasks().start(notices(), name="notices")
    looks = 0
    while not coming.done():
        await register.open.nightly.look()
        looks += 1
    await coming
    assert any(shown)
    assert [entry.header.outcome for entry in await written(register)] == [Outcome.OK] * looks
    assert not differs(register)


async def test_a_look_that_is_cut_off_leaves_nothing_and_is_begun_anew(
    register: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.recount.BATCH", 1)
    looking = Tasks().start(register.open.nightly.look(), name="look")
    while not register.open.nightly.state().done:
        await asyncio.sleep(0)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert register.open.nightly.state().done is None
    assert register.open.nightly.state().last is None
    assert not await written(register)
    assert not register.open.commitment._recounts


async def test_the_duty_looks_when_it_is_due_and_goes_on_after_a_failure(
    register: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.commands.verification.nightly.PAUSE", 0.01)
    scan, failures = register.open.engine.apart.scan, iter([True, True])

    async def failing(*args: object, **more: object) -> list[tuple[bytes, bytes]]:
        if next(failures, False):
            raise StateError("store.too_slow")
        return await scan(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(register.open.engine.apart, "scan", failing)
    duty = Tasks().start(register.open.nightly.run(), name="duty")
    async with asyncio.timeout(10):
        while register.open.nightly.state().last is None:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert len(await written(register)) == 1
    register.clock.advance(timedelta(days=1))
    async with asyncio.timeout(10):
        while len(await written(register)) == 1:
            await asyncio.sleep(0.01)
    duty.cancel()


NIGHT = time(2, 30)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=JST)


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (None, at(10, 12), True),
        (at(10, 2, 30), at(10, 2, 31), False),
        (at(10, 2, 29), at(10, 2, 30), True),
        (at(10, 12), at(11, 2, 29), False),
        (at(10, 12), at(11, 2, 30), True),
        (at(10, 12), at(11, 11), True),
        (at(10, 2, 31), at(11, 2, 29), False),
        (at(10, 1), at(11, 1), True),
        (at(12, 1), at(11, 12), True),
    ],
)
def test_when_it_is_due(last: datetime | None, now: datetime, due: bool) -> None:  # noqa: FBT001
    assert is_due(last and last.astimezone(UTC), now.astimezone(UTC), NIGHT) is due


@given(seconds=st.integers(0, 86_399), hour=st.times())
def test_whoever_looks_every_minute_looks_once_a_night(seconds: int, hour: time) -> None:
    start = at(10, 0) + timedelta(seconds=seconds)
    ticks = [start + timedelta(minutes=minute) for minute in range(3 * 24 * 60)]
    nights = [datetime.combine(start.date() + timedelta(days=day), hour, JST) for day in range(4)]
    last, looks = start, 0
    for now in ticks:
        if is_due(last, now, hour):
            last, looks = now, looks + 1
    assert looks == sum(start < night <= ticks[-1] for night in nights)
