"""整合性確認 with a municipality that does it wrong, or means harm: what is refused, what is kept, and what it does not learn."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from daemon.contract.codec import encode
from daemon.contract.peer import MAX_NOTICE
from daemon.contract.reconciliation import (
    MOST_LACKING,
    MOST_LISTED,
    MOST_RANGES,
    MOST_RECORDS,
    Begin,
    Head,
    Lacking,
    Mode,
    Phase,
    Range,
    Ranges,
    ResultQuery,
    RunName,
)
from daemon.errors import ConflictError, InputError, JukuraError, StateError, TooMuchError
from daemon.register.ranges import CODES
from daemon.register.rows import Record, Register, RegisterDate
from tests.commands.notices.test_notices import notice, send
from tests.commands.reconciliation.comparing import (
    HERE,
    THERE,
    code_of,
    comparison,
    person,
    put,
    raw,
    settled,
    small,
)
from tests.conftest import Bench

NONCE = "ab" * 32
PAST = RegisterDate("20261101", "5")


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)


def people(*numbers: int, **changes: str) -> list[Record]:
    return [person(Register.HONNIN, number, **changes) for number in numbers]


async def full(bench: Bench, records: int = 5, sender: str = HERE) -> str:
    return (
        await bench.open.reconciliations.counter.begin(sender, Begin(mode=Mode.FULL, records=records))
    ).run


async def ranges(bench: Bench, sender: str = HERE) -> str:
    act = bench.open.reconciliations.counter
    begun = await act.begin(sender, Begin(mode=Mode.RANGES, records=0, nonce=NONCE))
    async with asyncio.timeout(10):
        while (await act.result(sender, ResultQuery())).phase is Phase.PREPARING:
            await asyncio.sleep(0.01)
    return begun.run


async def code_of_refusal(work: object, kind: type[JukuraError]) -> str:
    with pytest.raises(kind) as refused:
        await work  # type: ignore[misc]
    return refused.value.code


def transfer(run: str, records: list[Record], at: int = 0) -> AsyncIterator[bytes]:
    return raw(encode(Head(run, at)), *map(encode, records))


# What it does not learn.


async def test_of_other_people_s_it_learns_nothing(honnin: Bench) -> None:
    """Codes at random, and those of people elsewhere: present there, struck off there, gone from here to there."""
    first = person(Register.HONNIN, 3)
    await put(
        honnin,
        people(1, municipality=THERE),
        [*people(2, municipality=THERE), *people(2, municipality=THERE, reason="23")],
        [first, replace(first, reason="11", municipality=THERE, event_date=PAST)],
    )
    outcome = await comparison(honnin, people(1, 2, 3, 4, kana="べつ　じん")).full()
    told = {encode(replace(finding, juminhyo_code="", record=0)) for finding in outcome.findings}
    assert told == {b'{"kind":"only_there"}'}
    assert len(outcome.findings) == 4


async def test_of_other_people_s_codes_it_learns_nothing_in_ranges(honnin: Bench) -> None:
    await put(honnin, people(1, municipality=THERE), people(2))
    act, run = honnin.open.reconciliations.counter, await ranges(honnin)
    (answer,) = (await act.ranges(HERE, Ranges(run, [Range(listed=True)]))).prints
    assert [each.code for each in answer.people or ()] == [code_of(2)]
    await act.lacking(HERE, Lacking(run, [code_of(1), code_of(9)]))
    assert (await act.result(HERE, ResultQuery(run))).counts == {}


async def test_of_its_own_who_were_struck_off_it_is_told_how(honnin: Bench) -> None:
    await put(honnin, [*people(1), *people(1, reason="23")])
    (found,) = (await comparison(honnin, people(1)).full()).findings
    assert (found.kind, found.standing, found.ours) == ("only_there", "dead", {})


async def test_another_s_run_is_as_unknown_as_none(honnin: Bench) -> None:
    act, run = honnin.open.reconciliations.counter, await ranges(honnin, THERE)
    for name in (run, "0" * 32, "", "x"):
        for work in (
            act.records(HERE, transfer(name, [])),
            act.ranges(HERE, Ranges(name, [])),
            act.lacking(HERE, Lacking(name, [])),
            act.finish(HERE, RunName(name)),
            act.cancel(HERE, RunName(name)),
            act.result(HERE, ResultQuery(name)),
        ):
            assert await code_of_refusal(work, InputError) == "reconciliation.unknown_run"
    assert (await act.result(THERE, ResultQuery(run))).phase is Phase.RECEIVING


# Too much, and too often.


async def test_more_than_was_announced_is_not_taken_in(honnin: Bench) -> None:
    act, run = honnin.open.reconciliations.counter, await full(honnin, 15)
    refused = act.records(HERE, transfer(run, people(*range(40))))
    assert await code_of_refusal(refused, TooMuchError) == "reconciliation.too_many"
    assert (await act.result(HERE, ResultQuery())).received == 15
    refused = act.records(HERE, transfer(run, people(40), at=15))
    assert await code_of_refusal(refused, TooMuchError) == "reconciliation.too_many"
    await act.finish(HERE, RunName(run))


async def test_an_endless_stream_ends(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.commands.reconciliation.transfer.MOST_RECORDS", 30)
    act, run = honnin.open.reconciliations.counter, await ranges(honnin)
    asked = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal asked
        yield encode(Head(run, 0))
        while True:
            asked += 1
            yield b"x"

    assert await code_of_refusal(act.records(HERE, endless()), TooMuchError) == "reconciliation.too_many"
    assert asked == 31
    assert (await act.result(HERE, ResultQuery())).counts == {"broken": 30}


async def test_a_record_at_a_time_comes_to_an_end(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.commands.reconciliation.transfer.MOST_COMMITS", 3)
    act, run = honnin.open.reconciliations.counter, await full(honnin, 9)
    for number in range(3):
        await act.records(HERE, transfer(run, people(number), at=number))
    refused = act.records(HERE, transfer(run, people(4), at=3))
    assert await code_of_refusal(refused, TooMuchError) == "reconciliation.too_many_parts"


async def test_past_so_many_findings_are_only_counted(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("keeping", "answering"):
        monkeypatch.setattr(f"daemon.commands.reconciliation.{module}.MOST_FINDINGS", 12)
    outcome = await comparison(honnin, people(*range(40))).full()
    assert len(outcome.findings) == 12
    assert outcome.result.counts == {"only_there": 40}
    assert not outcome.result.complete


@pytest.mark.parametrize("records", [-1, MOST_RECORDS + 1])
async def test_so_many_records_are_not_announced(honnin: Bench, records: int) -> None:
    begin = honnin.open.reconciliations.counter.begin(HERE, Begin(mode=Mode.FULL, records=records))
    assert await code_of_refusal(begin, TooMuchError) == "reconciliation.too_many"


async def test_so_many_questions_are_not_answered(honnin: Bench) -> None:
    act, run = honnin.open.reconciliations.counter, await ranges(honnin)
    many = act.ranges(HERE, Ranges(run, [Range()] * (MOST_RANGES + 1)))
    assert await code_of_refusal(many, TooMuchError) == "reconciliation.too_many_ranges"
    many_codes = act.lacking(HERE, Lacking(run, [code_of(1)] * (MOST_LACKING + 1)))
    assert await code_of_refusal(many_codes, TooMuchError) == "reconciliation.too_many"


async def test_people_are_listed_only_where_they_are_few_and_asked_for(honnin: Bench) -> None:
    await put(honnin, *([one] for one in people(*range(MOST_LISTED + 1))))
    act, run = honnin.open.reconciliations.counter, await ranges(honnin)
    codes = sorted(int(code_of(number)) for number in range(MOST_LISTED + 1))
    asked = [Range(listed=True), Range(0, codes[-2], listed=True), Range()]
    every, few, unasked = (await act.ranges(HERE, Ranges(run, asked))).prints
    assert (every.count, every.people, unasked.people) == (MOST_LISTED + 1, None, None)
    assert [int(each.code) for each in few.people or ()] == codes[:-1]


# Not in order.


async def test_one_run_at_a_time(honnin: Bench) -> None:
    run = await full(honnin)
    again = honnin.open.reconciliations.counter.begin(HERE, Begin(mode=Mode.FULL, records=1))
    assert await code_of_refusal(again, ConflictError) == "reconciliation.runs"
    assert await full(honnin, sender=THERE) != run


async def test_one_transfer_at_a_time(honnin: Bench) -> None:
    act, run = honnin.open.reconciliations.counter, await full(honnin)
    stuck, going = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield encode(Head(run, 0))
        going.set()
        await stuck.wait()
        yield encode(people(1)[0])

    async with asyncio.TaskGroup() as group:
        first = group.create_task(act.records(HERE, slow()))
        await going.wait()
        await asyncio.sleep(0)
        for work in (
            act.records(HERE, transfer(run, [])),
            act.finish(HERE, RunName(run)),
            act.cancel(HERE, RunName(run)),
        ):
            assert await code_of_refusal(work, StateError) == "reconciliation.busy"
        stuck.set()
    assert first.result().records == 1


async def test_what_belongs_to_another_phase_or_mode(honnin: Bench) -> None:
    act, run = honnin.open.reconciliations.counter, await full(honnin, 2)
    ranged = act.ranges(HERE, Ranges(run, []))
    assert await code_of_refusal(ranged, ConflictError) == "reconciliation.not_ranges"
    lacking = act.lacking(HERE, Lacking(run, []))
    assert await code_of_refusal(lacking, ConflictError) == "reconciliation.not_ranges"
    await act.records(HERE, transfer(run, people(1)))
    early = act.finish(HERE, RunName(run))
    assert await code_of_refusal(early, ConflictError) == "reconciliation.incomplete"
    for at in (0, 2, -1):
        misplaced = act.records(HERE, transfer(run, people(2), at=at))
        assert await code_of_refusal(misplaced, ConflictError) == "reconciliation.other_place"
    await act.records(HERE, transfer(run, people(2), at=1))
    await act.finish(HERE, RunName(run))
    await act.finish(HERE, RunName(run))
    late = act.records(HERE, transfer(run, [], at=2))
    assert await code_of_refusal(late, ConflictError) == "reconciliation.other_phase"
    await settled(honnin)


async def test_ranges_are_answered_once_they_are_prepared(honnin: Bench) -> None:
    act = honnin.open.reconciliations.counter
    begun = await act.begin(HERE, Begin(mode=Mode.RANGES, records=0, nonce=NONCE))
    early = act.ranges(HERE, Ranges(begun.run, [Range()]))
    assert await code_of_refusal(early, StateError) == "reconciliation.preparing"
    await settled(honnin)
    assert len((await act.ranges(HERE, Ranges(begun.run, [Range()]))).prints) == 1


@pytest.mark.parametrize(
    ("mode", "nonce"),
    [
        (Mode.RANGES, ""), (Mode.RANGES, "ab" * 31), (Mode.RANGES, "AB" * 32), (Mode.RANGES, "x" * 64),
        (Mode.RANGES, "ab " * 32), (Mode.FULL, NONCE),
    ],
)  # fmt: skip
async def test_random_bytes_have_one_form(honnin: Bench, mode: Mode, nonce: str) -> None:
    begin = honnin.open.reconciliations.counter.begin(HERE, Begin(mode=mode, records=0, nonce=nonce))
    assert await code_of_refusal(begin, InputError) == "reconciliation.bad_nonce"


@pytest.mark.parametrize("asked", [Range(-1, 5), Range(5, 4), Range(0, CODES), Range(0, 10**40)])
async def test_a_range_lies_among_the_codes(honnin: Bench, asked: Range) -> None:
    run = await ranges(honnin)
    work = honnin.open.reconciliations.counter.ranges(HERE, Ranges(run, [asked]))
    assert await code_of_refusal(work, InputError) == "reconciliation.bad_range"


@pytest.mark.parametrize("code", ["", "1", "24727059609", "x" * 11, "２４７２７０５９６０８"])
async def test_a_code_that_is_lacking_is_one(honnin: Bench, code: str) -> None:
    run = await ranges(honnin)
    work = honnin.open.reconciliations.counter.lacking(HERE, Lacking(run, [code]))
    assert await code_of_refusal(work, InputError) == "record.bad_juminhyo_code"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", "json.malformed"), (b"{}", "json.wrong_shape"), (b'{"run":"0","at":0}', "reconciliation.unknown_run"),
        (b'{"run":1,"at":0}', "json.wrong_shape"), (b'{"run":"0","run":"0","at":0}', "json.doubled_name"),
        (b'{"run":"0","at":0,"x":1}', "json.wrong_shape"),
    ],
)  # fmt: skip
async def test_a_transfer_begins_with_its_head(honnin: Bench, line: bytes, code: str) -> None:
    await full(honnin)
    assert (
        await code_of_refusal(honnin.open.reconciliations.counter.records(HERE, raw(line)), InputError)
        == code
    )


# Lines that will not do.

GOOD = encode(people(1)[0])
BROKEN: tuple[tuple[bytes, str, str], ...] = (
    (b"", "json.malformed", ""),
    (b"[" * 9000, "json.too_deep", ""),
    (b"null", "json.wrong_shape", ""),
    (GOOD[:-1], "json.malformed", ""),
    (GOOD[:-1] + b',"sex":"2"}', "json.doubled_name", ""),
    (GOOD[:-1] + b',"nationality":"JP"}', "json.wrong_shape", ""),
    (GOOD.replace(b'"sex":"1"', b'"sex":1'), "json.wrong_shape", "sex"),
    (b"\xff" + GOOD, "json.not_utf8", ""),
    (GOOD + b" " * MAX_NOTICE, "notice.too_large", ""),
    (encode(replace(people(1)[0], juminhyo_code="12345678901")), "record.bad_juminhyo_code", "juminhyo_code"),
    (encode(replace(people(1)[0], municipality=THERE)), "notice.wrong_sender", "municipality"),
    (encode(replace(people(1)[0], birth=RegisterDate("20251301"))), "record.bad_date", "birth"),
    (encode(replace(people(1)[0], name="〓")), "record.gaiji_count", "name_gaiji"),
)


@pytest.mark.parametrize(("line", "code", "field"), BROKEN)
async def test_a_broken_line_is_told_by_its_number(honnin: Bench, line: bytes, code: str, field: str) -> None:
    await put(honnin, people(1), people(2))
    act, run = honnin.open.reconciliations.counter, await full(honnin, 3)
    neighbours = [encode(one) for one in people(2, 3)]
    await act.records(HERE, raw(encode(Head(run, 0)), neighbours[0], line, neighbours[1]))
    found = (await act.result(HERE, ResultQuery())).findings
    broken = next(each for each in found if each.kind == "broken")
    assert (broken.record, broken.code, broken.field) == (2, code, field)
    assert [each.kind for each in found if each is not broken] == ["only_there"]


async def test_a_line_in_another_form_is_read_all_the_same(honnin: Bench) -> None:
    """Spaces, another order, names escaped, kana as katakana, a municipality of six digits."""
    await put(honnin, people(1, kana="じゅうみん"))
    held = encode(replace(people(1)[0], kana="ジュウミン", municipality="352039"))
    act, run = honnin.open.reconciliations.counter, await full(honnin, 1)
    line = b" " + held.replace(b'{"juminhyo_code"', b'{ "j\\u0075minhyo_code" ').replace(b",", b" , ", 1)
    await act.records(HERE, raw(encode(Head(run, 0)), line))
    assert (await act.result(HERE, ResultQuery())).counts == {}


async def test_who_is_sent_twice_is_told(honnin: Bench) -> None:
    await put(honnin, *([one] for one in people(1, 2)))
    outcome = await comparison(honnin, people(1, 2, 1, 1)).full()
    (found,) = outcome.findings
    assert (found.kind, found.juminhyo_code) == ("twice", code_of(1))


async def test_whose_arrival_waits_is_told_so_to_whom_it_waits_for(honnin: Bench) -> None:
    """A 転入 to here waits for the 消除 there."""
    (there,) = people(1, municipality=THERE)
    await put(honnin, [there])
    (here,) = people(1, reason="11", event_date=PAST)  # type: ignore[arg-type]
    (verdict,) = await send(honnin, notice("n1", here), sender=HERE)  # type: ignore[arg-type]
    assert verdict.outcome == "held"
    (found,) = (await comparison(honnin, people(1)).full()).findings
    assert (found.kind, found.held) == ("only_there", True)
    (elsewhere,) = (await comparison(honnin, people(1, municipality="35202"), sender="35202").full()).findings
    assert (elsewhere.kind, elsewhere.held) == ("only_there", False)
