"""What tests of reading the log share: an auditor, acts of every kind, and what a reading must find, from the opened entries alone."""

from collections import Counter
from datetime import datetime
from typing import Any

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Opened, Outcome
from daemon.clock import JST
from daemon.commands.caller import Caller, Role
from daemon.contract.log import (
    LOG_CASE,
    LOG_ENTRY,
    LOG_SEARCH,
    LOG_STATISTICS,
    Case,
    EntryQuery,
    LogEntry,
    LogLine,
    LogPage,
    LogSearch,
    Statistics,
    StatisticsQuery,
)
from tests.conftest import Bench
from tests.store.turning import newcomer

AUDITOR = Caller("au1", "名前", "監査", frozenset({Role.AUDITOR}), {}, "T09")
CODES = [newcomer(number).juminhyo_code for number in range(1, 5)]
WHY = {"purpose": "本人からの申出", "application": "苦情R8-1"}
ACTORS = ("operator:op1", "operator:op2", "CS:35203", "jukurad")
AFFAIRS = ("passport", "tax")
APPLICATIONS = ("R8-1", "R8-2")


def searched(who: int, what: int) -> Act:
    subjects = [CODES[what % 4], CODES[(what + 1) % 4]][: what % 3]
    return Act(
        Action.SEARCH_DONE, ACTORS[who % 2], terminal=f"T0{who % 3}", affair=AFFAIRS[what % 2], counts={"hits": len(subjects)},
        sealed={"terms": {"kana": "じゅうみん"}, "subjects": subjects, "purpose": "p", "application": APPLICATIONS[what % 2]},
    )  # fmt: skip


def looked_up(who: int, what: int) -> Act:
    code = CODES[what % 4]
    return Act(
        Action.LOOKUP_REFUSED, ACTORS[who % 2], Outcome.REFUSED, terminal="T01", code="affair.without_code",
        counts={"hits": 0, "code": 1},
        sealed={
            "terms": {"code": f"{code[:4]} {code[4:]}", "number": ""}, "subjects": [], "purpose": "p",
            "application": APPLICATIONS[what % 2],
        },
    )  # fmt: skip


def applied(who: int, what: int) -> Act:
    sealed = {"notice": f"n{what % 3}", "subject": CODES[who % 4], "serial": 1 + what % 2}
    return Act(Action.NOTICE_APPLIED, ACTORS[2], sealed=sealed)


def delivered(who: int, what: int) -> Act:
    subjects = [CODES[(who + place) % 4] for place in range(1 + what % 3)]
    sealed = {"subjects": subjects, "serials": [1 + (what + place) % 2 for place in range(len(subjects))]}
    return Act(Action.OUTBOX_DELIVERED, "zenkoku", counts={"messages": len(subjects)}, sealed=sealed)


def set_aside(who: int, what: int) -> Act:
    sealed = {"key": "00", "reason": "r", "subject": CODES[who % 4], "serial": 1 + what % 2}
    return Act(Action.OUTBOX_SET_ASIDE, "zenkoku", Outcome.REFUSED, sealed=sealed)


def held(who: int, what: int) -> Act:
    sealed = {"notice": f"n{what % 3}", "subject": CODES[who % 4]}
    return Act(Action.NOTICE_HELD, ACTORS[2], code="notice.not_here", counts={"days": 30}, sealed=sealed)


def stopped(who: int, _: int) -> Act:
    return Act(Action.SERVICE_STOPPED, ACTORS[who % 2], sealed={"reason": "r"})


def started(_: int, __: int) -> Act:
    return Act(Action.REGISTER_STARTED, ACTORS[3])


ACTS = (searched, looked_up, applied, held, stopped, started, delivered, set_aside)


async def search(bench: Bench, *, caller: Caller = AUDITOR, **asked: Any) -> LogPage:
    page: LogPage = await bench.open.desk.handlers[LOG_SEARCH](caller, LogSearch(**asked))
    return page


async def pages(bench: Bench, **asked: Any) -> list[LogPage]:
    """Every page of an answer."""
    found = [await search(bench, **asked)]
    while found[-1].next:
        found.append(await search(bench, **asked, after=found[-1].next))
    return found


async def every(bench: Bench, **asked: Any) -> list[LogLine]:
    return [line for page in await pages(bench, **asked) for line in page.entries]


async def show(bench: Bench, seq: int, *, caller: Caller = AUDITOR) -> LogEntry:
    shown: LogEntry = await bench.open.desk.handlers[LOG_ENTRY](caller, EntryQuery(seq))
    return shown


async def case(bench: Bench, seq: int) -> Case:
    found: Case = await bench.open.desk.handlers[LOG_CASE](AUDITOR, EntryQuery(seq))
    return found


async def statistics(bench: Bench, **asked: str) -> Statistics:
    told: Statistics = await bench.open.desk.handlers[LOG_STATISTICS](AUDITOR, StatisticsQuery(**asked))
    return told


def value(entry: Opened, name: str) -> Any:
    return entry.fields[name].value if name in entry.fields else None


def is_about(entry: Opened, code: str) -> bool:
    typed = (value(entry, "terms") or {}).get("code", "").replace(" ", "")
    return code in (value(entry, "subject"), typed) or code in (value(entry, "subjects") or [])


def wanted(entry: Opened, **asked: Any) -> bool:
    """Whether an entry belongs into the answer."""
    header = entry.header
    same = all(
        getattr(header, name) == asked[name]
        for name in ("actor", "terminal", "outcome", "affair")
        if name in asked
    )
    action = asked.get("action", header.action)
    return (
        same
        and header.action in (action, f"{action}.{header.action.partition('.')[2]}")
        and ("since" not in asked or header.time >= asked["since"])
        and ("until" not in asked or header.time < asked["until"])
        and ("subject" not in asked or is_about(entry, asked["subject"]))
        and ("reference" not in asked or value(entry, "application") == asked["reference"])
    )


def together(one: Opened, there: list[Opened]) -> list[Opened]:
    """Those that are of one case: what has something in common with one of them, but not by way of a delivery."""
    case, grown = [one], True
    while grown:
        ways = [each for each in case if each is one or value(each, "serials") is None]
        new = [each for each in there if each not in case and any(_alike(each, way) for way in ways)]
        case += new
        grown = bool(new)
    return case


def _alike(one: Opened, other: Opened) -> bool:
    work, told = (
        [tuple(value(each, name) for name in names) for each in (one, other)]
        for names in (("application",), ("notice", "subject"))
    )
    by = [(each.header.actor, each.header.affair) for each in (one, other)]
    if all(work[0]) and work[0] == work[1] and by[0] == by[1]:
        return True
    return (all(told[0]) and told[0] == told[1]) or any(each in _versions(other) for each in _versions(one))


def _versions(entry: Opened) -> list[tuple[str, int]]:
    if value(entry, "serials"):
        return list(zip(value(entry, "subjects"), value(entry, "serials"), strict=True))
    return [(value(entry, "subject"), value(entry, "serial"))] if value(entry, "serial") else []


def month(time: datetime) -> str:
    return time.astimezone(JST).strftime("%Y-%m")


def figures(entries: list[Opened]) -> Counter[tuple[str, str, str]]:
    return Counter(
        (month(entry.header.time), str(entry.header.action), str(entry.header.outcome)) for entry in entries
    )


def told(answer: Statistics) -> Counter[tuple[str, str, str]]:
    return +Counter(
        {
            (each.month, each.action, str(outcome)): getattr(each, outcome)
            for each in answer.figures
            for outcome in Outcome
        }
    )
