"""The outbox and the reports as the console shows them: figures, references in place of people, and who may see and retry."""

from contextlib import suppress
from dataclasses import replace as but

import msgspec
import pytest

from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.commands.caller import Caller, Role
from daemon.contract.endpoint import Endpoint
from daemon.contract.halt import STOP_SERVICE, StopService
from daemon.contract.inbound import Again
from daemon.contract.outbox import (
    OUTBOX,
    OUTBOX_ENDPOINTS,
    REPORT,
    REPORT_LIST,
    RETRY,
    OutboxAfter,
    OutboxView,
    ReportLines,
    ReportQuery,
    ReportShown,
    ReportsQuery,
    Retried,
    Retry,
)
from daemon.errors import AuthorityError, ConflictError, InputError, StateError
from tests.commands.correspondence.test_inbound import WRONG, report
from tests.commands.notices.test_notices import entries, notice, send
from tests.conftest import Bench
from tests.peers.nation import Nation, arrive, code, emptied, life, move, person, pump

ASKED: dict[Endpoint, msgspec.Struct] = {
    OUTBOX: OutboxAfter(),
    RETRY: Retry(all=True),
    REPORT_LIST: ReportsQuery(),
    REPORT: ReportQuery(id="00" * 12),
}


def as_role(caller: Caller, role: Role) -> Caller:
    return but(caller, roles=frozenset({role}))


@pytest.fixture
def clerk(caller: Caller) -> Caller:
    return as_role(caller, Role.CLERK)


async def view(bench: Bench, caller: Caller, after: str = "") -> OutboxView:
    found: OutboxView = await bench.open.desk.handlers[OUTBOX](caller, OutboxAfter(after=after))
    return found


async def retry(bench: Bench, caller: Caller, *ids: str, everything: bool = False) -> int:
    done: Retried = await bench.open.desk.handlers[RETRY](caller, Retry(ids=list(ids), all=everything))
    return done.messages


async def stuck(bench: Bench, nation: Nation) -> None:
    """A refused message with one behind it, of one person, and somebody else's that waits its turn."""
    nation.refuse = lambda update: update.row["serial"] == 2
    await life(bench)
    await emptied(pump(bench, nation))
    await arrive(bench, 3)


async def test_what_is_aside_is_listed_by_reference(honnin: Bench, clerk: Caller) -> None:
    await stuck(honnin, Nation())
    shown = await view(honnin, clerk)
    assert (shown.waiting, shown.aside, shown.again, shown.failures, shown.next_try) == (1, 2, 0, 0, None)
    assert shown.oldest == honnin.clock.now()
    assert [(m.state, m.code, m.serial, m.sender) for m in shown.messages] == [
        ("refused", "national.bad_row", 2, "35203"),
        ("waiting", "", 3, "35203"),
    ]
    assert len({message.person for message in shown.messages}) == 1
    told = msgspec.json.encode(shown).decode()
    assert not any(secret in told for secret in (code(1), "住民", "じゅうみん", "滝町"))


async def test_the_reference_opens_the_person_in_the_ordinary_way(honnin: Bench, clerk: Caller) -> None:
    from daemon.contract.console import PERSON, PersonQuery

    await stuck(honnin, Nation())
    reference = (await view(honnin, clerk)).messages[0].person
    asked = PersonQuery(person=reference, affair="plain", purpose="再送", application="A-1")
    found = await honnin.open.desk.handlers[PERSON](clerk, asked)
    assert [version.serial for version in found.versions] == [3, 2, 1]


