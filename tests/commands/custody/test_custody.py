"""The duty beside the use cases: statements into the log once each, and the end of lawful keys that are due."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audit.action import Action
from daemon.audit.entry import Header, Outcome
from daemon.clock import ManualClock
from daemon.commands.caller import Caller
from daemon.commands.custody.keylog import figures_of
from daemon.contract.keys import ClearPin
from daemon.errors import AuthorityError, IntegrityError, StateError
from hsm.protocol import CLASS, Statement
from tests.commands.custody.custodians import Desk, count, last
from tests.commands.notices.test_notices import entries, notice, send
from tests.conftest import NOON, Bench


async def statements(desk: Desk, number: int) -> None:
    """Bring the key service to sign `number` of them, past the register."""
    for _ in range(number):
        proposal = await desk.agree(ClearPin("fake-1"))
        await desk.bench.service.carry_out(proposal.id)


async def numbers(bench: Bench) -> list[int]:
    """Of the statements in the log, in its order."""
    return [
        entry.header.counts["number"]
        for entry in await entries(bench)
        if entry.header.action is Action.KEY_STATEMENT
    ]


async def test_each_statement_stands_in_the_log_once_in_order_over_restarts(
    honnin: Bench, caller: Caller
) -> None:
    desk = Desk(honnin, caller)
    await statements(desk, 2)
    await honnin.open.custody.look()
    await honnin.open.custody.look()
    assert await numbers(honnin) == [1, 2]
    await statements(desk, 1)
    await honnin.stop()
    await honnin.start()
    await honnin.open.custody.look()
    assert await numbers(honnin) == [1, 2, 3]


async def test_a_group_that_fails_leaves_the_statement_for_the_next_time(
    honnin: Bench, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    await statements(Desk(honnin, caller), 1)

    async def full(_: object) -> None:
        raise OSError(28, "no space")

    with monkeypatch.context() as patched:
        patched.setattr(honnin.open.engine, "apply", full)
        with pytest.raises(StateError):
            await honnin.open.custody.look()
    assert await numbers(honnin) == []
    await honnin.open.custody.look()
    assert await numbers(honnin) == [1]


async def test_a_missing_statement_is_an_alarm_and_none_after_it_is_taken(
    honnin: Bench, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    await statements(Desk(honnin, caller), 3)
    real = honnin.service.statements

    async def without_the_second(after: int) -> list[Statement]:
        return [each for each in await real(after) if each.number != 2]

    monkeypatch.setattr(honnin.service, "statements", without_the_second)
    with pytest.raises(IntegrityError, match=r"key\.statement_gap"):
        await honnin.open.custody.look()
    assert await numbers(honnin) == [1]


async def names(bench: Bench) -> set[str]:
    return {info.name for info in (await bench.service.keys()).keys}


def pass_days(clock: ManualClock, days: int) -> None:
    clock.advance(timedelta(days=days))


async def test_a_lawful_key_ends_on_its_date_if_nothing_lies_under_it(honnin: Bench) -> None:
    """work.2026-11 may end on 1 January 2027, and not one day before."""
    assert NOON.month == 11
    pass_days(honnin.clock, 37)
    await honnin.open.custody.look()
    assert "work.2026-11" in await names(honnin)
    pass_days(honnin.clock, 1)
    await honnin.open.custody.look()
    there = await names(honnin)
    assert "work.2026-11" not in there
    assert {"work.2026-12", "log.2026", "expire.2176", "live.1"} <= there
    ended = await last(honnin, Action.KEY_ENDED)
    assert (ended.header.counts, ended.fields["names"].value) == ({"keys": 1}, ["work.2026-11"])
    assert (await last(honnin, Action.KEY_DESTROYED)).header.counts == {
        "work": 202611,
        "rows": 0,
        "missing": 0,
    }
    assert "work.2026-11" not in honnin.open.custody._keyring


async def test_a_lawful_key_that_is_due_stays_while_something_lies_under_it(honnin: Bench) -> None:
    await send(honnin, notice("n1"))
    pass_days(honnin.clock, 60)
    await honnin.open.custody.look()
    assert "work.2026-11" in await names(honnin)
    assert await count(honnin, Action.KEY_ENDED) == 0


async def test_it_looks_once_a_day(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    real = honnin.service.ping

    async def counted() -> object:
        nonlocal looks
        looks += 1
        return await real()

    monkeypatch.setattr(honnin.service, "ping", counted)
    for _ in range(3):
        await honnin.open.custody.look()
    assert looks == 1
    pass_days(honnin.clock, 1)
    await honnin.open.custody.look()
    assert looks == 2


async def test_a_refusal_is_logged_and_asked_again(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    pass_days(honnin.clock, 60)

    async def refused(_: object) -> list[Statement]:
        raise AuthorityError("hsm.key_not_due")

    with monkeypatch.context() as patched:
        patched.setattr(honnin.service, "destroy_lawful", refused)
        with pytest.raises(AuthorityError):
            await honnin.open.custody.look()
    entry = await last(honnin, Action.KEY_ENDED)
    assert (entry.header.outcome, entry.header.code) == (Outcome.REFUSED, "hsm.key_not_due")
    told = await count(honnin, Action.KEY_ENDED)
    await honnin.open.custody.look()
    assert await count(honnin, Action.KEY_ENDED) == told  # each try reads the whole store and writes entries
    honnin.clock.advance(timedelta(hours=1))
    await honnin.open.custody.look()
    assert "work.2026-11" not in await names(honnin)


async def test_without_a_token_nothing_is_asked_and_nothing_is_logged(honnin: Bench) -> None:
    pass_days(honnin.clock, 60)
    honnin.service.token.away = True
    with pytest.raises(StateError, match=r"hsm\.token_away"):
        await honnin.open.custody.look()
    assert await count(honnin, Action.KEY_ENDED) == 0
    honnin.service.token.away = False
    honnin.clock.advance(timedelta(hours=1))
    await honnin.open.custody.look()
    assert "work.2026-11" not in await names(honnin)


@given(st.from_regex(CLASS, fullmatch=True))
def test_every_name_of_a_key_fits_a_public_header(name: str) -> None:
    counts = figures_of(name)
    assert list(counts) == [name.partition(".")[0]]
    Header(
        epoch=1, seq=0, time=NOON, actor="jukurad", terminal="", action=Action.KEY_DESTROYED, outcome=Outcome.OK,
        counts=counts,
    )  # fmt: skip
