"""The verifier says yes to what the register exports, and no, with the right reason, to whatever was done to it."""

import json
import shutil
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from daemon.audit.verify import entries, forms, notes, source
from daemon.contract.note import signed
from tests.audit.exports import ENTRIES, Logged, Signing, check, fault, kept, lines, rewrite


def test_an_export_verifies_and_says_what_it_covers(exported: Path, log: Logged) -> None:
    report = check(exported)
    assert (report.manifest.origin, report.checkpoints, report.verified, report.extra) == (
        log.origin,
        3,
        8,
        0,
    )
    assert (report.read.opened, report.read.sealed) == (4, 16)
    assert report.span == ("", "2026-04-01T00:00:08Z")
    assert report.signers == report.trust.roots == {sha256(log.signer.public).hexdigest()}


def test_entries_that_nobody_signed_are_refused(log: Logged, tmp_path: Path) -> None:
    log.export(tmp_path / "e", sizes=(1, 5))
    assert check(tmp_path / "e").verified == 5
    rewrite(tmp_path / "e", ENTRIES, [*lines(tmp_path / "e", ENTRIES), log.line(5)])
    assert fault(tmp_path / "e") == "beyond_end"
    log.export(tmp_path / "f", sizes=(1, 5), end=6)
    assert fault(tmp_path / "f") == "end_unsigned"


def test_an_empty_log_that_is_signed_verifies(tmp_path: Path, log: Logged) -> None:
    log.entries.clear()
    log.export(tmp_path / "e", sizes=(0,))
    assert check(tmp_path / "e").verified == 0


def test_without_any_signature_nothing_is_verified(log: Logged, tmp_path: Path) -> None:
    log.export(tmp_path / "e", sizes=())
    assert fault(tmp_path / "e") == "nothing_signed"


REASONS = {
    ENTRIES: {"line_cut", "not_canonical", "entry_form", "sequence", "other_epoch", "commitment", "root"},
    "checkpoints.txt": {"line_cut", "checkpoint_form", "bad_signature", "unknown_signer", "other_log", "checkpoint_order"},
    "keys.jsonl": {"line_cut", "not_canonical", "key_form", "unknown_signer"},
}  # fmt: skip


@pytest.mark.parametrize(("file", "stride"), [(ENTRIES, 5), ("checkpoints.txt", 1), ("keys.jsonl", 1)])
def test_no_byte_can_be_changed(exported: Path, file: str, stride: int) -> None:
    path = exported / file
    sound = path.read_bytes()
    free = (
        {
            at
            for word in (b"2026-04-01T00:00:00.000000Z", b"seal.1", b"0000111122223333")
            for at in span(sound, word)
        }
        if "keys" in file
        else set()
    )
    reasons = set()
    for at in range(0, len(sound), stride):
        if at not in free:
            path.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
            reasons.add(fault(exported))
    assert reasons <= REASONS[file]
    path.write_bytes(sound)
    assert check(exported).verified == 8


def span(whole: bytes, part: bytes) -> range:
    """Label, date and token of a key, which no signature covers; the verifier says so."""
    start = whole.index(part)
    return range(start, start + len(part))


@pytest.mark.parametrize("file", sorted(REASONS))
def test_no_file_can_be_cut_anywhere(exported: Path, file: str) -> None:
    path = exported / file
    sound = path.read_bytes()
    for at in range(0, len(sound), 23):
        path.write_bytes(sound[:at])
        if at and sound[at - 1 : at] != b"\n":
            assert fault(exported) in {"line_cut", "checkpoint_form", "root"}
    path.write_bytes(b"")
    assert (
        fault(exported)
        == {ENTRIES: "tail_cut", "checkpoints.txt": "nothing_signed", "keys.jsonl": "unknown_signer"}[file]
    )


