"""整合性確認 through cuts, kills and starts, and beside notices that come meanwhile: what is found is what was there."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.commands.reconciliation.runs import Part, _key
from daemon.contract.codec import encode
from daemon.contract.endpoint import Endpoint
from daemon.contract.reconciliation import (
    CANCEL,
    RANGES,
    RECORDS,
    RESULT,
    Begin,
    Head,
    Mode,
    Phase,
    ResultQuery,
    RunName,
)
from daemon.errors import InputError, StateError
from daemon.register.rows import Record, Register, RegisterDate
from daemon.store.engine import Table
from tests.commands.notices.test_notices import entries, size
from tests.commands.reconciliation.comparing import (
    HERE,
    THERE,
    Direct,
    append,
    code_of,
    comparison,
    naive,
    person,
    put,
    raw,
    settled,
    small,
)
from tests.commands.reconciliation.test_reconciliation import shown
from tests.conftest import Bench
from tests.store.kills import Kills

PAST = RegisterDate("20261101", "5")
OURS = [person(Register.HONNIN, number) for number in range(30)]
THEIRS = [
    *(replace(one, kana="べつ　じん") if number % 7 == 0 else one for number, one in enumerate(OURS[3:])),
    *(person(Register.HONNIN, number) for number in (50, 51)),
]
"""Three are lost, some differ, two are unknown."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)


async def filled(bench: Bench) -> None:
    await put(bench, *([one] for one in OURS))


async def test_a_transfer_that_is_cut_goes_on_where_it_was(honnin: Bench) -> None:
    await filled(honnin)
    outcome = await comparison(honnin, THEIRS, cuts=[3, 0, 17, 1, 4]).full()
    assert shown(outcome.findings) == naive(Register.HONNIN, OURS, THEIRS)
    assert outcome.result.received == outcome.result.traffic.records_in == len(THEIRS)


