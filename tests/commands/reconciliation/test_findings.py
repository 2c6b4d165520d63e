"""What a comparison found, as 市町課 sees it: a page at a time, masked, without values, and each page is an entry of the log."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.audit.entry import Opened
from daemon.audit.entry import Outcome as Ended
from daemon.commands.caller import Caller, Role
from daemon.commands.reconciliation.runs import Run, Runs
from daemon.contract.codec import decode, encode
from daemon.contract.findings import FINDINGS, FindingLine, FindingLines, FindingsQuery
from daemon.contract.reconciliation import Begin, Finding, Mode
from daemon.errors import AuthorityError, ConflictError, InputError, StateError
from daemon.register.reconcile import Kind
from daemon.register.rows import FuhyoRecord, Record, Register
from daemon.rehearsal.comparing import Outcome
from tests.commands.notices.test_notices import entries
from tests.commands.reconciliation.comparing import HERE, THERE, comparison, person, put, settled, small
from tests.conftest import Bench

OTHER = "べつ　じん"
MASKED = "＊" * 11
FEW = 4
"""Findings on a page; a run keeps 6 on one, fewer with each of its steps."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)
    monkeypatch.setattr("daemon.commands.reconciliation.findings.PAGE", FEW)


def of_role(*roles: Role) -> Caller:
    return Caller("op1", "名前", "市町課", frozenset(roles), {}, "T01")


CLERK = of_role(Role.CLERK)


async def ask(bench: Bench, after: str = "", *, of: str = HERE, caller: Caller = CLERK) -> FindingLines:
    asked = FindingsQuery(municipality=of, after=after)
    page: FindingLines = await bench.open.desk.handlers[FINDINGS](caller, asked)
    return page


async def pages(bench: Bench) -> list[FindingLines]:
    """Every page, the next asked for by the last finding of the one before."""
    found = [await ask(bench)]
    while found[-1].more:
        found.append(await ask(bench, found[-1].findings[-1].id))
    return found


async def logged(bench: Bench, action: Action) -> list[Opened]:
    return [entry for entry in await entries(bench) if entry.header.action is action]


def sides(register: Register) -> tuple[list[Record], list[Record]]:
    """What the register has and what the municipality sends.

    Three are lost, four differ, two are unknown, one comes twice, and one is said to be another municipality's.
    """
    ours = [person(register, number) for number in range(100, 130)]
    theirs: list[Record] = [replace(one, kana=OTHER) if n % 7 == 0 else one for n, one in enumerate(ours[3:])]
    theirs[4] = replace(theirs[4], municipality=THERE)
    return ours, [*theirs, theirs[1], person(register, 150), person(register, 151)]


KINDS = {"only_here": 3, "differs": 4, "only_there": 2, "twice": 1, "broken": 1}


async def compared(bench: Bench, mode: str = "full") -> Outcome:
    ours, theirs = sides(bench.config.register)
    await put(bench, *([one] for one in ours))
    outcome = await getattr(comparison(bench, theirs), mode)()
    await settled(bench)
    assert isinstance(outcome, Outcome)
    return outcome


async def test_every_finding_is_shown_in_the_municipality_s_order(honnin: Bench) -> None:
    outcome = await compared(honnin)
    shown = await pages(honnin)
    assert [len(page.findings) for page in shown] == [FEW, FEW, 3]
    lines = [line for page in shown for line in page.findings]
    assert [told(line) for line in lines] == [told(finding) for finding in outcome.findings]
    assert len({line.id for line in lines}) == len(lines)
    assert {(page.run, page.complete) for page in shown} == {(outcome.result.run, True)}
    assert all(page.ended == outcome.result.ended and page.counts == KINDS for page in shown)


def told(one: Finding | FindingLine) -> tuple[object, ...]:
    return one.kind, one.record, one.items, one.code, one.field


async def test_it_says_of_what_kind_each_is_and_which_items_differ(fuhyo: Bench) -> None:
    await compared(fuhyo)
    lines = [line for page in await pages(fuhyo) for line in page.findings]
    assert {line.kind: line.items for line in lines if line.items} == {Kind.DIFFERS: ["kana"]}
    (broken,) = (line for line in lines if line.kind is Kind.BROKEN)
    assert (broken.code, broken.field) == ("notice.wrong_sender", "municipality")
    assert {line.record for line in lines if line.kind is Kind.ONLY_HERE} == {0}