Edit = Callable[[list[str]], list[str]]
EDITS: dict[str, tuple[Edit, str]] = {
    "one dropped": (lambda e: e[:3] + e[4:], "sequence"),
    "one doubled": (lambda e: e[:4] + e[3:], "sequence"),
    "two swapped": (lambda e: [*e[:3], e[4], e[3], *e[5:]], "sequence"),
    "one inserted": (lambda e: [*e[:3], e[6], *e[3:]], "sequence"),
    "head dropped": (lambda e: e[1:], "sequence"),
    "tail dropped": (lambda e: e[:-1], "tail_cut"),
    "all dropped": (lambda e: [], "tail_cut"),
    "one dropped, others renumbered": (lambda e: renumbered(e[:3] + e[4:]), "tail_cut"),
    "one exchanged, numbered as the other": (lambda e: renumbered([*e[:3], e[4], *e[4:]]), "root"),
    "empty line": (lambda e: [*e[:3], "", *e[3:]], "not_canonical"),
    "open of another": (
        lambda e: [*e[:6], json_line(e[6], open=json.loads(e[2])["open"]), e[7]],
        "commitment",
    ),
    "open with a float": (lambda e: [e[0][:-1] + ',"open":{"purpose":["",1.5]}}', *e[1:]], "not_canonical"),
    "open of none": (lambda e: [*e[:6], json_line(e[6], open=[]), e[7]], "commitment"),
    "extra name": (lambda e: [json_line(e[0], more=1), *e[1:]], "entry_form"),
    "leaf as object": (lambda e: [json_line(e[0], leaf={}), *e[1:]], "entry_form"),
    "no leaf": (lambda e: ["{}", *e[1:]], "entry_form"),
    "no object": (lambda e: ["[]", *e[1:]], "not_canonical"),
    "spaces": (lambda e: [e[0].replace(":", ": ", 1), *e[1:]], "not_canonical"),
    "doubled name": (lambda e: [e[0][:-1] + "," + e[0][1:], *e[1:]], "not_canonical"),
    "endless nesting": (lambda e: ["[" * 100_000, *e[1:]], "not_canonical"),
    "a number too large to read": (lambda e: ['{"leaf":' + "9" * 5000 + "}", *e[1:]], "not_canonical"),
    "endless line": (lambda e: [" " * (source.MAX_LINE + 1), *e[1:]], "line_cut"),
}


def json_line(line: str, **change: Any) -> str:
    return forms.canonical(json.loads(line) | change)


def renumbered(entries: list[str]) -> list[str]:
    """What a forger does who knows the format: every leaf numbered anew and made canonical."""
    numbered = []
    for seq, line in enumerate(entries):
        whole = json.loads(line)
        whole["leaf"] = forms.canonical(json.loads(whole["leaf"]) | {"seq": seq})
        numbered.append(forms.canonical(whole))
    return numbered


@pytest.mark.parametrize("edit", sorted(EDITS))
def test_entries_cannot_be_rearranged(exported: Path, edit: str) -> None:
    change, reason = EDITS[edit]
    rewrite(exported, ENTRIES, change(lines(exported, ENTRIES)))
    assert fault(exported) == reason or (
        edit == "one dropped, others renumbered" and fault(exported) == "root"
    )


LEAVES: dict[str, tuple[dict[str, Any], str]] = {
    "actor": ({"actor": "operator:s02"}, "root"),
    "outcome": ({"outcome": "refused"}, "root"),
    "counts": ({"counts": {"hits": 1}}, "root"),
    "time": ({"time": "2026-04-01T00:00:00.500000Z"}, "root"),
    "commitment": ({"commitments": {}}, "root"),
    "epoch": ({"epoch": 2}, "other_epoch"),
    "format": ({"format": 2}, "entry_form"),
    "format as truth": ({"format": True}, "entry_form"),
    "a person's name": ({"actor": "山口太郎"}, "entry_form"),
    "a person's number": ({"actor": "123456789012"}, "entry_form"),
    "no such time": ({"time": "2026-02-30T00:00:00.000000Z"}, "entry_form"),
    "another zone": ({"time": "2026-04-01T09:00:00.000000+09:00"}, "entry_form"),
    "count as float": ({"counts": {"hits": 1.0}}, "entry_form"),
    "extra field": ({"more": 1}, "entry_form"),
}


