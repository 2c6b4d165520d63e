"""整合性確認: what both modes find, against a naive comparison, whatever the two sides hold."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Phase_
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.contract.reconciliation import Finding, Mode, Phase
from daemon.register.rows import Record, Register, RegisterDate
from daemon.store.engine import Table
from tests.commands.notices.test_notices import entries, size
from tests.commands.reconciliation.comparing import (
    HERE,
    THERE,
    comparison,
    naive,
    person,
    present,
    put,
    settled,
    small,
)
from tests.conftest import Bench
from tests.register.people import HONNIN

Found = set[tuple[str, str, tuple[str, ...]]]
MANY = 60
"""People of the register."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)


def shown(findings: Sequence[Finding]) -> Found:
    found = {(str(each.kind), each.juminhyo_code, tuple(each.items)) for each in findings}
    assert len(found) == len(findings)
    return found


async def both(bench: Bench, records: Sequence[Record]) -> Found:
    """What is found, by either mode."""
    full = await comparison(bench, records).full()
    ranges = await comparison(bench, records).ranges()
    assert shown(full.findings) == shown(ranges.findings)
    assert full.result.counts == ranges.result.counts
    return shown(full.findings)


# Lives of every kind: here and elsewhere, struck off, gone and back, about to leave, taken over from an abolished municipality.

AHEAD, PAST = RegisterDate("20261201", "5"), RegisterDate("20261101", "5")


def _honnin_life(number: int) -> list[Record]:
    first = person(Register.HONNIN, number, event_date=RegisterDate("20200401", "5"))
    ways: list[Callable[[], list[Record]]] = [
        lambda: [first],
        lambda: [replace(first, sex="2"), replace(first, reason="32", event_date=PAST)],
        lambda: [first, replace(first, reason="21", event_date=PAST)],
        lambda: [first, replace(first, reason="21", event_date=AHEAD)],
        lambda: [first, replace(first, reason="23", event_date=PAST)],
        lambda: [replace(first, municipality=THERE)],
        lambda: [replace(first, municipality=THERE), replace(first, reason="11", event_date=PAST)],
        lambda: [first, replace(first, reason="11", municipality=THERE, event_date=PAST)],
        lambda: [first, replace(first, reason="24", event_date=PAST), replace(first, reason="14", event_date=PAST)],
    ]  # fmt: skip
    return ways[number % len(ways)]()


def _fuhyo_life(number: int) -> list[Record]:
    first = person(Register.FUHYO, number, event_date=RegisterDate("20200401", "5"))
    abroad = {
        "address_municipality": "99999",
        "address": "国外転出者",
        "last_address": "山口県山口市滝町１番",
    }
    ways: list[Callable[[], list[Record]]] = [
        lambda: [first],
        lambda: [replace(first, **abroad)],
        lambda: [first, replace(first, notice_kind="3", event_date=PAST, **abroad)],
        lambda: [first, replace(first, notice_kind="2", event_date=PAST)],
        lambda: [first, replace(first, notice_kind="2"), replace(first, municipality=THERE, notice_kind="1")],
        lambda: [replace(first, municipality=THERE)],
    ]
    return ways[number % len(ways)]()


LIVES = {Register.HONNIN: _honnin_life, Register.FUHYO: _fuhyo_life}


def ours(register: Register) -> dict[int, Record]:
    """Whoever is present with the municipality, by number."""
    last = {number: LIVES[register](number)[-1] for number in range(MANY)}
    return {number: each for number, each in last.items() if present(each) and each.municipality == HERE}


# What a municipality may have otherwise.

CHANGES: dict[str, dict[str, Any]] = {
    "kana": {"kana": "べつ　じん"},
    "birth": {"birth": RegisterDate("19500000", "3", "年不詳")},
    "sex": {"sex": "0"},
    "names": {"name": "別　〓", "name_gaiji": 1, "name_unified": ""},
    "nothing": {"event_date": RegisterDate("20261001", "5")},
}
DAMAGE = st.dictionaries(st.integers(0, MANY + 30), st.sampled_from(["lost", *CHANGES]), max_size=40)