@pytest.mark.parametrize("mode", ["full", "ranges"])
async def test_nobody_s_code_and_no_value_is_shown(honnin: Bench, mode: str) -> None:
    if mode == "ranges":
        ours, theirs = sides(Register.HONNIN)
        await put(honnin, *([one] for one in ours))
        await comparison(honnin, theirs[:4]).ranges()
    else:
        await compared(honnin)
    shown = await pages(honnin)
    assert {line.juminhyo_code for page in shown for line in page.findings} == {MASKED}
    told_all = encode(shown).decode()
    ours, theirs = sides(Register.HONNIN)
    for record in (*ours, *theirs):
        assert not isinstance(record, FuhyoRecord)
        assert not any(
            value in told_all for value in (record.juminhyo_code, record.kana, record.name, record.address)
        )


async def test_a_record_that_names_nobody_has_no_code(honnin: Bench) -> None:
    await comparison(honnin, [replace(person(Register.HONNIN, 1), juminhyo_code="12345")]).full()
    (line,) = (await ask(honnin)).findings
    assert (line.kind, line.juminhyo_code, line.record) == (Kind.BROKEN, "", 1)


async def test_each_page_is_an_entry(honnin: Bench) -> None:
    outcome = await compared(honnin)
    shown = await pages(honnin)
    written = await logged(honnin, Action.RECONCILIATION_SHOWN)
    assert len(written) == len(shown)
    for entry, page in zip(written, shown, strict=True):
        header, kinds = entry.header, [str(line.kind) for line in page.findings]
        counted = {kind: kinds.count(kind) for kind in kinds}
        assert (header.actor, header.terminal, header.outcome) == ("operator:op1", "T01", Ended.OK)
        assert header.counts == {"municipality": 35203, "findings": len(kinds), **counted}
        assert entry.fields["run"].value == outcome.result.run
    assert [entry.fields["after"].value for entry in written] == [
        "", *(page.findings[-1].id for page in shown[:-1]),
    ]  # fmt: skip
    assert all(set(entry.fields) == {"run", "after"} for entry in written)


async def test_without_its_entry_nothing_is_shown(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await compared(honnin)

    async def full(_: object) -> None:
        raise StateError("store.full")

    monkeypatch.setattr(honnin.open.writer, "log", full)
    with pytest.raises(StateError):
        await ask(honnin)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CLERK])
async def test_nobody_else_is_shown_them_and_that_is_logged(honnin: Bench, role: Role) -> None:
    await comparison(honnin, []).full()
    with pytest.raises(AuthorityError, match=r"right\.missing"):
        await ask(honnin, caller=of_role(role))
    (entry,) = await logged(honnin, Action.RECONCILIATION_VIEW_REFUSED)
    assert (entry.header.outcome, entry.header.code) == (Ended.REFUSED, "right.missing")
    assert (entry.header.actor, entry.header.terminal) == ("operator:op1", "T01")
    assert await logged(honnin, Action.RECONCILIATION_SHOWN) == []


async def test_a_comparison_that_found_nothing(honnin: Bench) -> None:
    ours, _ = sides(Register.HONNIN)
    await put(honnin, *([one] for one in ours))
    outcome = await comparison(honnin, ours).full()
    page = await ask(honnin)
    assert (page.run, page.ended, page.counts) == (outcome.result.run, outcome.result.ended, {})
    assert (page.findings, page.more, page.complete) == ([], False, True)
    (entry,) = await logged(honnin, Action.RECONCILIATION_SHOWN)
    assert entry.header.counts == {"municipality": 35203, "findings": 0}


async def test_a_municipality_that_has_not_compared_yet(honnin: Bench) -> None:
    await compared(honnin)
    page = await ask(honnin, of=THERE)
    assert (page.run, page.ended, page.counts, page.findings, page.more) == ("", None, {}, [], False)
    (entry,) = await logged(honnin, Action.RECONCILIATION_SHOWN)
    assert entry.header.counts == {"municipality": 35201, "findings": 0}


