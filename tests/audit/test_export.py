"""The lines of an export: whole notes, fields only where they are opened, nothing that breaks a line."""

import json
from base64 import b64decode
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from daemon.audit import export
from daemon.audit.canonical import canonical
from daemon.audit.entry import Sealed, opened
from daemon.contract.messages import texts
from hsm.protocol import PairInfo, SignatureKind


def test_an_entry_shows_the_fields_that_are_opened_and_no_others(log: Any) -> None:
    leaf, secret = log.entries[0]
    fields = opened(leaf, secret).fields
    closed = export.entry_line(leaf)
    assert json.loads(closed) == {"leaf": leaf.decode()}
    one = export.entry_line(leaf, {"purpose": fields["purpose"]})
    shown = json.loads(one)["open"]
    assert [(name, b64decode(salt), value) for name, (salt, value) in shown.items()] == [
        ("purpose", *fields["purpose"])
    ]
    assert "ヤマグチ" not in (closed + one).decode()
    assert "ヤマグチ" in export.entry_line(leaf, fields).decode()


@given(st.text())
def test_the_short_way_to_write_an_entry_is_the_canonical_one(text: str) -> None:
    try:
        leaf = text.encode()
    except UnicodeEncodeError:
        return
    assert export.entry_line(leaf) == canonical({"leaf": text}) + b"\n"


def test_notes_are_written_whole_with_an_empty_line_after_each(log: Any) -> None:
    notes = [log.note(3), log.note(8)]
    written = b"".join(export.note_lines(note) for note in notes)
    assert written.decode() == "".join(f"{note}\n" for note in notes)


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
    body = json.loads(export.key_line(pair, log.origin))
    assert b64decode(body.pop("public")) == log.signer.public
    assert body == {
        "from": "2026-04-01T00:00:00.000000Z",
        "key": "seal.1",
        "kind": "ecdsa_p256",
        "name": log.origin,
        "serial": "00 11",
    }


def test_no_value_can_break_out_of_its_line(log: Any) -> None:
    leaf, _ = log.entries[0]
    line = export.entry_line(leaf, {"terms": Sealed(b"s" * 32, "a\nb\r\u2028\x00")}).decode()
    assert line.endswith("\n")
    assert not {"\n", "\r", "\x00"} & set(line[:-1])
    assert json.loads(line)["open"]["terms"][1] == "a\nb\r\u2028\x00"


def test_the_readme_tells_how_to_verify_in_both_languages() -> None:
    text = export.readme().decode()
    assert text.count("jukura-verify") == 2
    assert all(
        text.count(name) >= 2 for name in ("manifest.txt", export.KEYS, export.STATEMENTS, export.CHECKPOINTS)
    )
    assert all(text.count(name) >= 2 for name in (export.START, export.EARLIER, export.TIMESTAMPS))


def test_every_fault_of_the_log_has_its_text() -> None:
    codes = ("bad_checkpoint", "bad_signature", "inconsistent", "not_included", "bad_entry", "bad_commitment", "out_of_range",
             "node_missing", "cut", "replaced")  # fmt: skip
    assert all(texts()[f"log.{code}"].ja and texts()[f"log.{code}"].en for code in codes)