@pytest.mark.parametrize("edit", sorted(LEAVES))
def test_no_field_of_a_leaf_can_be_changed(exported: Path, edit: str) -> None:
    change, reason = LEAVES[edit]
    entries = lines(exported, ENTRIES)
    leaf = json.dumps(
        json.loads(json.loads(entries[3])["leaf"]) | change,
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )
    rewrite(exported, ENTRIES, [*entries[:3], forms.canonical({"leaf": leaf}), *entries[4:]])
    assert fault(exported) == reason


def test_opened_fields_are_bound_to_value_salt_and_name(exported: Path) -> None:
    entries = lines(exported, ENTRIES)
    whole = json.loads(entries[2])
    salt, value = whole["open"]["purpose"]
    for forged in (
        [salt, "別の目的"],
        [salt[::-1], value],
        [salt],
        [salt, value, 1],
        "text",
        [1, value],
        ["", value],
    ):
        opened = whole["open"] | {"purpose": forged}
        rewrite(exported, ENTRIES, [*entries[:2], json_line(entries[2], open=opened), *entries[3:]])
        assert fault(exported) == "commitment"
    rewrite(
        exported,
        ENTRIES,
        [*entries[:2], json_line(entries[2], open={"subject": [salt, value]}), *entries[3:]],
    )
    assert fault(exported) == "commitment"


def test_a_salt_cannot_swallow_the_start_of_the_value() -> None:
    salt = b"s" * 32
    true = entries.commitment("n", [b64encode(salt).decode(), 12])
    assert true
    assert entries.commitment("n", [b64encode(salt + b"1").decode(), 2]) != true


def test_a_checkpoint_signed_by_another_key_is_refused(
    log: Logged, exported: Path, new_signer: Callable[[], Signing]
) -> None:
    thief = new_signer()
    for note in (log.note(8, thief), unsigned_by(log.note(8), log.note(5))):
        rewrite(exported, "checkpoints.txt", note.split("\n"))
        assert fault(exported) in {"unknown_signer", "bad_signature"}
    rewrite(exported, "checkpoints.txt", log.note(8, log.signer, thief).split("\n"))
    assert check(exported).checkpoints == 1


def unsigned_by(note: str, other: str) -> str:
    """The text of `note` under the signature of `other`."""
    return note.partition("\n\n")[0] + "\n\n" + other.partition("\n\n")[2]


def test_checkpoints_of_two_logs_or_out_of_order_are_refused(log: Logged, exported: Path) -> None:
    one, eight = log.note(1).split("\n"), log.note(8).split("\n")
    rewrite(exported, "checkpoints.txt", eight + one)
    assert fault(exported) == "checkpoint_order"
    log.origin = log.origin.replace("honnin", "fuhyo")
    rewrite(exported, "checkpoints.txt", one + log.note(8).split("\n"))
    assert fault(exported) == "other_log"


def sloppy(root: str) -> str:
    """Another base64 text of the same bytes: the last character before = has bits that no byte uses."""
    return root[:-2] + chr(ord(root[-2]) + 1) + "="


FORMS: dict[str, Callable[[list[str]], list[str]]] = {
    "size with a zero": lambda text: [text[0], "08", *text[2:]],
    "size as word": lambda text: [text[0], "eight", *text[2:]],
    "short root": lambda text: [*text[:2], "AAAA", text[3]],
    "root in another base64": lambda text: [*text[:2], sloppy(text[2]), text[3]],
    "no root": lambda text: text[:2],
    "no time": lambda text: text[:3],
    "two times": lambda text: [*text, text[3]],
    "no such time": lambda text: [*text[:3], "time 2026-02-30T00:00:00Z"],
    "time of another zone": lambda text: [*text[:3], "time 2026-04-01T09:00:08+09:00"],
    "control character": lambda text: [*text, "ext\tension"],
    "too many lines": lambda text: [*text, *(["extension"] * notes.MAX_LINES)],
}


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_signed_text_that_is_no_checkpoint_is_refused(log: Logged, exported: Path, form: str) -> None:
    text = "".join(f"{line}\n" for line in FORMS[form](log.note(8).split("\n")[:4])).encode()
    rewrite(exported, "checkpoints.txt", signed(text, log.signer.line(text)).split("\n"))
    assert fault(exported) == "checkpoint_form"


