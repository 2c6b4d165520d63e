"""How the register makes its digests: a few at a time, ahead of what is put down, and the answers about ranges that come of it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Phase_
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.commands.reconciliation.keeping import Active, Keeper
from daemon.commands.reconciliation.sweeping import AT_ONCE
from daemon.contract.reconciliation import (
    MOST_LISTED,
    Begin,
    Listed,
    Mode,
    Phase,
    Print,
    Range,
    Ranges,
)
from daemon.errors import StateError
from daemon.register.ranges import CODES, NONCE, digest, fingerprint, run_key
from daemon.register.reconcile import stated
from daemon.register.rows import Register
from daemon.rehearsal.comparing import Comparison
from daemon.store.index import Latest
from daemon.store.residents import Residents
from daemon.store.rows import Stored
from tests.commands.reconciliation.comparing import (
    HERE,
    Direct,
    comparison,
    naive,
    person,
    put,
    settled,
    small,
)
from tests.commands.reconciliation.test_reconciliation import shown
from tests.conftest import Bench

MANY = 80
OURS = [person(Register.HONNIN, number, sex="0129"[number % 4]) for number in range(MANY)]
THEIRS = [
    *(replace(one, kana="べつ　じん") if number % 9 == 0 else one for number, one in enumerate(OURS[5:])),
    person(Register.HONNIN, 90),
]
CODES_HERE = sorted(int(one.juminhyo_code) for one in OURS)
THEIR_NONCE = "ab" * NONCE


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)


async def prepared(bench: Bench) -> tuple[Active, bytes]:
    """A run whose ranges are prepared, and the key of its digests."""
    act = bench.open.reconciliations.counter
    begun = await act.begin(HERE, Begin(mode=Mode.RANGES, records=MANY, nonce=THEIR_NONCE))
    await settled(bench)
    active = bench.open.reconciliations.running.of(HERE)
    assert active is not None
    assert active.run.phase is Phase.RECEIVING
    nonces = bytes.fromhex(begun.nonce), bytes.fromhex(THEIR_NONCE)
    return active, run_key(*nonces, register=Register.HONNIN, municipality=HERE, run=begun.run)


async def filled(bench: Bench) -> None:
    await put(bench, *([one] for one in OURS))


async def test_a_commit_that_fails_leaves_nobody_out_and_puts_nobody_down_twice(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(honnin)
    monkeypatch.setattr("daemon.commands.reconciliation.running.AGAIN", 0.001)
    keep, turn = Keeper.keep, 0

    async def fails(self: Keeper, active: Active, **given: Any) -> None:
        nonlocal turn
        turn += 1
        if turn % 2:
            raise StateError("store.no_word")
        await keep(self, active, **given)

    monkeypatch.setattr(Keeper, "keep", fails)
    active, key = await prepared(honnin)
    monkeypatch.setattr(Keeper, "keep", keep)
    assert turn > 10
    (whole,) = await asked(honnin, active, [Range()])
    assert whole == _print(Range(), key)


async def test_while_some_are_put_down_only_a_few_are_read(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(honnin)
    monkeypatch.setattr("daemon.commands.reconciliation.sweeping.PAGE", MANY)
    newest, within, most = Residents.newest, 0, 0

    async def counted(self: Residents, proposed: Sequence[Latest]) -> list[Stored]:
        nonlocal within, most
        within += 1
        most = max(most, within)
        await asyncio.sleep(0.001)
        found = await newest(self, proposed)
        within -= 1
        return found

    monkeypatch.setattr(Residents, "newest", counted)
    await prepared(honnin)
    assert most == AT_ONCE


async def test_who_are_few_are_put_down_together_whatever_their_sex(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(honnin)
    monkeypatch.setattr("daemon.commands.reconciliation.sweeping.PAGE", MANY + 1)
    active, _ = await prepared(honnin)
    assert active.run.ours == 1


async def test_nobody_is_held_in_memory_who_was_put_down(honnin: Bench) -> None:
    await filled(honnin)
    active, _ = await prepared(honnin)
    assert active.ahead is None


async def test_in_small_steps_both_modes_find_what_a_naive_comparison_finds(honnin: Bench) -> None:
    await filled(honnin)
    await honnin.open.merger.merge()
    expected = naive(Register.HONNIN, OURS, THEIRS)
    for begin in (Comparison.full, Comparison.ranges):
        outcome = await begin(comparison(honnin, THEIRS))
        assert shown(outcome.findings) == expected


# Answers.

ENDS = st.one_of(st.sampled_from(CODES_HERE), st.integers(0, CODES - 1))
RANGES = st.lists(
    st.builds(lambda one, other, listed: Range(min(one, other), max(one, other), listed), ENDS, ENDS, st.booleans()),
    max_size=12,
)  # fmt: skip


def _print(range_: Range, key: bytes) -> Print:
    """What is answered about a range, from everybody."""
    inside = [one for one in OURS if range_.first <= int(one.juminhyo_code) <= range_.last]
    digests = {one.juminhyo_code: digest(stated(one, Register.HONNIN), key) for one in inside}
    total = f"{fingerprint(digests.values()).total:032x}"
    if not range_.listed or len(inside) > MOST_LISTED:
        return Print(len(inside), total)
    return Print(len(inside), total, [Listed(code, digests[code].hex()) for code in sorted(digests)])


async def asked(bench: Bench, active: Active, ranges: list[Range]) -> list[Print]:
    answer = await bench.open.reconciliations.counter.ranges(HERE, Ranges(active.id.hex(), ranges))
    return answer.prints


@settings(
    max_examples=30,
    phases=[Phase_.explicit, Phase_.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(ranges=RANGES)
async def test_many_ranges_at_once_are_answered_each_as_if_everybody_lay_open(
    honnin: Bench, ranges: list[Range]
) -> None:
    active = honnin.open.reconciliations.running.of(HERE)
    if active is None:
        await filled(honnin)
        active, key = await prepared(honnin)
    else:
        key = active.run.key
    assert await asked(honnin, active, ranges) == [_print(each, key) for each in ranges]


# How often a municipality asks how far the register is.


async def test_a_municipality_asks_soon_and_then_less_and_less_often(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks, waits = 0, list[float]()

    class Slow(Direct):
        async def ask(self, endpoint: Any, message: object) -> Any:
            nonlocal asks
            answer = await super().ask(endpoint, message)
            asks += 1
            return replace(answer, phase=Phase.COMPARING) if asks <= 6 else answer

    await comparison(honnin, []).full()
    line, own, rest = Slow(honnin), asyncio.current_task(), asyncio.sleep

    async def sleep(seconds: float) -> None:
        if asyncio.current_task() is own:
            waits.append(seconds)
        else:
            await rest(seconds)

    monkeypatch.setattr("daemon.rehearsal.comparing.PAUSE", 0.1)
    monkeypatch.setattr("daemon.rehearsal.comparing.asyncio.sleep", sleep)
    run = (await honnin.open.reconciliations.running.known(HERE))[0]
    assert run is not None
    await Comparison(line, Register.HONNIN, HERE, []).fetch(run[0].hex())
    assert waits == [pytest.approx(each) for each in (0.01, 0.02, 0.04, 0.08, 0.1, 0.1)]
