"""What tests of searches and persons ask, and the people they put in."""

from typing import Any

from msgspec.structs import replace

from daemon.commands.caller import Caller
from daemon.contract.console import (
    PERSON,
    SEARCH,
    Found,
    Person,
    PersonQuery,
    Search,
)
from daemon.contract.peer import Outcome
from daemon.register.codes import juminhyo_digit
from daemon.register.rows import HonninRecord, RegisterDate
from tests.commands.notices.test_notices import notice, send
from tests.conftest import Bench
from tests.register.people import FUHYO, HONNIN

ABROAD = replace(
    FUHYO, address_municipality="99999", address="国外転出者", last_address="東京都新宿区西新宿２丁目８番１号"
)


def query(kana: str = "", birth: str = "", **more: Any) -> Search:
    fields = {
        "affair": "plain",
        "purpose": "旅券の審査",
        "application": "A-1",
        "kana": kana,
        "birth": birth,
    } | more
    return Search(**fields)


async def search(bench: Bench, caller: Caller, asked: Search) -> Found:
    found = await bench.open.desk.handlers[SEARCH](caller, asked)
    assert isinstance(found, Found)
    return found


async def show(bench: Bench, caller: Caller, person: str, **more: object) -> Person:
    fields = {"person": person, "affair": "number", "purpose": "p", "application": "A-1"} | more
    shown = await bench.open.desk.handlers[PERSON](caller, PersonQuery(**fields))  # type: ignore[arg-type]
    assert isinstance(shown, Person)
    return shown


def person(number: int, kana: str, birth: str = "19890107") -> HonninRecord:
    base = f"{number:010}"
    return replace(
        HONNIN, juminhyo_code=base + juminhyo_digit(base), kojin_bango="", reason="12", kana=kana,
        birth=RegisterDate(birth),
    )  # fmt: skip


async def fill(bench: Bench, *people: HonninRecord) -> None:
    verdicts = await send(bench, *(notice(f"f{number}", record) for number, record in enumerate(people)))
    assert {verdict.outcome for verdict in verdicts} == {Outcome.APPLIED}
