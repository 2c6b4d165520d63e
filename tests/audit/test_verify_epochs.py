"""Epochs of the log: what was signed is in the log or lost by a statement, and whatever is done to that is refused for its reason."""

from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.audit.action import Action
from daemon.audit.canonical import canonical
from daemon.audit.entry import seal_parts
from daemon.audit.verify import program, trust
from daemon.contract.epochs import Opening
from daemon.contract.note import origin_of
from daemon.contract.proof import Proof
from daemon.contract.statement import Kind
from tests.audit.conftest import Log, Signer, header, put
from tests.audit.exports import ECDSA, RSA, STATEMENTS, check, fault, fingerprint, kept, lines, rewrite

KEPT, SIGNED = 5, 8
CUSTODIANS = ("kagi01 " + "1" * 64, "kagi02 " + "2" * 64)


def opening(log: Log, **change: Any) -> Opening:
    """The log of 8 signed entries goes on from the first 5."""
    made = Opening(
        epoch=2,
        size=SIGNED,
        root=log.tree(SIGNED).root(),
        kept=KEPT,
        kept_root=log.tree(KEPT).root(),
        proven=KEPT,
        reason="restored",
        custodians=CUSTODIANS,
        last=log.note(SIGNED),
    )
    return replace(made, **change)


def word(seq: int, epoch: int, counts: dict[str, int]) -> tuple[bytes, bytes]:
    """The first entry of an epoch."""
    head = header(seq, epoch=epoch, action=Action.LOG_EPOCH_OPENED, counts=counts)
    return seal_parts(head, {"note": "-"}, lambda: bytes(32))


def figures(opening: Opening, number: int) -> dict[str, int]:
    return {"number": number, "first": opening.kept, "end": opening.size, "proven": opening.proven}


def gone_on(old: Log, opening: Opening, more: int = 3, *, by: Signer | None = None, number: int = 1) -> Log:
    """The log after a new epoch was opened, with its first word and some entries."""
    new = Log(
        replace(old.signer, name=origin_of("honnin", opening.epoch)), origin_of("honnin", opening.epoch),
        old.entries[: opening.kept], statements=list(old.statements),
    )  # fmt: skip
    new.state(by or old.signer, Kind.EPOCH_OPENED, opening.lines)
    new.entries.append(word(opening.kept, opening.epoch, figures(opening, number)))
    for seq in range(len(new.entries), len(new.entries) + more):
        new.entries.append(seal_parts(header(seq, epoch=opening.epoch), {}, lambda: bytes(32)))
    return new


@pytest.fixture
def new(log: Log) -> Log:
    return gone_on(log, opening(log))


@pytest.fixture
def folder(log: Log, new: Log, tmp_path: Path) -> Path:
    """An export over the boundary."""
    new.export(tmp_path / "e", notes=[log.note(3), log.note(KEPT), new.note(7), new.note(9)])
    return tmp_path / "e"


def test_an_export_over_the_boundary_verifies_and_says_what_is_lost(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = check(folder)
    assert (report.manifest.epoch, report.checkpoints, report.verified) == (2, 4, 9)
    assert (report.epochs.compared, report.epochs.unproven, report.epochs.lost) == ({1}, [], [])
    assert program.main([str(folder)]) == 0
    told = capsys.readouterr().out
    assert "[!!] epoch 2 begins with entry 5 (statement 1, " in told
    assert "custodians kagi01 kagi02" in told
    assert "LOST" in told


@pytest.mark.parametrize("kind", [ECDSA, RSA])
def test_a_checkpoint_of_what_is_lost_is_answered_with_the_statement_and_a_status_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: Any
) -> None:
    log = Log(Signer(kind=kind))
    log.add(SIGNED)
    new = gone_on(log, opening(log))
    folder = tmp_path / "e"
    new.export(folder, notes=[log.note(3), new.note(9)])
    for size in (6, 7, 8):
        report = check(folder, kept(folder, log.note(size)), fingerprint(log.signer))
        ((claim, told),) = report.epochs.lost
        assert (claim.size, told.kept, report.known, report.known_open) == (size, KEPT, 0, [])
    assert program.main([str(folder), "--known", str(folder.parent / "kept.txt")]) == 3
    out = capsys.readouterr().out
    assert "[!!] LOST: of the entries under the known checkpoint of size 8" in out
    assert "result: VERIFIED, BUT" in out
    assert "[OK] result: VERIFIED" not in out
    for size in (1, 3, 4, 5):
        report = check(folder, kept(folder, log.note(size)))
        assert (report.known, report.epochs.lost) == (1, [])
    assert program.main([str(folder), "--known", str(folder.parent / "kept.txt")]) == 0


