"""表示: one person with history; what is masked, what is refused, and what the log keeps of it."""

import pytest
from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.commands.caller import Caller
from daemon.contract.console import (
    MASK,
)
from daemon.errors import JukuraError
from tests.commands.inquiries.asking import fill, query, search, show
from tests.commands.notices.test_notices import DAY, entries, notice, send
from tests.conftest import Bench
from tests.register.people import HONNIN


async def test_one_person_with_history_masked_until_opened(honnin: Bench, caller: Caller) -> None:
    await fill(honnin, HONNIN)
    await send(
        honnin,
        notice("m", replace(HONNIN, reason="31", event_date=DAY, address="山口県山口市滝町２番"), seq=2),
    )
    (hit,) = (await search(honnin, caller, query("じゅうみん"))).hits
    closed = await show(honnin, caller, hit.person)
    assert [version.serial for version in closed.versions] == [2, 1]
    assert {version.juminhyo_code for version in closed.versions} == {MASK * 11}
    assert {version.kojin_bango for version in closed.versions} == {MASK * 12}
    opened = await show(honnin, caller, hit.person, open_code=True, open_number=True)
    assert opened.versions[0].juminhyo_code == HONNIN.juminhyo_code
    assert opened.versions[0].kojin_bango == HONNIN.kojin_bango
    last = (await entries(honnin))[-1]
    assert (last.header.action, last.header.counts) == (
        Action.PERSON_SHOWN,
        {"versions": 2, "code": 1, "number": 1},
    )
    assert last.fields["subject"].value == HONNIN.juminhyo_code


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"affair": "plain", "open_number": True}, "affair.without_number"),
        ({"affair": "bare", "open_code": True}, "affair.without_code"),
        ({"affair": "nothing"}, "affair.not_yours"),
        ({"purpose": ""}, "search.text_missing"),
        ({"person": "zz"}, "person.bad_reference"),
        ({"person": "00" * 16}, "person.unknown"),
        ({"person": "00"}, "person.unknown"),
    ],
)
async def test_what_is_not_shown(honnin: Bench, caller: Caller, more: dict[str, object], code: str) -> None:
    await fill(honnin, HONNIN)
    (hit,) = (await search(honnin, caller, query("じゅうみん"))).hits
    with pytest.raises(JukuraError) as refused:
        await show(honnin, caller, **({"person": hit.person} | more))  # type: ignore[arg-type]
    assert refused.value.code == code
    last = (await entries(honnin))[-1]
    assert (last.header.action, last.header.code) == (Action.PERSON_REFUSED, code)


async def test_an_affair_without_the_number_does_not_even_show_that_there_is_one(
    honnin: Bench, caller: Caller
) -> None:
    await fill(honnin, HONNIN)
    (hit,) = (await search(honnin, caller, query("じゅうみん"))).hits
    shown = await show(honnin, caller, hit.person, affair="bare")
    assert (shown.versions[0].kojin_bango, shown.versions[0].juminhyo_code) == ("", "")
