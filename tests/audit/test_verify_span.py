"""Exports that do not begin with the log: between two signed checkpoints nothing is missing, and what lies before is proven to be the same log."""

import json
import shutil
from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audit.conftest import START, Log
from tests.audit.exports import ENTRIES, Logged, check, fault, kept, lines, rewrite

EARLIER = "earlier.jsonl"


@pytest.fixture
def spanned(log: Logged, tmp_path: Path) -> Path:
    """Entries 3 to 6 of eight, between checkpoints at 3 and 7, another at 5."""
    log.export(tmp_path / "s", sizes=(3, 5, 7), first=3)
    return tmp_path / "s"


async def prove(log: Logged, folder: Path, *sizes: int, end: int = 7) -> None:
    rewrite(
        folder,
        EARLIER,
        [
            json.dumps({"proof": await log.consistency(size, end), "size": size}, separators=(",", ":"))
            for size in sizes
        ],
    )


def test_a_span_verifies_and_says_what_it_covers(spanned: Path) -> None:
    report = check(spanned)
    assert (report.manifest.first, report.manifest.end, report.verified, report.checkpoints) == (3, 7, 4, 3)
    assert report.span == ("2026-04-01T00:00:03Z", "2026-04-01T00:00:07Z")


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40).flatmap(lambda end: st.tuples(st.integers(0, end), st.just(end))))
def test_any_span_verifies(tmp_path_factory: pytest.TempPathFactory, span: tuple[int, int]) -> None:
    log, (first, end) = Log(), span
    log.add(end)
    folder = tmp_path_factory.mktemp("span")
    log.export(folder, sizes=(*((first,) if first else ()), end), first=first)
    assert check(folder).verified == end - first


def test_a_span_begins_and_ends_with_a_signature(log: Logged, tmp_path: Path) -> None:
    log.export(tmp_path / "a", sizes=(5, 7), first=3)
    assert fault(tmp_path / "a") == "start_unsigned"
    log.export(tmp_path / "b", sizes=(3, 5), first=3, end=7)
    assert fault(tmp_path / "b") == "end_unsigned"


def test_the_trees_before_the_span_are_the_signed_ones(spanned: Path) -> None:
    sound = lines(spanned, "start.txt")
    assert len(sound) == 2
    other = b64encode(bytes(32)).decode()
    for forged, reason in (([other, sound[1]], "root"), (sound[::-1], "root"), (sound[:1], "start_form"), ([*sound, other], "start_form"),
                           ([], "start_form"), (["", sound[1]], "start_form"), ([sound[0][:-4], sound[1]], "start_form")):  # fmt: skip
        rewrite(spanned, "start.txt", forged)
        assert fault(spanned) == reason
    (spanned / "start.txt").unlink()
    assert fault(spanned) == "file_missing"


def test_entries_of_a_span_cannot_be_left_out_or_exchanged(spanned: Path, log: Logged) -> None:
    sound = lines(spanned, ENTRIES)
    for forged, reason in ((sound[1:], "sequence"), (sound[:-1], "tail_cut"), ([log.line(2), *sound], "sequence"),
                           ([*sound, log.line(7)], "beyond_end"), ([sound[0], sound[2], sound[1], sound[3]], "sequence"), ([], "tail_cut")):  # fmt: skip
        rewrite(spanned, ENTRIES, forged)
        assert fault(spanned) == reason
    other = log.entries[4]
    log.entries[4] = (other[0].replace(b'"ok"', b'"refused"'), other[1])
    rewrite(spanned, ENTRIES, [*sound[:1], log.line(4), *sound[2:]])
    assert fault(spanned) == "root"


async def test_what_the_auditor_kept_is_compared_where_a_proof_is_there(spanned: Path, log: Logged) -> None:
    before = kept(spanned, "\n".join(log.note(size) for size in (1, 2, 3, 6)))
    report = check(spanned, before)
    assert (report.known, report.known_open) == (2, [1, 2])
    await prove(log, spanned, 2)
    report = check(spanned, before)
    assert (report.known, report.known_open) == (3, [1])
    await prove(log, spanned, 1, 2)
    assert (check(spanned, before).known, check(spanned, before).known_open) == (4, [])


async def test_a_log_that_was_replaced_below_the_span_is_seen(spanned: Path, log: Logged) -> None:
    before = kept(spanned, log.note(2))
    del log.entries[1:]
    log.add(7)
    shutil.rmtree(spanned)
    log.export(spanned, sizes=(3, 7), first=3)
    assert check(spanned, before).known_open == [2]
    await prove(log, spanned, 2)
    assert fault(spanned, before) == "earlier_proof"


async def test_a_proof_of_something_else_proves_nothing(spanned: Path, log: Logged) -> None:
    before = kept(spanned, log.note(2))
    proof = await log.consistency(2, 7)
    for forged in (proof[:-1], [*proof, proof[0]], proof[::-1], []):
        rewrite(spanned, EARLIER, [json.dumps({"proof": forged, "size": 2}, separators=(",", ":"))])
        assert fault(spanned, before) == "earlier_proof"
    for line in (
        '{"proof":[]}',
        '{"proof":["AAAA"],"size":2}',
        '{"proof":{},"size":2}',
        '{"proof":[],"size":-1}',
        '{"more":1,"proof":[],"size":2}',
    ):
        rewrite(spanned, EARLIER, [line])
        assert fault(spanned, before) == "earlier_form"


def test_signatures_do_not_go_back_in_time(log: Logged, tmp_path: Path) -> None:
    log.export(tmp_path / "e", notes=[log.note(3), log.note(5, at=START)])
    assert fault(tmp_path / "e") == "checkpoint_order"


def test_a_signature_that_says_to_be_older_than_what_it_covers_is_told(log: Logged, tmp_path: Path) -> None:
    for early, told in ((timedelta(hours=23), 0), (timedelta(days=1, seconds=8), 1)):
        log.export(tmp_path / "e", notes=[log.note(8, at=START - early)])
        assert check(tmp_path / "e").early == told
