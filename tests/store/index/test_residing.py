"""Who is with a municipality, a page at a time: whoever does not change is met exactly once, whatever else changes meanwhile."""

from collections import Counter
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from daemon.errors import IntegrityError
from daemon.register.rows import Record, Register, RegisterDate
from daemon.register.transitions import Standing
from daemon.store.index.residing import Place
from tests.commands.reconciliation.comparing import HERE, THERE, append, code_of, person, put
from tests.conftest import Bench

TODAY = 20261124
BIRTHS = ("19500301", "19890107", "00000000", "19890108", "20260101")
AHEAD = RegisterDate("20261201", "5")


def people(numbers: Sequence[int]) -> list[Record]:
    """Of several days of birth and sexes; several share a day."""
    return [
        person(
            Register.HONNIN, number, birth=RegisterDate(BIRTHS[number % 5]), sex="0129"[number % 4],
            municipality=(HERE, HERE, THERE)[number % 3],
        )
        for number in numbers
    ]  # fmt: skip


def codes(records: Sequence[Record], *places: str) -> Counter[int]:
    return Counter(int(each.juminhyo_code) for each in records if each.municipality in places)


async def everybody(bench: Bench, *places: str, size: int = 3, between: object = None) -> Counter[int]:
    residing, place, met = bench.open.index.residing, Place(), Counter[int]()
    following: Place | None = place
    while following is not None:
        found, following = await residing.page(places, (Standing.PRESENT,), following, on=TODAY, size=size)
        met.update(each.code for each in found)
        if between is not None:
            await between()  # type: ignore[operator]
    return met


@pytest.mark.parametrize("size", [1, 4, 100])
async def test_everybody_is_met_once(honnin: Bench, size: int) -> None:
    some, others = people(range(1, 30)), people(range(30, 50))
    await put(honnin, *([one] for one in some))
    await honnin.open.merger.merge()
    await put(honnin, *([one] for one in others))
    for places in ((HERE,), (HERE, THERE), ("35201", "35202")):
        assert await everybody(honnin, *places, size=size) == codes([*some, *others], *places)


async def test_also_while_people_come_change_and_go_and_the_file_is_exchanged(honnin: Bench) -> None:
    still, stirring = people(range(1, 40)), people(range(60, 90))
    await put(honnin, *([one] for one in [*still, *stirring]))
    await honnin.open.merger.merge()
    turn = 0

    async def happens() -> None:
        nonlocal turn
        turn += 1
        one = stirring[turn % len(stirring)]
        changed = replace(one, birth=RegisterDate(BIRTHS[turn % 5]), kana=f"かな{'あ' * (turn % 7)}")
        await append(honnin, replace(changed, municipality=(HERE, THERE)[turn % 2]))
        await put(honnin, people([100 + turn]))
        if turn % 3 == 0:
            await honnin.open.merger.merge()

    met = await everybody(honnin, HERE, between=happens)
    assert turn > 10
    for code, times in codes(still, HERE).items():
        assert met[code] == times
    assert not met.keys() & codes(still, THERE).keys()


async def test_who_is_about_to_leave_is_here_and_who_has_left_is_not(honnin: Bench) -> None:
    first, second, third = people([1, 3, 4])
    gone = replace(second, reason="21", event_date=RegisterDate("20261101", "5"))
    await put(honnin, [first, replace(first, reason="21", event_date=AHEAD)], [second, gone], [third])
    for _ in range(2):
        assert await everybody(honnin, HERE) == codes([first, third], HERE)
        await honnin.open.merger.merge()


async def test_holders_are_newest_versions(honnin: Bench) -> None:
    first, second, third = people([1, 3, 4])
    await put(honnin, [first, replace(first, kana="べつ　じん")], [second])
    await honnin.open.merger.merge()
    await put(honnin, [third])
    await append(honnin, replace(second, municipality=THERE))
    asked = [code_of(number) for number in (0, 1, 3, 4, 9)]
    found = await honnin.open.index.residing.holders(asked)
    assert {code: where.serial for code, where in found.items()} == {
        code_of(1): 2,
        code_of(3): 2,
        code_of(4): 1,
    }
    assert found.keys() == (await honnin.open.index.latest(asked)).keys()


async def test_of_whoever_is_about_to_leave_the_departure_is_the_newest(honnin: Bench) -> None:
    (one,) = people([1])
    await put(honnin, [one, replace(one, reason="21", event_date=AHEAD)])
    for _ in range(2):
        found = await honnin.open.index.residing.holders([one.juminhyo_code])
        assert [where.serial for where in found.values()] == [2]
        await honnin.open.merger.merge()


async def test_the_lowest_code_of_all_is_a_code(honnin: Bench) -> None:
    (zero,) = people([0])
    assert zero.juminhyo_code == "00000000000"
    await put(honnin, [zero])
    await honnin.open.merger.merge()
    assert list(await honnin.open.index.residing.holders([zero.juminhyo_code])) == [zero.juminhyo_code]


@pytest.mark.parametrize("merged", [False, True])
async def test_two_people_with_one_code_are_an_alarm(honnin: Bench, merged: bool) -> None:  # noqa: FBT001 - a case
    (one,) = people([1])
    await put(honnin, [one], [one])
    if merged:
        await honnin.open.merger.merge()
    with pytest.raises(IntegrityError) as refused:
        await honnin.open.index.residing.holders([one.juminhyo_code])
    assert refused.value.code == "index.code_twice"