async def test_killed_at_any_step(
    honnin: Bench, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(honnin)
    kills = Kills(honnin.state, tmp_path_factory.mktemp("copies"), every=14)
    with monkeypatch.context() as patched:
        kills.install(patched)
        kills.on = True
        await comparison(honnin, THEIRS).full()
        kills.on = False
    assert len(kills.taken) > 4
    phases = set[str]()
    for folder, _ in kills.taken:
        again = Bench(honnin.config, folder, honnin.clock, honnin.service)
        await again.start()
        try:
            phases.add(await _goes_on(again))
        finally:
            await again.stop()
    assert len(phases) > 2


async def _goes_on(bench: Bench) -> str:
    """Where a kill left a run; it comes to its end from there, and nothing is found twice or not at all."""
    line, there = Direct(bench), comparison(bench, THEIRS)
    try:
        left = await line.ask(RESULT, ResultQuery())
    except InputError:
        await there.full()
        return "none"
    outcome = await (there.go_on(left.run) if left.phase is Phase.RECEIVING else there.fetch(left.run))
    assert shown(outcome.findings) == naive(Register.HONNIN, OURS, THEIRS)
    await settled(bench)
    assert await size(bench, Table.RUNS) == 1 + outcome.result.pages
    return str(left.phase)


async def test_a_start_while_ranges_are_compared(honnin: Bench) -> None:
    await filled(honnin)

    async def again() -> None:
        await honnin.stop()
        await honnin.start()

    outcome = await comparison(honnin, THEIRS, before={RANGES: again}).ranges()
    assert shown(outcome.findings) == naive(Register.HONNIN, OURS, THEIRS)


@pytest.mark.parametrize("mode", ["full", "ranges"])
async def test_what_changes_meanwhile_is_no_difference(honnin: Bench, mode: str) -> None:
    await filled(honnin)
    await put(honnin, [person(Register.HONNIN, 40, municipality=THERE)])

    async def changes() -> None:
        honnin.clock.advance(timedelta(minutes=5))
        # One is corrected, one moves away, one comes, one is born, one dies; nobody told the municipality yet.
        await append(honnin, replace(OURS[20], kana="べつ　じん", reason="34"))
        await append(honnin, replace(OURS[21], municipality=THERE, reason="11", event_date=PAST))
        await append(honnin, person(Register.HONNIN, 40, reason="11", event_date=PAST))
        await put(honnin, [person(Register.HONNIN, 41, reason="13")])
        await append(honnin, replace(OURS[22], reason="23", event_date=PAST))

    if mode == "full":
        outcome = await comparison(honnin, OURS[:25], after_records=changes).full()
        changed = {20, 21, 22, 40, 41}
    else:
        outcome = await comparison(honnin, OURS[:25], before={RANGES: changes}).ranges()
        # Digests were made before; only who is asked about is looked at anew.
        changed = set()
    found = shown(outcome.findings)
    lost = {("only_here", code_of(number), ()) for number in range(25, 30)}
    assert found == lost | {("changed", code_of(number), ()) for number in changed}


async def test_in_ranges_a_difference_is_judged_when_the_record_comes(honnin: Bench) -> None:
    await filled(honnin)
    theirs = [replace(OURS[0], kana="べつ　じん"), *OURS[1:28]]

    async def changes() -> None:
        honnin.clock.advance(timedelta(minutes=5))
        await append(honnin, replace(OURS[0], sex="0", reason="32"))
        await append(honnin, replace(OURS[28], reason="23", event_date=PAST))

    outcome = await comparison(honnin, theirs, before={RANGES: changes}).ranges()
    assert shown(outcome.findings) == {("changed", code_of(0), ()), ("only_here", code_of(29), ())}


async def test_rows_are_never_changed(honnin: Bench) -> None:
    await filled(honnin)
    before = await honnin.open.engine.scan(Table.ROWS, limit=1000)
    await comparison(honnin, THEIRS).full()
    await comparison(honnin, THEIRS).ranges()
    assert await honnin.open.engine.scan(Table.ROWS, limit=1000) == before


async def test_a_run_that_is_cancelled_leaves_its_state(honnin: Bench) -> None:
    line = Direct(honnin)
    begun = await honnin.open.reconciliations.counter.begin(HERE, Begin(mode=Mode.FULL, records=5))
    await line.ask(CANCEL, RunName(begun.run))
    await settled(honnin)
    result = await line.ask(RESULT, ResultQuery(begun.run))
    assert (result.phase, result.code) == (Phase.STOPPED, "reconciliation.cancelled")
    assert (await entries(honnin))[-1].header.action is Action.RECONCILIATION_STOPPED
    outcome = await comparison(honnin, []).full()
    assert outcome.findings == []
    await settled(honnin)
    assert await size(honnin, Table.RUNS) == 1


async def test_while_the_register_prepares_or_compares_it_can_be_cancelled(honnin: Bench) -> None:
    await filled(honnin)
    act = honnin.open.reconciliations.counter
    begun = await act.begin(HERE, Begin(mode=Mode.RANGES, records=5, nonce="ab" * 32))
    await act.cancel(HERE, RunName(begun.run))
    await settled(honnin)
    assert (await act.result(HERE, ResultQuery(begun.run))).phase is Phase.STOPPED


async def test_a_run_that_nobody_goes_on_with_is_given_up(honnin: Bench) -> None:
    act = honnin.open.reconciliations.counter
    begun = await act.begin(HERE, Begin(mode=Mode.FULL, records=5))
    honnin.clock.advance(timedelta(days=2))
    await honnin.open.reconciliations.running.look()
    assert (await act.result(HERE, ResultQuery(begun.run))).phase is Phase.RECEIVING
    honnin.clock.advance(timedelta(minutes=1))
    await honnin.open.reconciliations.running.look()
    stopped = await act.result(HERE, ResultQuery(begun.run))
    assert (stopped.phase, stopped.code) == (Phase.STOPPED, "reconciliation.abandoned")


async def test_findings_go_after_a_hundred_days_and_the_day_stays(honnin: Bench) -> None:
    await filled(honnin)
    await comparison(honnin, []).full()
    await settled(honnin)
    act = honnin.open.reconciliations.counter
    honnin.clock.advance(timedelta(days=100))
    await honnin.open.reconciliations.running.look()
    assert (await act.result(HERE, ResultQuery())).counts == {"only_here": 30}
    honnin.clock.advance(timedelta(days=1))
    await honnin.open.reconciliations.running.look()
    with pytest.raises(InputError):
        await act.result(HERE, ResultQuery())
    assert await size(honnin, Table.RUNS) == 0
    assert honnin.open.reconciliations.running.past[HERE].done_on is not None


async def test_a_run_that_does_not_verify_is_given_up(honnin: Bench) -> None:
    await filled(honnin)
    begun = await honnin.open.reconciliations.counter.begin(HERE, Begin(mode=Mode.FULL, records=len(THEIRS)))
    with pytest.raises(StateError):
        await Direct(honnin, cuts=[20]).send(*_transfer(begun.run, THEIRS))
    active = honnin.open.reconciliations.running.of(HERE)
    assert active is not None
    pieces = [_key(active.run, Part.SEEN, 0, piece) for piece in range(active.run.parts)]
    held = await honnin.open.engine.get_many(Table.RUNS, pieces)
    await honnin.open.engine.apply({Table.RUNS: {key: value[:-1] + b"?" for key, value in held.items()}})
    with pytest.raises(StateError) as stopped:
        await comparison(honnin, THEIRS).go_on(begun.run)
    assert stopped.value.code == "reconciliation.failed"


def _transfer(run: str, records: Sequence[Record]) -> tuple[Endpoint, AsyncIterator[bytes]]:
    return RECORDS, raw(encode(Head(run, 0)), *map(encode, records))