def test_what_was_signed_beside_or_after_the_last_of_an_epoch_is_two_logs(log: Log, folder: Path) -> None:
    log.add(1)
    assert fault(folder, kept(folder, log.note(9))) == "epoch_contradicted"
    other = Log(log.signer)
    other.add(SIGNED)
    other.entries[0] = seal_parts(header(0), {}, lambda: bytes(32))
    assert fault(folder, kept(folder, other.note(8))) == "epoch_contradicted"
    assert fault(folder, kept(folder, other.note(5))) == "root"
    # Between what is kept and what was signed last nobody can tell any more.
    assert len(check(folder, kept(folder, other.note(7))).epochs.lost) == 1


def test_a_boundary_without_its_statement_is_refused(log: Log, new: Log, folder: Path) -> None:
    (folder / STATEMENTS).write_text("", "utf-8")
    assert fault(folder) == "epoch_manifest"
    new.signer, new.statements, new.last = log.signer, [], None
    new.export(folder, notes=[log.note(3), log.note(9)], maker=log.signer)
    assert fault(folder) == "other_epoch"


def test_no_byte_of_the_statement_can_be_changed(folder: Path) -> None:
    path = folder / STATEMENTS
    sound = path.read_bytes()
    reasons = set()
    for at in range(0, len(sound), 3):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        reasons.add(fault(folder))
    assert reasons <= {"line_cut", "statement_form", "statement_gap", "other_log", "bad_signature", "unknown_signer"}  # fmt: skip
    path.write_bytes(sound)
    assert check(folder).verified == 9


def test_a_statement_by_another_key_is_refused(log: Log, tmp_path: Path) -> None:
    thief = Signer(generation="seal.9")
    new = gone_on(log, opening(log), by=thief)
    new.export(tmp_path / "e", notes=[new.note(9)], maker=new.signer)
    assert fault(tmp_path / "e") == "unknown_signer"
    new.others.append(replace(thief, name=new.origin))
    new.export(tmp_path / "f", notes=[new.note(9)], maker=new.signer)
    assert fault(tmp_path / "f", None, fingerprint(log.signer)) == "foreign_key"


Change = Callable[[Log], dict[str, Any]]
WRONG: dict[str, tuple[Change, str]] = {
    "less kept": (lambda log: {"kept": 4, "kept_root": log.tree(4).root(), "proven": 4}, "other_epoch"),
    "more kept": (lambda log: {"kept": 6, "kept_root": log.tree(6).root()}, "other_epoch"),
    "all kept": (lambda log: {"kept": 8, "kept_root": log.tree(8).root()}, "other_epoch"),
    "nothing kept": (lambda log: {"kept": 0, "proven": 0, "kept_root": log.tree(0).root()}, "other_epoch"),
    "nothing kept, with a root": (lambda _: {"kept": 0, "proven": 0}, "epoch_kept"),
    "another root": (lambda log: {"kept_root": log.tree(4).root()}, "epoch_kept"),
    "an epoch skipped": (lambda _: {"epoch": 3}, "epoch_order"),
    "an epoch back": (lambda _: {"epoch": 1}, "epoch_order"),
    "another last size": (lambda _: {"size": 7}, "epoch_last"),
    "another last root": (lambda log: {"root": log.tree(7).root()}, "epoch_last"),
    "another last note": (lambda log: {"last": log.note(7)}, "epoch_last"),
    "no last note": (lambda _: {"last": ""}, "epoch_last"),
    "a last note of a thief": (lambda log: {"last": log.note(8, Signer())}, "unknown_signer"),
    "a last note that is none": (lambda _: {"last": "nothing\n"}, "checkpoint_form"),
    "a last note that was changed": (lambda log: {"last": log.note(8).replace("\ntime ", "\nTime ")}, "checkpoint_form"),
    "one custodian": (lambda _: {"custodians": CUSTODIANS[:1]}, "epoch_form"),
    "one custodian twice": (lambda _: {"custodians": CUSTODIANS[:1] * 2}, "epoch_form"),
    "no custodian": (lambda _: {"custodians": ()}, "epoch_form"),
    "proven beyond kept": (lambda _: {"proven": 6}, "epoch_form"),
    "no number": (lambda _: {"size": -1}, "epoch_form"),
    "no root": (lambda _: {"root": b"x"}, "epoch_form"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "code"), WRONG.values(), ids=WRONG)
def test_a_statement_that_does_not_fit_is_refused_though_it_is_signed(
    log: Log, new: Log, tmp_path: Path, change: Change, code: str
) -> None:
    new.statements.clear()
    new.state(log.signer, Kind.EPOCH_OPENED, opening(log, **change(log)).lines)
    new.export(tmp_path / "e", notes=[new.note(9)])
    assert fault(tmp_path / "e") == code


