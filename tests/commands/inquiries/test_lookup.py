"""照会 by key: who is found, in which affairs, what is an error, and what the log keeps."""

from dataclasses import replace as exchange
from datetime import timedelta

import pytest
from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.commands.caller import Caller, Role
from daemon.contract.console import LOOKUP, Found, Lookup
from daemon.contract.peer import FuhyoNotice
from daemon.errors import JukuraError
from daemon.register.rows import RegisterDate
from tests.commands.inquiries.asking import ABROAD
from tests.commands.notices.test_notices import DAY, MOVED, entries, notice, send
from tests.conftest import Bench
from tests.register.people import FUHYO, HONNIN
from tests.store.recoding import recode

CODE, NUMBER = HONNIN.juminhyo_code, HONNIN.kojin_bango
NOBODYS_CODE, NOBODYS_NUMBER = "24846016224", "987654321093"


async def lookup(bench: Bench, caller: Caller, **fields: str) -> Found:
    given = {"affair": "number", "purpose": "旅券の審査", "application": "A-1"} | fields
    found = await bench.open.desk.handlers[LOOKUP](caller, Lookup(**given))
    assert isinstance(found, Found)
    return found


async def test_one_person_by_key(honnin: Bench, caller: Caller) -> None:
    await send(honnin, notice("n1"), notice("n2", MOVED, seq=2))
    ways = (
        {"code": CODE}, {"code": "２４７２－７０５９－６０８"}, {"code": "2472 7059 608"}, {"code": CODE, "affair": "plain"},
        {"number": NUMBER}, {"number": "1234-5678-9018"},
    )  # fmt: skip
    for fields in ways:
        (hit,) = (await lookup(honnin, caller, **fields)).hits
        assert (hit.name, hit.address, hit.standing, hit.serial) == (HONNIN.name, MOVED.address, "present", 2)


async def test_nobody_has_that_key(honnin: Bench, caller: Caller) -> None:
    await send(honnin, notice("n1"))
    assert not (await lookup(honnin, caller, code=NOBODYS_CODE)).hits
    assert not (await lookup(honnin, caller, number=NOBODYS_NUMBER)).hits
    last = (await entries(honnin))[-1]
    assert (last.header.action, last.header.outcome) == (Action.LOOKUP_DONE, Outcome.OK)


@pytest.mark.parametrize(
    ("reason", "standing"), [("21", "out"), ("22", "out"), ("23", "dead"), ("24", "gone")]
)
async def test_whoever_is_struck_off_is_found_as_such(
    honnin: Bench, caller: Caller, reason: str, standing: str
) -> None:
    await send(honnin, notice("n1"), notice("n2", replace(HONNIN, reason=reason, event_date=DAY), seq=2))
    (hit,) = (await lookup(honnin, caller, code=CODE)).hits
    assert (hit.standing, hit.serial) == (standing, 2)


async def test_a_departure_that_lies_ahead_has_not_happened(honnin: Bench, caller: Caller) -> None:
    ahead = replace(HONNIN, reason="21", event_date=RegisterDate("20261201", "5"))
    await send(honnin, notice("n1"), notice("n2", ahead, seq=2))
    for key in ({"code": CODE}, {"number": NUMBER}):
        (hit,) = (await lookup(honnin, caller, **key)).hits
        assert (hit.standing, hit.serial) == ("present", 1)


async def test_a_number_that_was_changed_finds_nobody(honnin: Bench, caller: Caller) -> None:
    changed = replace(HONNIN, reason="41", event_date=DAY, kojin_bango=NOBODYS_NUMBER)
    await send(honnin, notice("n1"), notice("n2", changed, seq=2))
    assert not (await lookup(honnin, caller, number=NUMBER)).hits
    assert (await lookup(honnin, caller, number=NOBODYS_NUMBER)).hits


async def test_whoever_had_the_code_before_is_found_and_seen_to_be(honnin: Bench, caller: Caller) -> None:
    await send(honnin, notice("n1"))
    (hit,) = (await lookup(honnin, caller, code=CODE)).hits
    assert hit.by == "name"
    await recode(honnin, CODE, NOBODYS_CODE)
    for fields, by in (
        ({"code": CODE}, "former_code"), ({"code": "2472-7059-608"}, "former_code"),
        ({"code": NOBODYS_CODE}, "name"), ({"number": NUMBER}, "name"),
    ):  # fmt: skip
        (hit,) = (await lookup(honnin, caller, **fields)).hits
        assert (hit.name, hit.serial, hit.by) == (HONNIN.name, 2, by)
        last = (await entries(honnin))[-1]
        assert last.fields["terms"].value == {"code": "", "number": ""} | fields
        assert last.fields["subjects"].value == [NOBODYS_CODE]


