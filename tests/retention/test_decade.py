"""Three fiscal years of work, and the ten until the law has ended all of it, verified from the first checkpoint to the last."""

import re
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from daemon.audit.action import Action
from daemon.rehearsal.pki import Pki
from tests.retention import years
from tests.retention.decade import BEGIN, Decade, decade

pytestmark = pytest.mark.timeout(400)

YEARS = (2026, 2027, 2028)
HELD = slice(10, 15)
"""Which of the first year's entries are kept longer."""


async def _first_year(play: Decade) -> tuple[list[int], str]:
    """Its entries, and the fingerprint of the first key."""
    await play.until(date(2027, 4, 1), work=True)
    first = await play.numbers()
    await play.hand_out_receipt(first[3])
    held = first[HELD]
    await years.hold(play.bench, held[0], held[-1], "2036-01-01")
    (seal,) = await play.seals()
    pin = sha256(seal).hexdigest()
    told = play.verify(await play.export("1"), pin=pin)
    assert told.status == 0, told.text
    for each in play.witnesses:
        assert re.search(rf"witness: {each.cosigner.name} has cosigned [1-9]", told.text), told.text
    await play.rotate_seal()
    return first, pin


async def _second_year(play: Decade) -> None:
    await play.until(date(2028, 4, 1), work=True)
    states = {each.municipality: each.overdue for each in play.bench.open.witnesses.states()}
    assert states == {"35201": False, "35203": True}
    await play.rotate_seal()


async def _third_year(play: Decade, pin: str) -> None:
    await play.until(date(2029, 4, 1), work=True)
    told = play.verify(await play.export("2"), *play.known[:1], pin=pin)
    assert told.status == 0, told.text
    assert (await play.state()).purged.end == 0
    await play.rotate_seal()


async def _end_of(play: Decade, year: int, held: list[int]) -> None:
    """The last day of the year whose entries are the last to go, and the night that ends all of them and their key."""
    await play.until(date(year + 8, 4, 1), work=False)
    assert await play.entries_of(year)
    assert f"log.{year}" in await play.log_keys()
    await play.night()
    assert await play.entries_of(year) == held
    assert f"log.{year}" not in await play.log_keys()


async def test_it_verifies_from_the_first_checkpoint_to_the_last(pki: Pki, tmp_path: Path) -> None:
    async with decade(pki, tmp_path) as play:
        first, pin = await _first_year(play)
        await _second_year(play)
        await _third_year(play, pin)

        # Nobody works any more. What was written goes, day by day, once it is seven years old.
        await play.until(BEGIN.date().replace(year=2033) - timedelta(days=3), work=False, step=30)
        assert (await play.state()).purged.end == 0
        await _end_of(play, YEARS[0], first[HELD])
        told = play.verify(await play.export("3"), *play.known[:2], pin=pin)
        assert told.status == 0, told.text
        assert "held entries: 5 " in told.text
        await _end_of(play, YEARS[1], [])
        assert set(first) & set(await play.numbers()) == set(first[HELD])
        await _end_of(play, YEARS[2], [])
        assert not set(first) & set(await play.numbers())

        purges = len(await years.said(play.bench, Action.LOG_PURGED))
        told = play.verify(last := await play.export("4"), *play.known[:3], pin=pin)
        assert told.status == 0, told.text
        assert "result: VERIFIED" in told.text
        assert f"agrees with {play.checkpoints(play.known[:3]) + len(play.receipts)} " in told.text
        assert f"purges: {purges}, all after 7 years" in told.text
        assert told.text.count(" is vouched for by ") == len(YEARS)
        assert "receipt: entry 3 " in told.text

        assert play.verify(last, pin="0" * 64).status == 1
        forged = tmp_path / "forged.txt"
        forged.write_text(play.known[0].read_text("utf-8").replace("\nrows ", "\nrows 0", 1), "utf-8")
        assert play.verify(last, forged, pin=pin).status == 1