async def test_while_one_is_under_way_or_was_stopped_the_last_finished_one_is_shown(honnin: Bench) -> None:
    outcome = await compared(honnin)
    counter = honnin.open.reconciliations.counter
    begun = await counter.begin(HERE, Begin(mode=Mode.FULL, records=9))
    assert (await ask(honnin)).run == outcome.result.run
    active = honnin.open.reconciliations.running.of(HERE)
    assert active is not None
    assert active.id.hex() == begun.run
    await honnin.stop()
    await honnin.start()
    shown = await pages(honnin)
    assert {page.run for page in shown} == {outcome.result.run}
    assert sum(len(page.findings) for page in shown) == len(outcome.findings)
    honnin.clock.advance(timedelta(days=3))
    await honnin.open.reconciliations.running.look()
    assert honnin.open.reconciliations.running.of(HERE) is None
    assert (await ask(honnin)).run == outcome.result.run


async def test_the_next_page_is_never_of_another_run(honnin: Bench) -> None:
    await compared(honnin)
    first = await ask(honnin)
    newer = await comparison(honnin, []).full()
    await settled(honnin)
    with pytest.raises(ConflictError) as refused:
        await ask(honnin, first.findings[-1].id)
    assert (refused.value.code, refused.value.field) == ("reconciliation.findings_gone", "after")
    (entry,) = await logged(honnin, Action.RECONCILIATION_VIEW_REFUSED)
    assert entry.header.code == "reconciliation.findings_gone"
    assert (await ask(honnin)).run == newer.result.run


async def test_findings_that_are_deleted_while_they_are_read_are_not_shown_in_part(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await compared(honnin)
    read, left = Runs.findings, [1]

    async def late(runs: Runs, run: Run, page: int) -> list[Finding]:
        if left:
            left.pop()
            await comparison(honnin, []).full()
            await settled(honnin)
        return await read(runs, run, page)

    monkeypatch.setattr(Runs, "findings", late)
    with pytest.raises(ConflictError, match=r"reconciliation\.findings_gone"):
        await ask(honnin)


async def test_after_their_time_findings_are_not_there(honnin: Bench) -> None:
    await compared(honnin)
    first = await ask(honnin)
    honnin.clock.advance(timedelta(days=101))
    await honnin.stop()
    await honnin.start()  # with the keys of that day
    await honnin.open.reconciliations.running.resumed()
    await honnin.open.reconciliations.running.look()
    assert (await ask(honnin)).run == ""
    with pytest.raises(ConflictError, match=r"reconciliation\.findings_gone"):
        await ask(honnin, first.findings[-1].id)


async def test_where_there_were_too_many_it_says_so(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("keeping", "findings"):
        monkeypatch.setattr(f"daemon.commands.reconciliation.{module}.MOST_FINDINGS", 5)
    await compared(honnin)
    shown = await pages(honnin)
    assert [len(page.findings) for page in shown] == [FEW, 1]
    assert [(page.counts, page.complete) for page in shown] == [(KINDS, False)] * 2


async def test_behind_the_last_there_is_nothing(honnin: Bench) -> None:
    outcome = await compared(honnin)
    last = (await pages(honnin))[-1].findings[-1].id
    for after in (last, outcome.result.run + "f" * 16):
        page = await ask(honnin, after)
        assert (page.run, page.findings, page.more) == (outcome.result.run, [], False)


@pytest.mark.parametrize("municipality", ["", "13104", "352030", "35299", "x"])
async def test_only_the_register_s_own_municipalities_are_asked_about(
    honnin: Bench, municipality: str
) -> None:
    with pytest.raises(InputError, match=r"record\.unknown_municipality"):
        await ask(honnin, of=municipality)
    (entry,) = await logged(honnin, Action.RECONCILIATION_VIEW_REFUSED)
    assert entry.header.code == "record.unknown_municipality"


async def test_six_digits_are_the_same_municipality(honnin: Bench) -> None:
    outcome = await compared(honnin)
    assert (await ask(honnin, of="352039")).run == outcome.result.run


@pytest.mark.parametrize("after", ["x", "0" * 47, "0" * 49, "0" * 47 + "A", "0" * 48 + "\n"])
def test_a_place_is_a_finding_s_id_or_nothing(after: str) -> None:
    body: dict[str, Any] = {"municipality": HERE, "after": after}
    with pytest.raises(InputError, match=r"json\.wrong_shape"):
        decode(encode(body), FindingsQuery)