async def test_fuhyo_finds_by_an_earlier_code_people_abroad_alone(fuhyo: Bench, caller: Caller) -> None:
    here = replace(FUHYO, juminhyo_code=NOBODYS_CODE)
    await send(
        fuhyo, *(FuhyoNotice(id=one.juminhyo_code, sender_seq=1, record=one) for one in (here, ABROAD))
    )
    await recode(fuhyo, ABROAD.juminhyo_code, "25208017643")
    await recode(fuhyo, NOBODYS_CODE, "24846016232")
    for code, by in ((ABROAD.juminhyo_code, "former_code"), ("25208017643", "name")):
        (hit,) = (await lookup(fuhyo, caller, affair="abroad", code=code)).hits
        assert (hit.standing, hit.serial, hit.by) == ("abroad", 2, by)
    assert not (await lookup(fuhyo, caller, affair="abroad", code=NOBODYS_CODE)).hits
    assert (await entries(fuhyo))[-1].fields["withheld"].value == 1


REFUSED: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "lookup.one_key", "code"),
    ({"code": CODE, "number": NUMBER}, "lookup.one_key", "code"),
    ({"code": "24727059609"}, "lookup.bad_code", "code"),
    ({"code": NUMBER}, "lookup.bad_code", "code"),
    ({"code": " "}, "lookup.bad_code", "code"),
    ({"code": "２４７２７０５９６０八"}, "lookup.bad_code", "code"),
    ({"code": CODE + "\u202e"}, "lookup.bad_code", "code"),
    ({"code": "2" * 10_000}, "lookup.bad_code", "code"),
    ({"code": "%"}, "lookup.bad_code", "code"),
    ({"number": "123456789019"}, "lookup.bad_number", "number"),
    ({"number": CODE}, "lookup.bad_number", "number"),
    ({"code": CODE, "affair": "bare"}, "affair.without_code", "code"),
    ({"number": NUMBER, "affair": "plain"}, "affair.without_number", "number"),
    ({"code": CODE, "affair": "kenzei"}, "affair.not_yours", "affair"),
    ({"code": CODE, "purpose": ""}, "search.text_missing", "purpose"),
)


async def test_refused_lookups_name_the_field_and_are_logged(honnin: Bench, caller: Caller) -> None:
    await send(honnin, notice("n1"))
    for fields, code, field in REFUSED:
        with pytest.raises(JukuraError) as refused:
            await lookup(honnin, caller, **fields)
        assert (refused.value.code, refused.value.field) == (code, field)
        last = (await entries(honnin))[-1]
        assert (last.header.action, last.header.code) == (Action.LOOKUP_REFUSED, code)
        assert last.header.counts["hits"] == 0


async def test_the_log_knows_the_key_and_does_not_show_it(honnin: Bench, caller: Caller) -> None:
    await send(honnin, notice("n1"))
    await lookup(honnin, caller, number=NUMBER)
    last = (await entries(honnin))[-1]
    assert (last.header.affair, last.header.counts) == ("number", {"hits": 1, "code": 0, "number": 1})
    assert last.fields["terms"].value == {"code": "", "number": NUMBER}
    assert last.fields["subjects"].value == [CODE]
    assert NUMBER not in str(last.header)


async def test_without_its_entry_there_is_no_answer(
    honnin: Bench, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(honnin, notice("n1"))

    async def full(_: object) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr(honnin.open.engine, "apply", full)
    with pytest.raises(JukuraError, match=r"store\.cannot_write"):
        await lookup(honnin, caller, code=CODE)


async def test_it_takes_the_right_and_a_timely_signature(honnin: Bench, caller: Caller) -> None:
    with pytest.raises(JukuraError, match=r"right\.missing"):
        await lookup(honnin, exchange(caller, roles=frozenset({Role.AUDITOR})), code=CODE)
    honnin.clock.advance(timedelta(hours=25))
    await send(honnin, notice("n1"))
    with pytest.raises(JukuraError, match=r"log\.signature_late"):
        await lookup(honnin, caller, code=CODE)


async def test_fuhyo_finds_people_abroad_alone_and_has_no_number(fuhyo: Bench, caller: Caller) -> None:
    here = replace(FUHYO, juminhyo_code=NOBODYS_CODE)
    sent = [
        FuhyoNotice(id=str(number), sender_seq=1, record=one) for number, one in enumerate((here, ABROAD))
    ]
    await send(fuhyo, *sent)
    (hit,) = (await lookup(fuhyo, caller, affair="abroad", code=ABROAD.juminhyo_code)).hits
    assert hit.standing == "abroad"
    for code, withheld in ((NOBODYS_CODE, 1), ("25208017643", 0)):
        assert not (await lookup(fuhyo, caller, affair="abroad", code=code)).hits
        last = (await entries(fuhyo))[-1]
        assert (last.header.outcome, last.header.counts) == (Outcome.OK, {"hits": 0, "code": 1, "number": 0})
        assert last.fields["withheld"].value == withheld
    with pytest.raises(JukuraError, match=r"lookup\.number_not_here"):
        await lookup(fuhyo, caller, affair="abroad", number=NUMBER)
    with pytest.raises(JukuraError, match=r"affair\.not_for_fuhyo"):
        await lookup(fuhyo, caller, affair="plain", code=ABROAD.juminhyo_code)
