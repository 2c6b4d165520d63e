"""What is published of the log's entries is what there is: every action, its fields, and the form."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import pytest

from daemon.audit import fields
from daemon.audit.action import Action
from daemon.audit.canonical import JSON
from daemon.audit.entry import Header, Outcome, seal_parts
from daemon.audit.fields import FIELDS, unknown
from daemon.audit.schema import meanings, schema, written
from daemon.contract import inbound, peer
from daemon.contract.reconciliation import Mode
from daemon.contract.reports import ReportKind
from daemon.contract.statement import Kind as StatementKind
from daemon.peers.serving import kind_of
from daemon.register.reconcile import Kind as FindingKind
from hsm import names
from hsm.protocol import Deed

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "audit" / "entry.schema.json"
NOON = datetime(2026, 11, 27, 3, tzinfo=UTC)
VALID = jsonschema_rs.validator_for(schema())


def leaf(action: Action, counts: dict[str, int], sealed: dict[str, JSON]) -> dict[str, Any]:
    """An entry as the journal makes it."""
    header = Header(
        epoch=1, seq=0, time=NOON, actor="CS:35203", terminal="", action=action, outcome=Outcome.OK, counts=counts
    )  # fmt: skip
    made: dict[str, Any] = json.loads(seal_parts(header, sealed, lambda: bytes(32))[0])
    return made


def test_the_document_is_of_today() -> None:
    assert PUBLISHED.read_text("utf-8") == written()


@pytest.mark.parametrize("action", list(Action))
def test_an_entry_with_everything_that_it_may_say_is_valid_and_with_anything_more_it_is_not(
    action: Action,
) -> None:
    counts, sealed = FIELDS[action]
    whole = leaf(action, dict.fromkeys(counts, 1), dict.fromkeys(sealed, "x"))
    assert VALID.is_valid(whole)
    assert VALID.is_valid(leaf(action, {}, {}))
    for name, more in (("counts", {"stray": 1}), ("commitments", {"stray": "0" * 64})):
        assert not VALID.is_valid(whole | {name: {**whole[name], **more}})
    assert unknown(action, [*counts, "stray"], [*sealed, "other"]) == ["stray", "other"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("actor", "住基太郎"), ("actor", "12345678901"), ("terminal", "a b"), ("affair", "x" * 65), ("code", "a.1234"), ("seq", -1),
        ("epoch", 0), ("time", "2026-11-27T03:00:00Z"), ("outcome", "maybe"), ("action", "notice.lost"), ("format", 2),
        ("counts", {"held": -1}), ("counts", {"held": 10**10}), ("commitments", {"notice": "00"}), ("name", "山田"),
    ],
)  # fmt: skip
def test_what_no_entry_can_be_is_not_valid(name: str, value: object) -> None:
    assert not VALID.is_valid(leaf(Action.NOTICE_APPLIED, {}, {}) | {name: value})


def test_every_name_of_a_field_is_required() -> None:
    whole = leaf(Action.NOTICE_APPLIED, {}, {})
    assert not any(VALID.is_valid({k: v for k, v in whole.items() if k != name}) for name in whole)


def test_the_table_knows_every_kind_that_a_figure_is_named_after() -> None:
    assert {deed.__struct_config__.tag for deed in get_args(Deed)} == fields._DEEDS
    assert names.OPERATIONAL | names.DATED | names.PAIRS | {names.HOLD} == fields._KEYS
    assert set(StatementKind) == fields._STATEMENTS
    assert set(ReportKind) == fields._REPORTS
    assert set(FindingKind) == fields._FINDINGS
    assert set(Mode) == fields._MODES
    endpoints = (*peer.ENDPOINTS, *inbound.ENDPOINTS)
    assert {kind_of(each) for each in endpoints} | {"unknown"} == fields._REQUESTS


def test_every_action_is_somebodys() -> None:
    sources = [
        path.read_text("utf-8")
        for path in (ROOT / "daemon").rglob("*.py")
        if path.relative_to(ROOT).as_posix() not in {"daemon/audit/action.py", "daemon/audit/fields.py"}
    ]
    unused = [
        action.name for action in Action if not any(f"Action.{action.name}" in text for text in sources)
    ]
    assert unused == []


def test_what_an_action_means_is_published_with_it() -> None:
    told = meanings()
    assert "住基法30条の6" in told[Action.NOTICE_APPLIED]
    assert set(told) == set(Action)