def damaged(register: Register, damage: dict[int, str], order: int) -> list[Record]:
    """The municipality's records: ours, some lost, some other, and strangers; among them people of elsewhere."""
    held = dict(ours(register))
    for number, kind in damage.items():
        if kind == "lost":
            held.pop(number, None)
        else:
            held[number] = replace(held.get(number) or person(register, number), **CHANGES[kind])
    numbers = sorted(held, key=lambda number: number * (2 * order + 1) % 97)
    return [held[number] for number in numbers]


async def check(bench: Bench, damage: dict[int, str], order: int) -> None:
    register = bench.config.register
    if not await size(bench, Table.ROWS):
        await put(bench, *(LIVES[register](number) for number in range(MANY)))
    records = damaged(register, damage, order)
    rows = await size(bench, Table.ROWS)
    assert await both(bench, records) == naive(register, list(ours(register).values()), records)
    assert await size(bench, Table.ROWS) == rows
    if order % 3 == 0:
        await bench.open.merger.merge()


anything = settings(
    max_examples=8,
    phases=[Phase_.explicit, Phase_.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)


@anything
@given(damage=DAMAGE, order=st.integers(0, 40))
async def test_both_modes_find_what_a_naive_comparison_finds(
    honnin: Bench, damage: dict[int, str], order: int
) -> None:
    await check(honnin, damage, order)


@anything
@given(damage=DAMAGE, order=st.integers(0, 40))
async def test_both_modes_find_the_same_of_the_supplementary_register(
    fuhyo: Bench, damage: dict[int, str], order: int
) -> None:
    await check(fuhyo, damage, order)


async def test_two_that_agree_find_nothing_and_hardly_anything_travels(honnin: Bench) -> None:
    people = [person(Register.HONNIN, number) for number in range(40)]
    await put(honnin, *([one] for one in people))
    full, ranges = await comparison(honnin, people).full(), await comparison(honnin, people).ranges()
    assert full.findings == ranges.findings == []
    assert full.result.traffic.records_in == 40
    told = ranges.result.traffic
    assert (told.records_in, told.codes_in, told.values_out, told.codes_out) == (0, 0, 0, 0)
    assert told.bytes_in + told.bytes_out < full.result.traffic.bytes_in / 50


async def test_the_people_of_an_abolished_municipality_are_its_heirs(honnin: Bench) -> None:
    """徳山市 (35205) has been part of 周南市 (35215) since 2003."""
    old = person(Register.HONNIN, 1, municipality="35205")
    await put(honnin, [old])
    found = await comparison(honnin, [replace(old, municipality="35215")], sender="35215").full()
    assert found.findings == []
    (one,) = (await comparison(honnin, [], sender="35215").ranges()).findings
    assert (one.kind, one.juminhyo_code) == ("only_here", old.juminhyo_code)


async def test_our_values_come_back_for_what_differs_and_for_nothing_else(honnin: Bench) -> None:
    await put(honnin, [HONNIN])
    (found,) = (await comparison(honnin, [replace(HONNIN, kana="べつ　じん", sex="2")]).full()).findings
    assert found.items == ["kana", "sex"]
    assert found.ours == {"kana": HONNIN.kana, "sex": HONNIN.sex}


async def test_begin_and_end_are_in_the_log_and_the_municipality_is_told(honnin: Bench) -> None:
    await put(honnin, [HONNIN])
    outcome = await comparison(honnin, []).full()
    await settled(honnin)
    held = [entry.header for entry in await entries(honnin)]
    begun, told, done = held[-3:]
    assert (begun.action, begun.actor, begun.counts) == (
        Action.RECONCILIATION_STARTED, f"CS:{HERE}", {"full": 1, "records": 0},
    )  # fmt: skip
    assert (done.action, done.actor, done.outcome) == (Action.RECONCILIATION_DONE, f"CS:{HERE}", Outcome.OK)
    assert done.counts == {"full": 1, "records": 0, "only_here": 1}
    assert told.action is Action.REPORT_MADE
    assert (outcome.result.phase, outcome.result.mode) == (Phase.DONE, Mode.FULL)


async def test_of_a_run_that_ended_only_its_state_and_findings_are_left(honnin: Bench) -> None:
    await put(honnin, [HONNIN])
    for _ in range(3):
        await comparison(honnin, [replace(HONNIN, kana="べつ　じん")]).full()
        await comparison(honnin, [HONNIN]).ranges()
        await comparison(honnin, []).ranges()
    await settled(honnin)
    # The last run, with one page of findings.
    assert await size(honnin, Table.RUNS) == 2
