"""What a purge may take, what outlives it, and receipts for single entries: each by its proof."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audit.action import Action
from daemon.audit.entry import Header, Outcome, seal_parts
from daemon.audit.verify import forms, purges
from daemon.contract.note import Checkpoint, signed, time_line
from daemon.retention.due import is_over
from tests.audit.conftest import START, Log, put
from tests.audit.exports import ENTRIES, New, check, fault, lines, rewrite

HELD, EARLIER = "held.jsonl", "earlier.jsonl"
LATER = datetime(2033, 4, 2, 3, 0, tzinfo=UTC)
"""Noon of the first day on which entries of 1 April 2026 may be gone."""


def purge(log: Log, gone: int, **change: Any) -> int:
    """Log that the first `gone` entries are deleted; its place."""
    at, counts = change.pop("at", LATER), change.pop("counts", {"first": 0, "end": gone})
    told: dict[str, Any] = {"checkpoint": log.note(8), "end": gone, "first": log.entries[0][0].decode(), "last": log.entries[gone - 1][0].decode(),
            "root": b64encode(log.tree(gone).root()).decode()} | change  # fmt: skip
    seq = len(log.entries)
    head = Header(
        epoch=1,
        seq=seq,
        time=at,
        actor="jukurad",
        terminal="",
        action=Action.KEY_MADE,
        outcome=Outcome.OK,
        counts=counts,
    )
    leaf, secret = seal_parts(head, {"range": told}, lambda: bytes(32))
    leaf = leaf.replace(b'"key.made"', b'"log.purged"')
    log.entries.append((leaf, secret))
    return seq


def line(log: Log, seq: int) -> str:
    """The entry of a purge, open."""
    leaf, secret = log.entries[seq]
    salt, value = msgspec.msgpack.decode(secret, type=dict[str, tuple[bytes, Any]])["range"]
    return forms.canonical({"leaf": leaf.decode(), "open": {"range": [b64encode(salt).decode(), value]}})


async def after(log: Log, folder: Path, *purged: int, first: int = 7, held: tuple[int, ...] = ()) -> Path:
    """An export made after these purges: entries from `first` on."""
    end = len(log.entries)
    log.export(folder, notes=[log.note(first), log.note(end, at=LATER + timedelta(minutes=1))], first=first)
    told = [seq for seq, (leaf, _) in enumerate(log.entries) if b"log.purged" in leaf]
    put(folder, ENTRIES, [line(log, seq) if seq in told else log.line(seq) for seq in range(first, end)])
    put(
        folder,
        EARLIER,
        [forms.canonical({"proof": await log.consistency(size, end), "size": size}) for size in purged],
    )
    if held:
        put(folder, HELD, [log.line(seq, proof=await log.inclusion(seq, end)) for seq in held])
    return folder


async def test_a_purge_after_seven_years_is_lawful_and_proven(log: Log, tmp_path: Path) -> None:
    purge(log, 3)
    purge(log, 6)
    folder = await after(log, tmp_path / "e", 3, 6)
    assert check(folder).purged == (2, 6, 2)
    (folder / EARLIER).unlink()
    assert check(folder).purged == (2, 6, 0)


@pytest.mark.parametrize(
    ("at", "lawful"), [(LATER, True), (LATER - timedelta(days=1), False), (START, False)]
)
async def test_a_purge_too_early_is_refused(log: Log, tmp_path: Path, at: datetime, *, lawful: bool) -> None:
    purge(log, 6, at=at)
    folder = await after(log, tmp_path / "e", 6)
    if lawful:
        assert check(folder).purged == (1, 6, 1)
    else:
        assert fault(folder) == "purged_early"


async def test_a_purge_without_a_checkpoint_as_old_is_too_early(log: Log, tmp_path: Path) -> None:
    purge(log, 6, checkpoint=log.note(8, at=LATER - timedelta(days=365)))
    assert fault(await after(log, tmp_path / "e", 6)) == "purged_early"


FORGED: dict[str, tuple[Callable[[Log, New], dict[str, Any]], str]] = {
    "checkpoint of a thief": (lambda log, new: {"checkpoint": log.note(8, new())}, "unknown_signer"),
    "checkpoint over less": (lambda log, _: {"checkpoint": log.note(5)}, "purge_form"),
    "checkpoint of another log": (lambda log, _: {"checkpoint": other(log)}, "other_log"),
    "checkpoint changed": (lambda log, _: {"checkpoint": log.note(8).replace("T00:00:08Z", "T00:00:07Z")}, "bad_signature"),
    "checkpoint cut": (lambda log, _: {"checkpoint": log.note(8)[:-1]}, "purge_form"),
    "no checkpoint": (lambda log, _: {"checkpoint": ""}, "checkpoint_form"),
    "another root": (lambda log, _: {"root": b64encode(bytes(32)).decode()}, "earlier_proof"),
    "no root": (lambda log, _: {"root": ""}, "purge_form"),
    "more than it says": (lambda log, _: {"end": 7}, "purge_form"),
    "another last entry": (lambda log, _: {"last": log.entries[4][0].decode()}, "purge_form"),
    "no last entry": (lambda log, _: {"last": "{}"}, "purge_form"),
    "first after last": (lambda log, _: {"first": log.entries[7][0].decode()}, "purge_form"),
    "other figures": (lambda log, _: {"counts": {"first": 0, "end": 5}}, "purge_form"),
    "no figures": (lambda log, _: {"counts": {}}, "purge_form"),
    "something more": (lambda log, _: {"more": 1}, "purge_form"),
    "a younger last entry": (lambda log, _: {"last": younger(log)}, "purged_early"),
}  # fmt: skip


def other(log: Log) -> str:
    log.origin = "jukura.jp/fuhyo/1"
    text = Checkpoint(log.origin, 8, log.tree(8).root(), (time_line(START),)).text()
    log.origin = log.signer.name
    return signed(text, log.signer.line(text))


def younger(log: Log) -> str:
    return log.entries[5][0].decode().replace("2026-04-01T", "2026-04-02T")


@pytest.mark.parametrize("way", sorted(FORGED))
async def test_no_forged_purge_is_taken(log: Log, new_signer: New, tmp_path: Path, way: str) -> None:
    change, reason = FORGED[way]
    purge(log, 6, **change(log, new_signer))
    assert fault(await after(log, tmp_path / "e", 6)) == reason


async def test_a_purge_that_is_not_open_is_refused(log: Log, tmp_path: Path) -> None:
    seq = purge(log, 6)
    folder = await after(log, tmp_path / "e", 6)
    rewrite(folder, ENTRIES, [log.line(at) for at in range(7, seq + 1)])
    assert fault(folder) == "purge_form"


async def test_purges_only_go_on(log: Log, tmp_path: Path) -> None:
    purge(log, 6)
    purge(log, 3)
    assert fault(await after(log, tmp_path / "e", 3, 6)) == "purge_form"


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)), st.integers(0, 5000))  # noqa: DTZ001
def test_seven_years_end_with_a_day(then: datetime, days: int) -> None:
    start = then.replace(tzinfo=UTC)
    lapsed = purges.lapsed(text(start), text(start + timedelta(days=days)))
    day = (start + timedelta(hours=9)).date()
    now = (start + timedelta(days=days, hours=9)).date()
    # The last day of the years, counted on from the day after: one at a time, as a calendar shows them.
    begin, last = day + timedelta(days=1), day
    while (last.year, last.month, last.day) < (begin.year + 7, begin.month, begin.day):
        last += timedelta(days=1)
    assert lapsed is (now >= last)


@pytest.mark.parametrize(
    ("then", "first"),
    [
        ("2026-11-24", "2033-11-25"),
        ("2025-02-27", "2032-02-28"),
        ("2025-02-28", "2032-03-01"),
        ("2028-02-28", "2035-03-01"),
        ("2028-02-29", "2035-03-01"),
        ("2026-12-31", "2034-01-01"),
    ],
)
def test_the_first_day_after_seven_years(then: str, first: str) -> None:
    assert purges.over(date.fromisoformat(then)) == date.fromisoformat(first)


def text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


async def test_what_was_held_belongs_to_the_log(log: Log, tmp_path: Path) -> None:
    purge(log, 6)
    folder = await after(log, tmp_path / "e", 6, held=(1, 4))
    report = check(folder)
    assert (report.read.held, report.purged) == (2, (1, 6, 1))
    sound = lines(folder, HELD)
    for forged, reason in ((sound[::-1], "held_order"), ([sound[0]] * 2, "held_order"),
                           ([sound[0], sound[1].replace('"ok', '"well')], "entry_form"),
                           ([sound[0], sound[1].replace("s01", "s02")], "held_proof"),
                           ([sound[0].replace('epoch\\":1', 'epoch\\":2')], "other_epoch"),
                           ([forms.canonical({"leaf": json.loads(sound[0])["leaf"]})], "entry_form"),
                           ([forms.canonical(json.loads(sound[0]) | {"proof": json.loads(sound[1])["proof"]})], "held_proof"),
                           ([log.line(7, proof=await log.inclusion(7, 9))], "held_order")):  # fmt: skip
        rewrite(folder, HELD, forged)
        assert fault(folder) == reason, forged


async def receipt(
    log: Log, seq: int, size: int, change: Mapping[str, str] = {}, *, shown: bool = False
) -> str:
    parts = {
        "first": "c2sp.org/tlog-proof@v1",
        "extra": "extra " + b64encode(log.line(seq, shown=shown).encode()).decode(),
        "index": f"index {seq}",
        "proof": "\n".join(await log.inclusion(seq, size)),
        "note": "\n" + log.note(size),
    } | dict(change)
    return "\n".join(parts.values())


async def test_a_receipt_is_found_in_the_log(exported: Path, log: Log, tmp_path: Path) -> None:
    file = tmp_path / "receipt.txt"
    file.write_text(await receipt(log, 2, 5, shown=True), "utf-8")
    report = check(exported, receipts=(file,))
    (found,) = report.receipts
    assert (found.seq, found.action, found.opened, report.known, report.known_open) == (
        2,
        "search.done",
        2,
        1,
        [],
    )


async def test_a_receipt_of_before_the_span_wants_a_proof(log: Log, tmp_path: Path) -> None:
    file, folder = tmp_path / "receipt.txt", tmp_path / "s"
    file.write_text(await receipt(log, 1, 2), "utf-8")
    log.export(folder, sizes=(3, 7), first=3)
    assert check(folder, receipts=(file,)).known_open == [2]
    put(folder, EARLIER, [forms.canonical({"proof": await log.consistency(2, 7), "size": 2})])
    assert check(folder, receipts=(file,)).known_open == []


CHANGES: dict[str, tuple[dict[str, str], set[str]]] = {
    "another first line": ({"first": "c2sp.org/tlog-proof@v2"}, {"receipt_form"}),
    "no entry": ({"extra": "extra AAAA"}, {"receipt_form"}),
    "not base64": ({"extra": "extra ???"}, {"receipt_form"}),
    "another place": ({"index": "index 3"}, {"receipt_proof"}),
    "no place": ({"index": "index two"}, {"receipt_form"}),
    "no proof": ({"proof": ""}, {"receipt_form", "receipt_proof"}),
    "short hash": ({"proof": "AAAA"}, {"receipt_form"}),
    "other hash": ({"proof": b64encode(bytes(32)).decode()}, {"receipt_proof"}),
    "no checkpoint": ({"note": ""}, {"receipt_form", "line_cut"}),
}


@pytest.mark.parametrize("way", sorted(CHANGES))
async def test_a_forged_receipt_is_none(exported: Path, log: Log, tmp_path: Path, way: str) -> None:
    change, reasons = CHANGES[way]
    file = tmp_path / "receipt.txt"
    file.write_text(await receipt(log, 2, 5, change), "utf-8")
    assert fault(exported, receipts=(file,)) in reasons


async def test_a_receipt_of_another_log_or_key_is_none(
    exported: Path, log: Log, new_signer: New, tmp_path: Path
) -> None:
    file = tmp_path / "receipt.txt"
    file.write_text(await receipt(log, 2, 5, {"note": "\n" + log.note(5, new_signer())}), "utf-8")
    assert fault(exported, receipts=(file,)) == "unknown_signer"
    stranger = Log(signer=log.signer)
    stranger.add(8)
    file.write_text(await receipt(stranger, 2, 5), "utf-8")
    assert fault(exported, receipts=(file,)) == "root"
    file.write_text((await receipt(log, 2, 5, shown=True)), "utf-8")
    whole = json.loads(log.line(2, shown=True))
    whole["open"]["purpose"][1] = "別の目的"
    extra = "extra " + b64encode(forms.canonical(whole).encode()).decode()
    file.write_text(await receipt(log, 2, 5, {"extra": extra}), "utf-8")
    assert fault(exported, receipts=(file,)) == "commitment"


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2080, 1, 1)), st.integers(2550, 2562))  # noqa: DTZ001
def test_register_and_verifier_agree_when_seven_years_are_over(then: datetime, days: int) -> None:
    start = then.replace(tzinfo=UTC)
    now = start + timedelta(days=days)
    assert purges.lapsed(text(start), text(now)) is is_over(start, now)
