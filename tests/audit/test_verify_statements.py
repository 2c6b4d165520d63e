"""Statements in an export: their form, their order, and what they say of keys that ended or began late."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon.audit.verify import notes, program, trust
from daemon.contract import note
from daemon.contract.statement import Kind, statement_name
from hsm.protocol import SignatureKind
from tests.audit.exports import (
    STATEMENTS,
    Logged,
    New,
    check,
    destroy,
    fault,
    fingerprint,
    generations,
    lines,
    rewrite,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "e"


@pytest.fixture
def told(log: Logged, new_signer: New, folder: Path) -> Path:
    """Three seals, a destruction and a retirement, each with its entry in the log, checkpoints by each seal."""
    one, two, three = generations(log, new_signer, 3)
    destroy(log, two, one, at=9)
    log.state(
        three, Kind.TOKEN_RETIRED, [("serial", "old"), ("model", "X"), ("successor", ""), ("keys", "3")], at=9
    )
    kinds = (Kind.ENDORSEMENT, Kind.ENDORSEMENT, Kind.DESTRUCTION, Kind.TOKEN_RETIRED)
    for number, kind in enumerate(kinds, start=1):
        log.tell(number, kind)
    log.export(folder, notes=[log.note(8, one), log.note(9, two), log.note(12, three)])
    return folder


def test_statements_verify_with_their_entries(told: Path, log: Logged) -> None:
    report = check(told, None, fingerprint(log.signer))
    assert report.trust.kinds == ["endorsement", "endorsement", "destruction", "token_retired"]
    assert list(report.trust.ended) == [fingerprint(log.signer)]
    assert not (report.trust.after_end + report.trust.before_start).total()


REASONS = {"line_cut", "statement_form", "statement_gap", "other_log", "bad_signature", "unknown_signer"}


def test_no_byte_of_a_statement_can_be_changed(told: Path) -> None:
    path = told / STATEMENTS
    sound = path.read_bytes()
    reasons = set()
    for at in range(len(sound)):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        reasons.add(fault(told))
    assert reasons <= REASONS
    path.write_bytes(sound)
    assert check(told).verified == 12


def test_statements_cannot_be_cut_anywhere(told: Path, log: Logged) -> None:
    path = told / STATEMENTS
    sound = path.read_bytes()
    for at in range(len(sound)):
        path.write_bytes(sound[:at])
        assert fault(told) in {"line_cut", "statement_form", "statement_missing"}
    path.write_bytes(b"")
    assert fault(told, None, fingerprint(log.signer)) == "foreign_key"
    assert fault(told) == "statement_missing"
    path.unlink()
    assert fault(told) == "file_missing"


ORDERS: dict[str, tuple[list[int], str]] = {
    "first dropped": ([1, 2, 3], "statement_gap"),
    "one dropped": ([0, 2, 3], "statement_gap"),
    "one doubled": ([0, 1, 1, 2, 3], "statement_gap"),
    "two swapped": ([0, 2, 1, 3], "statement_gap"),
    "last dropped": ([0, 1, 2], "statement_missing"),
    "all dropped": ([], "statement_missing"),
}


@pytest.mark.parametrize("order", sorted(ORDERS))
def test_statements_cannot_be_rearranged(told: Path, log: Logged, order: str) -> None:
    kept, reason = ORDERS[order]
    rewrite(told, STATEMENTS, [line for at in kept for line in log.statements[at].split("\n")])
    assert fault(told) == reason


def test_an_entry_speaks_of_the_statement_with_its_number_and_kind(
    log: Logged, new_signer: New, folder: Path
) -> None:
    generations(log, new_signer, 2)
    log.tell(1, Kind.CEREMONY)
    log.export(folder, notes=[log.note(9)])
    assert fault(folder) == "statement_other"


def test_a_statement_without_an_entry_yet_is_no_fault(log: Logged, new_signer: New, folder: Path) -> None:
    generations(log, new_signer, 2)
    log.export(folder, notes=[log.note(8)])
    assert check(folder, None, fingerprint(log.signer)).trust.kinds == ["endorsement"]


HEAD = "jukura.jp/honnin/statement"
FORMS: dict[str, list[str]] = {
    "no time": [HEAD, "pin_cleared", "1"],
    "no such time": [HEAD, "pin_cleared", "1", "2026-02-30T00:00:00Z"],
    "time of an entry": [HEAD, "pin_cleared", "1", "2026-04-01T00:00:00.000000Z"],
    "another zone": [HEAD, "pin_cleared", "1", "2026-04-01T00:00:00+09:00"],
    "number with a zero": [HEAD, "pin_cleared", "01", "2026-04-01T00:00:00Z"],
    "number as word": [HEAD, "pin_cleared", "one", "2026-04-01T00:00:00Z"],
    "unknown kind": [HEAD, "promise", "1", "2026-04-01T00:00:00Z"],
    "field without a value": [HEAD, "pin_cleared", "1", "2026-04-01T00:00:00Z", "label"],
    "field in capitals": [HEAD, "pin_cleared", "1", "2026-04-01T00:00:00Z", "Label x"],
    "no public key": [HEAD, "endorsement", "1", "2026-04-01T00:00:00Z", "name seal.2", "serial 1", "kind x"],
    "destroyed twice": [HEAD, "destruction", "1", "2026-04-01T00:00:00Z", "name seal.1", "name seal.2"],
    "retired whom": [HEAD, "token_retired", "1", "2026-04-01T00:00:00Z", "model X"],
    "control character": [HEAD, "pin_cleared", "1", "2026-04-01T00:00:00Z", "label a\tb"],
    "too many lines": [HEAD, "ceremony", "1", "2026-04-01T00:00:00Z", *(["step x"] * notes.MAX_LINES)],
}


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_signed_text_that_is_no_statement_is_refused(log: Logged, folder: Path, form: str) -> None:
    text = "".join(f"{line}\n" for line in FORMS[form]).encode()
    log.statements = [note.signed(text, log.signer.line(text, statement_name("honnin")))]
    log.export(folder, notes=[log.note(8)])
    assert fault(folder) == "statement_form"


def test_number_zero_comes_before_nothing(log: Logged, folder: Path) -> None:
    log.state(log.signer, Kind.PIN_CLEARED, [("label", "x")], number=0)
    log.export(folder, notes=[log.note(8)])
    assert fault(folder) == "statement_gap"


# Keys that began late, or ended.


def test_a_destroyed_key_signs_no_further_statement(log: Logged, new_signer: New, folder: Path) -> None:
    one, two = generations(log, new_signer, 2)
    destroy(log, two, one, at=5)
    log.state(one, Kind.PIN_CLEARED, [("label", "x")], at=1)
    log.export(folder, notes=[log.note(8, two)])
    assert fault(folder) == fault(folder, None, fingerprint(one)) == "ended_key"


def test_a_key_may_state_its_own_end(log: Logged, new_signer: New, folder: Path) -> None:
    one, two = generations(log, new_signer, 2)
    destroy(log, one, one, at=5)
    log.export(folder, notes=[log.note(4, one), log.note(8, two)])
    assert check(folder, None, fingerprint(one)).checkpoints == 2


def test_a_checkpoint_over_the_entry_of_its_keys_end_is_refused(
    log: Logged, new_signer: New, folder: Path
) -> None:
    one, two = generations(log, new_signer, 2)
    destroy(log, two, one, at=9)
    log.tell(2, Kind.DESTRUCTION)
    log.export(folder, notes=[log.note(8, one), log.note(9, two)])
    assert check(folder).checkpoints == 2
    rewrite(folder, "checkpoints.txt", log.note(9, one).split("\n"))
    assert fault(folder) == "ended_key"
    rewrite(folder, "checkpoints.txt", log.note(9, two, one).split("\n"))
    assert fault(folder) == "ended_key"


@pytest.mark.parametrize("kind", [Kind.DESTRUCTION, Kind.TOKEN_RETIRED])
def test_a_key_that_signed_later_than_it_ended_is_told(
    log: Logged, new_signer: New, folder: Path, kind: Kind, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = log.signer, new_signer(serial="second")
    log.endorse(one, two)
    field = ("confirmed", one.serial) if kind is Kind.DESTRUCTION else ("model", "X")
    name = [("name", one.generation)] if kind is Kind.DESTRUCTION else [("serial", one.serial)]
    log.state(two, kind, [*name, field], at=5)
    log.export(folder, notes=[log.note(size, one) for size in (4, 5)] + [log.note(8, two)])
    assert not check(folder).trust.after_end.total()
    rewrite(folder, "checkpoints.txt", [*log.note(7, one).split("\n"), *log.note(8, one).split("\n")])
    assert check(folder, None, fingerprint(one)).trust.after_end == {fingerprint(one): 2}
    assert program.main([str(folder)]) == 0
    told = capsys.readouterr().out
    assert f"[!!] key {fingerprint(one)} ended by statement 2 (2026-04-01T00:00:05Z) but has signed 2" in told
    assert "証明書2番 (2026-04-01T00:00:05Z) で終わった" in told


def test_a_key_that_a_token_still_holds_has_not_ended(log: Logged, new_signer: New, folder: Path) -> None:
    one, two = generations(log, new_signer, 2)
    far = new_signer(serial="far")
    log.endorse(two, far)
    log.state(
        two, Kind.DESTRUCTION, [("name", "seal.1"), ("confirmed", one.serial), ("missing", "far")], at=1
    )
    log.export(folder, notes=[log.note(8, far)], maker=two)
    assert list(check(folder).trust.ended) == [fingerprint(one)]
    both = [("name", "seal.1"), ("confirmed", one.serial), ("confirmed", "far")]
    log.state(two, Kind.DESTRUCTION, both, at=2)
    rewrite(folder, STATEMENTS, [line for note in log.statements for line in note.split("\n")])
    ended = check(folder).trust.ended
    assert {key: word.number for key, word in ended.items()} == {fingerprint(one): 3, fingerprint(far): 4}
    assert check(folder).trust.after_end[fingerprint(far)] == 1


def test_a_token_that_is_taken_in_again_may_sign_again(log: Logged, new_signer: New, folder: Path) -> None:
    one = log.signer
    old, new = new_signer(serial="back"), new_signer(generation="seal.2", serial="back")
    log.endorse(one, old)
    log.state(one, Kind.TOKEN_RETIRED, [("serial", "back")])
    log.endorse(one, new)
    log.export(folder, notes=[log.note(8, new)])
    report = check(folder, None, fingerprint(one))
    assert list(report.trust.ended) == [fingerprint(old)]
    assert not report.trust.after_end.total()


def test_a_key_that_signs_what_is_older_than_itself_is_told(
    log: Logged, new_signer: New, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = log.signer, new_signer(generation="seal.2")
    for at, told in ((9, 2), (6, 1), (5, 0)):
        log.statements.clear()
        log.others.clear()
        log.endorse(one, two, at=at)
        target = folder.with_name(f"e{at}")
        log.export(target, notes=[log.note(5, two), log.note(8, two)])
        assert check(target, None, fingerprint(one)).trust.before_start.total() == told
        assert program.main([str(target)]) == 0
        assert ("[!!]" in capsys.readouterr().out) == bool(told)


# Where it must agree with the register.


@pytest.mark.parametrize("kind", SignatureKind)
def test_register_and_verifier_agree_on_ids_and_kinds_of_keys(new_signer: New, kind: SignatureKind) -> None:
    key = new_signer(kind=kind)
    assert notes.kind_of(key.public) == kind
    for name in ("jukura.jp/honnin/1", statement_name("fuhyo")):
        assert notes.key_id(name, key.public) == note.key_id(name, key.public)


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.EPOCH_OPENED}))  # see test_verify_epochs
def test_register_and_verifier_agree_on_the_form_of_a_statement(
    log: Logged, folder: Path, kind: Kind
) -> None:
    fields = [(name, "seal.1" if name == "name" else "x") for name in trust.KINDS[kind]]
    log.state(log.signer, kind, [*fields, ("more", ""), ("more", "二つ目　の値")])
    log.export(folder, notes=[log.note(8)])
    assert check(folder).trust.kinds == [kind]
    assert (
        statement_name("honnin")
        == trust.beside(note.origin_of("honnin", 3), "statement")
        == lines(folder, STATEMENTS)[0]
    )
    assert set(trust.KINDS) == set(Kind)


def test_a_moment_in_a_statement_is_read_as_it_was_written(log: Logged, folder: Path) -> None:
    log.state(log.signer, Kind.CEREMONY, [("step", "x")], at=61)
    log.endorse(log.signer, log.signer, at=62)
    log.others.clear()
    log.export(folder, notes=[log.note(8)])
    (word,) = check(folder, None, fingerprint(log.signer)).trust.endorsed.values()
    assert datetime.fromisoformat(word.time) == datetime(2026, 4, 1, 0, 1, 2, tzinfo=UTC)