def entry(log: Log, seq: int, leaf: tuple[bytes, bytes]) -> None:
    log.entries[seq] = leaf


ENTRY: dict[str, tuple[Callable[[Log, dict[str, int]], None], str]] = {
    "of another action": (
        lambda new, _: entry(new, KEPT, seal_parts(header(KEPT, epoch=2), {}, lambda: bytes(32))),
        "epoch_unsaid",
    ),
    "of the old epoch": (lambda new, told: entry(new, KEPT, word(KEPT, 1, told)), "other_epoch"),
    "of an epoch to come": (lambda new, told: entry(new, KEPT, word(KEPT, 3, told)), "other_epoch"),
    "without figures": (lambda new, _: entry(new, KEPT, word(KEPT, 2, {})), "epoch_entry"),
    "said twice": (lambda new, told: entry(new, 6, word(6, 2, told)), "epoch_entry"),
    "said too early": (lambda new, told: entry(new, 2, word(2, 1, told)), "epoch_entry"),
    "going back later": (
        lambda new, _: entry(new, 7, seal_parts(header(7, epoch=1), {}, lambda: bytes(32))),
        "other_epoch",
    ),
}


def another(name: str) -> Callable[[Log, dict[str, int]], None]:
    """The first word with another figure of that name."""
    return lambda new, told: entry(new, KEPT, word(KEPT, 2, {**told, name: told[name] + 1}))


ENTRY |= {
    f"with another {name}": (another(name), "epoch_entry") for name in ("number", "first", "end", "proven")
}


@pytest.mark.parametrize(("damage", "code"), ENTRY.values(), ids=ENTRY)
def test_the_first_entry_of_an_epoch_says_what_its_statement_says(
    log: Log, new: Log, tmp_path: Path, damage: Callable[[Log, dict[str, int]], None], code: str
) -> None:
    damage(new, figures(opening(log), 1))
    new.export(tmp_path / "e", notes=[new.note(9)])
    assert fault(tmp_path / "e") == code


def test_a_checkpoint_stands_in_its_own_epoch(log: Log, new: Log, tmp_path: Path) -> None:
    mixed = Log(log.signer, entries=new.entries)
    new.export(tmp_path / "a", notes=[mixed.note(7), new.note(9)])
    assert fault(tmp_path / "a") == "checkpoint_epoch"
    new.export(tmp_path / "b", notes=[new.note(3), new.note(9)])
    assert fault(tmp_path / "b") == "checkpoint_epoch"
    new.export(tmp_path / "c", notes=[log.note(KEPT), new.note(KEPT), new.note(9)])
    assert check(tmp_path / "c").checkpoints == 3
    third = Log(replace(log.signer, name=origin_of("honnin", 3)), origin_of("honnin", 3), new.entries)
    new.export(tmp_path / "d", notes=[new.note(7)])
    assert fault(tmp_path / "d", kept(tmp_path / "d", third.note(7))) == "other_log"


