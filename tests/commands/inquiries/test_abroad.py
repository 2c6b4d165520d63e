"""住基法30条の44の6: in `fuhyo` whoever acts for an affair sees 国外転出者 alone, whatever they ask."""

import pytest
from msgspec.structs import replace

from daemon.commands.caller import Caller
from daemon.contract.console import (
    LOOKUP,
    Found,
    Lookup,
    Scope,
    Search,
)
from daemon.contract.peer import FuhyoNotice, Outcome
from daemon.errors import JukuraError
from daemon.register.rows import RegisterDate
from daemon.store.rows import Stored
from tests.commands.inquiries.asking import ABROAD, query, search, show
from tests.commands.notices.test_notices import send
from tests.conftest import Bench
from tests.register.people import FUHYO


async def test_fuhyo_shows_people_abroad_only_and_never_a_code(fuhyo: Bench, caller: Caller) -> None:
    here = FuhyoNotice(id="h", sender_seq=1, record=replace(FUHYO, juminhyo_code="24846016224"))
    away = FuhyoNotice(id="a", sender_seq=1, record=ABROAD)
    assert {v.outcome for v in await send(fuhyo, here, away)} == {Outcome.APPLIED}
    (hit,) = (await search(fuhyo, caller, query("じゅうみん", affair="abroad"))).hits
    assert (hit.standing, hit.address) == ("abroad", ABROAD.last_address)
    shown = await show(fuhyo, caller, hit.person, affair="abroad")
    assert (shown.versions[0].juminhyo_code, shown.versions[0].kojin_bango) == ("", "")
    assert shown.versions[0].last_address == ABROAD.last_address
    with pytest.raises(JukuraError, match=r"affair\.without_code"):
        await show(fuhyo, caller, hit.person, affair="abroad", open_code=True)
    with pytest.raises(JukuraError, match=r"affair\.not_for_fuhyo"):
        await search(fuhyo, caller, query("じゅうみん"))
    latest = await fuhyo.open.index.latest([here.record.juminhyo_code])
    with pytest.raises(JukuraError, match=r"person\.not_abroad"):
        await show(fuhyo, caller, latest[here.record.juminhyo_code].person.hex(), affair="abroad")


async def test_fuhyo_shows_nobody_else_whatever_is_asked(fuhyo: Bench, caller: Caller) -> None:
    """Scope by day by standing: people here, abroad, back again and struck off, each day of their lives."""
    began, left, back = (RegisterDate(f"{year}0401", "5") for year in (2020, 2022, 2024))
    came = replace(FUHYO, event_date=began)
    lives = {
        "24846016224": (came,),
        "25208017643": (came, replace(ABROAD, notice_kind="3", event_date=left)),
        "12345678903": (
            came, replace(ABROAD, notice_kind="3", event_date=left), replace(came, notice_kind="3", event_date=back),
        ),
        "00000000019": (
            came, replace(ABROAD, notice_kind="3", event_date=left), replace(ABROAD, notice_kind="2", event_date=back),
        ),
    }  # fmt: skip
    for code, records in lives.items():
        sent = [
            FuhyoNotice(id=f"{code[-4:]}-{seq}", sender_seq=seq, record=replace(record, juminhyo_code=code))
            for seq, record in enumerate(records, start=1)
        ]
        assert {verdict.outcome for verdict in await send(fuhyo, *sent)} == {Outcome.APPLIED}
    seen = {}
    for day in ("20200331", "20200401", "20220401", "20240401", "", "20261124"):
        for former in (False, True):
            asked = query("じゅうみん", affair="abroad", as_of=day, former=former)
            hits = (await search(fuhyo, caller, asked)).hits
            assert {hit.standing for hit in hits} <= {"abroad"}
            seen[day] = len(hits)
            with pytest.raises(JukuraError, match=r"search\.scope_not_here"):
                await search(fuhyo, caller, exchange_scope(asked))
    assert seen == {"20200331": 0, "20200401": 0, "20220401": 1, "20240401": 1, "": 1, "20261124": 1}
    for code in lives:
        person = (await fuhyo.open.index.latest([code]))[code].person.hex()
        if code == "25208017643":
            assert (await show(fuhyo, caller, person, affair="abroad")).versions
        else:
            with pytest.raises(JukuraError, match=r"person\.not_abroad"):
                await show(fuhyo, caller, person, affair="abroad")


def exchange_scope(asked: Search) -> Search:
    return replace(asked, scope=Scope.STRUCK)


async def test_a_reader_that_serves_everybody_opens_no_way_around_the_rule(
    fuhyo: Bench, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Callers that are exempt ask the reader themselves; what it gives them never passes through here."""
    await send(fuhyo, FuhyoNotice(id="h", sender_seq=1, record=FUHYO))
    person = (await fuhyo.open.index.latest([FUHYO.juminhyo_code]))[FUHYO.juminhyo_code].person
    everybody = await fuhyo.open.reader.history(person)

    async def anybody(*_: object, **__: object) -> list[Stored]:
        return everybody

    for way in ("find", "by_code"):
        monkeypatch.setattr(fuhyo.open.reader, way, anybody)
    assert not (await search(fuhyo, caller, query("じゅうみん", affair="abroad"))).hits
    by_code = Lookup(affair="abroad", purpose="p", application="A", code=FUHYO.juminhyo_code)
    assert await fuhyo.open.desk.handlers[LOOKUP](caller, by_code) == Found([])
