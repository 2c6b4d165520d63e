"""Which keys the verifier comes to trust: those given, and those that these vouch for, and nobody else."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from daemon.audit.verify import program
from daemon.contract import note
from daemon.contract.statement import Kind, statement_name, statement_text
from tests.audit.exports import (
    ECDSA,
    NOW,
    RSA,
    STATEMENTS,
    Logged,
    New,
    Signing,
    check,
    fault,
    fingerprint,
    generations,
    rewrite,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "e"


def test_ten_keys_are_trusted_for_the_sake_of_the_first(log: Logged, new_signer: New, folder: Path) -> None:
    log.add(2)
    keys = generations(log, new_signer, 10, ECDSA, ECDSA, RSA)
    log.export(folder, notes=[log.note(size, key) for size, key in enumerate(keys, start=1)])
    report = check(folder, None, fingerprint(keys[0]))
    assert report.signers == {fingerprint(key) for key in keys}
    assert {key: word.by for key, word in report.trust.endorsed.items()} == {
        fingerprint(new): fingerprint(old) for old, new in pairwise(keys)
    }
    assert len(report.trust.kinds) == 9
    # From the middle of the chain nothing leads back.
    assert fault(folder, None, fingerprint(keys[4])) == "foreign_key"
    assert check(folder, None, *map(fingerprint, keys[:5])).checkpoints == 10


@pytest.mark.parametrize("at", range(9))
def test_a_chain_with_one_link_less_holds_no_further(
    log: Logged, new_signer: New, folder: Path, at: int
) -> None:
    log.add(2)
    keys = generations(log, new_signer, 10)
    kept, log.statements = log.statements, []
    for number, (old, new) in enumerate(pairwise(keys)):
        # Statements of another kind take the place of the one that is left out, so that the numbers have no gap.
        if number == at:
            log.state(keys[0], Kind.PIN_CLEARED, [("label", "honnin")])
        else:
            log.state(old, Kind.ENDORSEMENT, new.lines)
    log.export(folder, notes=[log.note(10, key) for key in keys])
    assert fault(folder, None, fingerprint(keys[0])) == "foreign_key"
    rewrite(folder, STATEMENTS, [line for note in kept for line in note.split("\n")])
    assert check(folder, None, fingerprint(keys[0])).checkpoints == 10


def test_a_log_under_rsa_alone_verifies(log: Logged, new_signer: New, folder: Path) -> None:
    log.signer = new_signer(kind=RSA)
    log.state(log.signer, Kind.CEREMONY, [("step", "一"), ("step", "二")])
    log.export(folder, sizes=(5, 8), open_seqs=(2,))
    assert check(folder, None, fingerprint(log.signer)).verified == 8
    rewrite(folder, "checkpoints.txt", log.note(8).replace("\n8\n", "\n7\n").split("\n"))
    assert fault(folder) == "bad_signature"


def test_without_a_key_given_endorsements_are_told_and_only_the_first_key_is_open(
    log: Logged, new_signer: New, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two, three = generations(log, new_signer, 3)
    log.state(three, Kind.ENDORSEMENT, one.lines, at=3)  # of no use to a key that needs none
    log.state(one, Kind.ENDORSEMENT, three.lines, at=4)  # nor a second time
    log.export(folder, notes=[log.note(4, one), log.note(8, three)])
    report = check(folder)
    assert report.trust.roots == {fingerprint(one)}
    assert list(report.trust.endorsed) == [fingerprint(two), fingerprint(three)]
    assert program.main([str(folder)]) == 0
    told = capsys.readouterr().out
    for key, by, number in ((two, one, 1), (three, two, 2)):
        text = f"key {fingerprint(key)} is vouched for by {fingerprint(by)} (statement {number}, 2026-04-01T00:00:0{number}Z)"
        assert text in told
    assert told.count("compare its fingerprint") == 1
    assert f"the prefecture's: {fingerprint(one)}" in told
    assert "by times alone" in told
    assert program.main([str(folder), "--key", fingerprint(one)]) == 0
    assert "compare its fingerprint" not in capsys.readouterr().out


def test_a_key_that_nobody_vouched_for_is_foreign_and_cannot_vouch(
    log: Logged, new_signer: New, folder: Path
) -> None:
    thief, friend = new_signer(generation="seal.7"), new_signer(generation="seal.8")
    log.endorse(thief, friend)
    log.others.append(thief)
    log.export(folder, notes=[log.note(8)])
    assert fault(folder, None, fingerprint(log.signer)) == "foreign_key"
    # Without a key given, both stand there as what they are: two strangers.
    assert check(folder).trust.roots == {fingerprint(log.signer), fingerprint(thief)}


FORGED: dict[str, Callable[[Logged, Any, Any], tuple[str, str]]] = {
    "by a thief in the name of the first": lambda log, one, two: (
        note.signed(
            text := endorsing(two), note.signature_line(statement_name("honnin"), one.public, made(two, text))
        ),
        "bad_signature",
    ),
    "by a key that is not listed": lambda log, one, two: (
        note.signed(text := endorsing(two), two.line(text, statement_name("honnin"))),
        "unknown_signer",
    ),
    "in the name of a checkpoint's key": lambda log, one, two: (
        note.signed(text := endorsing(two), one.line(text)),
        "unknown_signer",
    ),
    "of the other register": lambda log, one, two: (
        note.signed(
            text := endorsing(two).replace(b"honnin", b"fuhyo"), one.line(text, statement_name("fuhyo"))
        ),
        "other_log",
    ),
    "a checkpoint": lambda log, one, two: (log.note(8), "statement_form"),
    "a proposal": lambda log, one, two: (
        note.signed(
            text := endorsing(two).replace(b"/statement", b"/proposal"),
            one.line(text, statement_name("honnin")),
        ),
        "other_log",
    ),
}


def endorsing(key: Signing) -> bytes:
    return statement_text("honnin", Kind.ENDORSEMENT, 1, NOW, key.lines)


def made(key: Signing, text: bytes) -> bytes:
    """Only the signature."""
    return note.split(note.signed(text, key.line(text)))[1][0][2]


@pytest.mark.parametrize("way", sorted(FORGED))
def test_no_forged_endorsement_is_taken(log: Logged, new_signer: New, folder: Path, way: str) -> None:
    thief = new_signer(generation="seal.2")
    forged, reason = FORGED[way](log, log.signer, thief)
    log.statements = [forged]
    log.export(folder, notes=[log.note(8)])
    assert fault(folder) == reason
    assert fault(folder, None, fingerprint(log.signer)) == reason


def test_a_key_for_other_uses_signs_no_checkpoint(log: Logged, new_signer: New, folder: Path) -> None:
    form = new_signer(generation="form.1")
    log.state(log.signer, Kind.ENDORSEMENT, form.lines)
    log.export(folder, notes=[log.note(8)])
    assert fingerprint(form) not in check(folder, None, fingerprint(log.signer)).trust.endorsed
    rewrite(folder, "checkpoints.txt", log.note(8, form).split("\n"))
    assert fault(folder, None, fingerprint(log.signer)) == "unknown_signer"
    # Nor if it is listed as what it is not.
    form.generation = "seal.2"
    log.others.append(form)
    rewrite(folder, "keys.jsonl", [])
    log.export(folder, notes=[])
    rewrite(folder, STATEMENTS, log.statements[0].split("\n"))
    assert fault(folder, None, fingerprint(log.signer)) == "key_label"


@pytest.mark.parametrize("change", [{"generation": "seal.3"}, {"serial": "another"}, {"kind": RSA}])
def test_the_label_of_an_endorsed_key_is_the_endorsed_one(
    log: Logged, new_signer: New, folder: Path, change: dict[str, Any]
) -> None:
    _, two = generations(log, new_signer, 2)
    for name, value in change.items():
        setattr(two, name, value)
    log.export(folder, notes=[log.note(8)])
    assert fault(folder) == ("key_form" if "kind" in change else "key_label")