def test_a_log_that_was_replaced_is_told_apart_by_what_is_proven(
    log: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Log(log.signer, entries=list(log.entries))
    for seq in range(3, 8):
        found.entries[seq] = seal_parts(header(seq), {}, lambda: bytes(32))
    found.add(2)  # longer than what was signed
    told = opening(log, kept=10, kept_root=found.tree(10).root(), proven=3, reason="replaced")
    new = gone_on(found, told)
    folder = tmp_path / "e"
    new.export(folder, notes=[log.note(3), new.note(12)])
    for size in (4, 5, 8):
        report = check(folder, kept(folder, log.note(size)))
        assert [lost.claim.size for lost in report.epochs.lost] == [size]
        assert report.checkpoints == 2
    assert program.main([str(folder), "--known", str(tmp_path / "kept.txt")]) == 3
    assert "is not what the known checkpoint of size 8" in capsys.readouterr().out
    assert check(folder, kept(folder, log.note(3))).known == 1
    # What the register itself hands over as signed must be in its log.
    new.export(folder, notes=[log.note(3), log.note(5), new.note(12)])
    assert fault(folder) == "root"


def test_an_epoch_that_is_lost_as_a_whole_was_one(log: Log, tmp_path: Path) -> None:
    second = gone_on(log, opening(log))
    signed = second.note(9)
    told = Opening(
        3, 9, second.tree(9).root(), 4, log.tree(4).root(), 4, "restored", CUSTODIANS, signed,
    )  # fmt: skip
    third = gone_on(replace(second, signer=log.signer), told, number=2)
    folder = tmp_path / "e"
    third.export(folder, notes=[log.note(3), third.note(8)])
    report = check(folder)
    assert (report.epochs.compared, report.epochs.unproven) == ({2}, [])
    for note in (second.note(6), signed, log.note(5), log.note(8)):
        assert len(check(folder, kept(folder, note)).epochs.lost) == 1
    assert check(folder, kept(folder, log.note(4))).known == 1
    # One of them left out, or both in the other order.
    third.statements = [third.statements[1]]
    third.export(folder, notes=[third.note(8)])
    assert fault(folder) == "statement_gap"


def test_an_epoch_in_which_nothing_was_signed_ends_as_it_began(log: Log, tmp_path: Path) -> None:
    second = gone_on(log, opening(log), more=0)
    told = Opening(3, KEPT, log.tree(KEPT).root(), 3, log.tree(3).root(), 3, "restored", CUSTODIANS)
    third = gone_on(replace(second, signer=log.signer), told, number=2)
    third.export(tmp_path / "e", notes=[third.note(7)])
    assert check(tmp_path / "e").verified == 7
    third.statements.pop()
    third.state(log.signer, Kind.EPOCH_OPENED, replace(told, size=4).lines)
    third.export(tmp_path / "f", notes=[third.note(7)])
    assert fault(tmp_path / "f") == "epoch_last"


def test_everything_lost_begins_with_the_first_entry(log: Log, tmp_path: Path) -> None:
    nothing = Log(log.signer)
    told = opening(log, kept=0, kept_root=nothing.tree(0).root(), proven=0)
    new = gone_on(replace(log), told)
    new.export(tmp_path / "e", notes=[new.note(4)])
    assert check(tmp_path / "e").epochs.unproven == []
    assert len(check(tmp_path / "e", kept(tmp_path / "e", log.note(1))).epochs.lost) == 1


async def test_an_export_after_the_boundary_proves_what_the_epoch_began_with(
    log: Log, new: Log, tmp_path: Path
) -> None:
    folder = tmp_path / "e"
    new.export(folder, notes=[new.note(7), new.note(9)], first=7)
    report = check(folder)
    assert [each.number for each in report.epochs.unproven] == [1]
    proofs = {size: await new.consistency(size, 9) for size in (3, KEPT)}

    def earlier(*sizes: int) -> None:
        put(
            folder,
            "earlier.jsonl",
            [canonical({"proof": proofs[size], "size": size}).decode() for size in sizes],
        )

    earlier(3, KEPT)
    report = check(folder, kept(folder, log.note(3)))
    assert (report.epochs.compared, report.known) == ({1}, 1)
    assert len(check(folder, kept(folder, log.note(8))).epochs.lost) == 1
    other = Log(log.signer)
    other.add(SIGNED)
    other.entries[0] = seal_parts(header(0), {}, lambda: bytes(32))
    assert fault(folder, kept(folder, other.note(3))) == "earlier_proof"
    new.statements.clear()
    new.state(log.signer, Kind.EPOCH_OPENED, opening(log, kept_root=other.tree(KEPT).root()).lines)
    rewrite(folder, STATEMENTS, [line for note in new.statements for line in note.split("\n")])
    assert fault(folder) == "earlier_proof"


async def test_a_receipt_of_what_is_left_holds_and_one_of_what_is_lost_says_so(
    log: Log, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def receipt(seq: int, size: int, proof: list[bytes]) -> Path:
        path = tmp_path / f"{seq}.receipt"
        path.write_text(Proof(seq, proof, log.note(size), log.line(seq).encode()).text(), "utf-8")
        return path

    left = receipt(2, 4, [b64decode(each) for each in await log.inclusion(2, 4)])
    lost = receipt(6, 8, [b64decode(each) for each in await log.inclusion(6, 8)])
    assert check(folder, receipts=(left,)).known == 1
    assert len(check(folder, receipts=(lost,)).epochs.lost) == 1
    assert program.main([str(folder), "--receipt", str(lost)]) == 3
    told = capsys.readouterr().out
    assert "receipt: entry 6" not in told
    assert "LOST" in told


def test_register_and_verifier_agree_on_the_form_of_an_epoch(log: Log, folder: Path) -> None:
    note = "\n".join(lines(folder, STATEMENTS)).rstrip("\n") + "\n"
    made = Opening.parse(note)
    assert replace(made, last="") == opening(log, last="")
    (read,) = check(folder).epochs.openings
    told = (read.epoch, read.size, read.root, read.kept, read.kept_root, read.proven)
    assert told == (2, made.size, made.root, made.kept, made.kept_root, made.proven)
    assert tuple(read.custodians) == made.custodians
    assert "".join(f"{line}\n" for line in read.last) == made.last
    assert set(trust.KINDS) == set(Kind)