async def test_it_comes_in_pages(honnin: Bench, clerk: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.commands.correspondence.outgoing.PAGE", 2)
    nation = Nation()
    nation.refuse = lambda _: True
    for number in range(5):
        await arrive(honnin, number)
    await emptied(pump(honnin, nation))
    seen, after, more = [], "", True
    while more:
        page = await view(honnin, clerk, after)
        seen += [message.id for message in page.messages]
        after, more = page.messages[-1].id, page.more
    assert len(seen) == len(set(seen)) == 5


async def test_a_retry_puts_message_and_what_waits_behind_it_in_order(honnin: Bench, clerk: Caller) -> None:
    nation = Nation()
    await stuck(honnin, nation)
    nation.refuse = lambda _: False
    assert await retry(honnin, clerk, (await view(honnin, clerk)).messages[0].id) == 1
    await emptied(pump(honnin, nation))
    assert [serial for who, serial in nation.told if who == code(1)] == [1, 2, 3]
    assert (await view(honnin, clerk)).messages == []
    asked = [e for e in await entries(honnin) if e.header.action is Action.OUTBOX_RETRY_ASKED]
    assert [(e.header.outcome, e.header.actor, e.header.counts) for e in asked] == [
        (Outcome.OK, "operator:op1", {"messages": 1, "all": 0})
    ]


async def test_a_wish_outlives_a_restart_and_an_absence(honnin: Bench, clerk: Caller) -> None:
    nation = Nation()
    await stuck(honnin, nation)
    nation.refuse = lambda _: False
    nation.away = 1
    assert await retry(honnin, clerk, everything=True) == 2
    with pytest.raises(StateError):
        await pump(honnin, nation).once()
    await honnin.stop()
    await honnin.start()
    await move(honnin, 1, 3)
    await emptied(pump(honnin, nation))
    assert [serial for who, serial in nation.told if who == code(1)] == [1, 2, 3, 4]


@pytest.mark.parametrize(("ids", "everything"), [([], False), (["00" * 12], True)])
async def test_some_or_all_but_not_both_and_not_neither(
    honnin: Bench, clerk: Caller, ids: list[str], *, everything: bool
) -> None:
    with pytest.raises(InputError, match=r"outbox\.name_or_all"):
        await retry(honnin, clerk, *ids, everything=everything)


async def test_a_message_that_is_not_aside_is_none_of_those_to_try(honnin: Bench, clerk: Caller) -> None:
    await stuck(honnin, Nation())
    ((waits, _),) = await honnin.open.post.posting.outbox.messages(9)
    assert await retry(honnin, clerk, waits.hex(), "00" * 12) == 0


async def test_figures_of_an_absence(honnin: Bench, clerk: Caller) -> None:
    nation = Nation()
    await life(honnin)
    await emptied(pump(honnin, nation))
    await honnin.open.post.inbound.again("zenkoku", Again(first=2, last=4))
    of = honnin.open.pump
    of.failures, of.next_try = 3, honnin.clock.now()
    shown = await view(honnin, clerk)
    assert (shown.again, shown.failures, shown.next_try, shown.oldest) == (3, 3, honnin.clock.now(), None)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("endpoint", OUTBOX_ENDPOINTS, ids=lambda endpoint: endpoint.path)
async def test_every_role_at_every_endpoint(
    honnin: Bench, caller: Caller, role: Role, endpoint: Endpoint
) -> None:
    may = {Role.CLERK} if endpoint is REPORT else {Role.CLERK, Role.ADMINISTRATOR}
    ask = honnin.open.desk.handlers[endpoint]
    if role in may:
        with suppress(ConflictError):  # there is no such report
            await ask(as_role(caller, role), ASKED[endpoint])
        return
    with pytest.raises(AuthorityError, match=r"right\.missing"):
        await ask(as_role(caller, role), ASKED[endpoint])
    last = (await entries(honnin))[-1].header
    assert (last.outcome, last.code) == (Outcome.REFUSED, "right.missing")


async def test_reports_are_listed_without_words_and_read_with_an_entry(honnin: Bench, clerk: Caller) -> None:
    await send(honnin, notice("n1", person(1)))
    await report(honnin, msgspec.structs.replace(WRONG, code=code(1)))
    lines: ReportLines = await honnin.open.desk.handlers[REPORT_LIST](clerk, ReportsQuery())
    (line,) = lines.reports
    assert (line.kind, line.law, line.to, line.acknowledged) == ("error", "住基法30条の8", "35203", None)
    told = msgspec.json.encode(lines).decode()
    assert not any(secret in told for secret in (code(1), WRONG.words))
    shown: ReportShown = await honnin.open.desk.handlers[REPORT](clerk, ReportQuery(id=line.id))
    assert (shown.report, shown.words) == (line, WRONG.words)
    last = (await entries(honnin))[-1]
    assert (last.header.action, last.fields["subject"].value) == (Action.REPORT_SHOWN, code(1))
    with pytest.raises(ConflictError, match=r"report\.unknown"):
        await honnin.open.desk.handlers[REPORT](clerk, ReportQuery(id="00" * 12))


async def test_while_nobody_may_be_shown_people_reports_are_listed_and_keep_their_words(
    honnin: Bench, clerk: Caller
) -> None:
    await send(honnin, notice("n1", person(1)))
    await report(honnin, msgspec.structs.replace(WRONG, code=code(1)))
    desk = honnin.open.desk.handlers
    officer = as_role(clerk, Role.OFFICER)
    await desk[STOP_SERVICE](officer, StopService(reason="試験"))
    (line,) = (await desk[REPORT_LIST](clerk, ReportsQuery())).reports
    with pytest.raises(StateError, match=r"state\.stopped"):
        await desk[REPORT](clerk, ReportQuery(id=line.id))
    last = (await entries(honnin))[-1].header
    assert (last.action, last.outcome, last.code) == (
        Action.OUTBOX_VIEW_REFUSED, Outcome.REFUSED, "state.stopped"
    )  # fmt: skip
