"""The lines of an export: whole notes, fields only where they are opened, nothing that breaks a line."""

import json
from base64 import b64decode
from datetime import datetime, timedelta, timezone
from typing import Any

from daemon.audit import export
from daemon.audit.entry import Sealed, opened
from daemon.contract.messages import texts
from hsm.protocol import PairInfo, SignatureKind


def test_an_entry_shows_the_fields_that_are_opened_and_no_others(log: Any) -> None:
    leaf, secret = log.entries[0]
    fields = opened(leaf, secret).fields
    closed = export.entry_line(leaf)
    assert (closed.file, json.loads(closed.line)) == ("entries.jsonl", {"leaf": leaf.decode()})
    one = export.entry_line(leaf, {"purpose": fields["purpose"]})
    shown = json.loads(one.line)["open"]
    assert [(name, b64decode(salt), value) for name, (salt, value) in shown.items()] == [
        ("purpose", *fields["purpose"])
    ]
    assert "ヤマグチ" not in closed.line + one.line
    assert "ヤマグチ" in export.entry_line(leaf, fields).line


def test_notes_are_written_whole_with_an_empty_line_after_each(log: Any) -> None:
    notes = [log.note(3), log.note(8)]
    for whole, file in (
        (export.checkpoint_lines, "checkpoints.txt"),
        (export.statement_lines, "statements.txt"),
    ):
        written = [line for note in notes for line in whole(note)]
        assert "".join(f"{line.line}\n" for line in written) == "".join(f"{note}\n" for note in notes)
        assert {line.file for line in written} == {file}


def test_a_key_names_its_time_in_utc(log: Any) -> None:
    made = datetime(2026, 4, 1, 9, 0, tzinfo=timezone(timedelta(hours=9)))
    pair = PairInfo(
        name="seal.1",
        serial="00 11",
        made=made,
        kind=SignatureKind.ECDSA_P256,
        public=log.signer.public,
        endorsement="",
    )
    line = export.key_line(pair, log.origin)
    body = json.loads(line.line)
    assert (line.file, b64decode(body.pop("public"))) == ("keys.jsonl", log.signer.public)
    assert body == {
        "from": "2026-04-01T00:00:00.000000Z",
        "key": "seal.1",
        "kind": "ecdsa_p256",
        "name": log.origin,
        "serial": "00 11",
    }


def test_no_value_can_break_out_of_its_line(log: Any) -> None:
    leaf, _ = log.entries[0]
    line = export.entry_line(leaf, {"terms": Sealed(b"s" * 32, "a\nb\r\u2028\x00")}).line
    assert not {"\n", "\r", "\x00"} & set(line)
    assert json.loads(line)["open"]["terms"][1] == "a\nb\r\u2028\x00"


def test_the_readme_tells_how_to_verify_in_both_languages() -> None:
    lines = [line.line for line in export.readme_lines()]
    assert {line.file for line in export.readme_lines()} == {"README.txt"}
    assert sum("jukura-verify" in line for line in lines) == 2
    assert all(any(file in line for line in lines) for file in export.FILES if file != export.README)


def test_every_fault_of_the_log_has_its_text() -> None:
    codes = ("bad_checkpoint", "bad_signature", "inconsistent", "not_included", "bad_entry", "bad_commitment", "out_of_range",
             "node_missing", "cut", "replaced")  # fmt: skip
    assert all(texts()[f"log.{code}"].ja and texts()[f"log.{code}"].en for code in codes)