def test_extension_lines_are_signed_and_kept(log: Logged, exported: Path) -> None:
    text = "".join(f"{line}\n" for line in [*log.note(8).split("\n")[:4], "rows abc"]).encode()
    note = signed(text, log.signer.line(text))
    rewrite(exported, "checkpoints.txt", note.split("\n"))
    assert check(exported).verified == 8
    rewrite(exported, "checkpoints.txt", note.replace("rows abc", "rows abd").split("\n"))
    assert fault(exported) == "bad_signature"


def test_a_broken_signature_line_spoils_the_note(log: Logged, exported: Path) -> None:
    for broken in ("- name AAAAAAAA", "— name", "— na me AAAAAAAA", "— a+b AAAAAAAA", "signature"):
        rewrite(exported, "checkpoints.txt", f"{log.note(8)}{broken}\n".split("\n"))
        assert fault(exported) == "checkpoint_form"


def test_a_key_of_another_kind_is_refused(exported: Path) -> None:
    keys: list[ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey] = [
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
    ]
    for key in keys:
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        sound = lines(exported, "keys.jsonl")[0]
        for kind in ("ecdsa_p256", "rsa_pss_3072", ""):
            rewrite(exported, "keys.jsonl", [json_line(sound, public=b64encode(public).decode(), kind=kind)])
            assert fault(exported) == "key_form"
            rewrite(exported, "keys.jsonl", [sound])


@pytest.mark.parametrize(
    "change",
    [{"key": "form.1"}, {"key": "seal.0"}, {"serial": "a\nb"}, {"kind": 1}, {"from": "today"}, {"more": 1}],
)
def test_a_line_of_a_key_has_one_form(exported: Path, change: dict[str, Any]) -> None:
    rewrite(exported, "keys.jsonl", [json_line(lines(exported, "keys.jsonl")[0], **change)])
    assert fault(exported) == "key_form"


def test_kept_checkpoints_may_stand_in_any_order(log: Logged, exported: Path) -> None:
    assert check(exported, kept(exported, f"{log.note(7)}\n{log.note(2)}\n{log.note(4)}")).known == 3


def test_a_whole_log_replaced_under_a_new_key_is_seen_by_who_kept_something(
    log: Logged, exported: Path, new_signer: Callable[[], Signing]
) -> None:
    fingerprint, before = sha256(log.signer.public).hexdigest(), kept(exported, log.note(5))
    assert check(exported, before, fingerprint).known == 1
    log.signer = new_signer()
    shutil.rmtree(exported)
    log.export(exported, sizes=(8,))
    assert check(exported).signers != {fingerprint}
    assert fault(exported, None, fingerprint) == "foreign_key"
    assert fault(exported, before) == "unknown_signer"


def test_history_rewritten_under_the_true_key_is_seen_by_who_kept_a_checkpoint(
    log: Logged, exported: Path
) -> None:
    before = kept(exported, log.note(5))
    del log.entries[4:]
    log.add(4)
    shutil.rmtree(exported)
    log.export(exported, sizes=(8,))
    assert check(exported).verified == 8
    assert fault(exported, before) == "root"


def test_a_kept_checkpoint_beyond_the_span_is_said_not_to_be_compared(log: Logged, tmp_path: Path) -> None:
    log.export(tmp_path / "e", sizes=(5,))
    report = check(tmp_path / "e", kept(tmp_path / "e", log.note(7)))
    assert (report.checkpoints, report.known, report.known_open, report.verified) == (1, 0, [7], 5)


def test_a_key_twice_is_refused(exported: Path) -> None:
    rewrite(exported, "keys.jsonl", lines(exported, "keys.jsonl") * 2)
    assert fault(exported) == "key_twice"


def test_a_clock_that_went_back_is_told(exported: Path, log: Logged, tmp_path: Path) -> None:
    assert check(exported).read.clock_back == 0
    log.entries = [(leaf.replace(b"00:00:07", b"00:00:02"), secret) for leaf, secret in log.entries]
    log.export(tmp_path / "e", sizes=(8,))
    assert check(tmp_path / "e").read.clock_back == 1
