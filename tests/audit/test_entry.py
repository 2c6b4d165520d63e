"""Entries: one canonical leaf, commitments that hide and bind, and headers with no room for a person."""

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audit.action import Action
from daemon.audit.canonical import JSON, canonical
from daemon.audit.entry import Header, Outcome, Sealed, commitment, header_of, opened, seal_parts
from daemon.errors import IntegrityError

NOW = datetime(2026, 4, 1, 0, 0, 0, tzinfo=UTC)
HEADER = Header(
    epoch=1, seq=7, time=NOW, actor="operator:s01", terminal="T-01", action=Action.SEARCH_DONE, outcome=Outcome.OK,
    affair="a-1", counts={"hits": 3},
)  # fmt: skip
FIELDS: dict[str, JSON] = {
    "terms": {"kana": "ヤマグチ", "birth": "19890107"},
    "purpose": "照会",
    "peer": None,
}

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
NAMES = st.from_regex(r"[a-z][a-z_]{0,28}[0-9]{0,3}", fullmatch=True)
IDS = st.from_regex(r"[A-Za-z._:/@-][A-Za-z0-9._:/@-]{0,9}", fullmatch=True) | st.just("")
HEADERS = st.builds(
    Header,
    epoch=st.integers(1, 2**53 - 1),
    seq=st.integers(0, 2**53 - 1),
    time=st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=9))]), min_value=datetime(1, 1, 2)),  # noqa: DTZ001 - naive by the strategy's contract
    actor=IDS, terminal=IDS, action=st.sampled_from(Action), outcome=st.sampled_from(Outcome), affair=IDS,
    code=st.from_regex(r"([a-z_.]{1,9}[0-9]{0,3}){0,5}", fullmatch=True),
    counts=st.dictionaries(NAMES, st.integers(0, 10**10 - 1), max_size=3),
)  # fmt: skip


def salt() -> bytes:
    return os.urandom(32)


def code(leaf: bytes, secret: bytes | None = None) -> str:
    with pytest.raises(IntegrityError) as caught:
        header_of(leaf) if secret is None else opened(leaf, secret)
    return caught.value.code


@given(VALUES)
def test_canonical_text_reads_back_and_is_the_only_one(value: JSON) -> None:
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text
    names = [name for name, _ in json.loads(text, object_pairs_hook=list)] if isinstance(value, dict) else []
    assert names == sorted(names, key=lambda name: name.encode("utf-16-be"))


@given(VALUES)
def test_canonical_text_is_that_of_another_writer(value: JSON) -> None:
    def sorted_by_units(inner: Any) -> Any:
        if isinstance(inner, dict):
            names = sorted(inner, key=lambda name: name.encode("utf-16-be"))
            return {name: sorted_by_units(inner[name]) for name in names}
        return [sorted_by_units(each) for each in inner] if isinstance(inner, list) else inner

    other = json.dumps(sorted_by_units(value), ensure_ascii=False, separators=(",", ":"))
    assert canonical(value) == other.encode()


def test_every_character_has_the_text_of_another_writer() -> None:
    whole = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))
    assert canonical(whole) == json.dumps(whole, ensure_ascii=False).encode()


def test_a_text_of_a_closed_set_is_written_as_any_other() -> None:
    assert canonical({Action.SEARCH_DONE: Outcome.OK}) == b'{"search.done":"ok"}'


def test_canonical_text_follows_the_rfc_where_writers_differ() -> None:
    assert (
        canonical({"\ufb33": 1, "\U0001f600": 2, "\r": 3, "1": 4})
        == '{"\\r":3,"1":4,"\U0001f600":2,"\ufb33":1}'.encode()
    )
    assert canonical('\u20ac$\x0f\n\x7f"\\/') == '"\u20ac$\\u000f\\n\x7f\\"\\\\/"'.encode()
    assert canonical({"b": [True, None, -1], "a": {}}) == b'{"a":{},"b":[true,null,-1]}'


@pytest.mark.parametrize(
    "bad", [1.0, float("nan"), 2**53, -(2**53), "\ud800", {"\ud800": 1}, {1: 2}, b"x", {1}, [[1.5]]]
)
def test_what_has_no_one_text_is_refused(bad: Any) -> None:
    with pytest.raises(IntegrityError, match="bad_entry"):
        canonical(bad)


def test_nesting_without_end_is_refused() -> None:
    deep: JSON = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(IntegrityError, match="bad_entry"):
        canonical(deep)


@given(HEADERS, st.dictionaries(NAMES, VALUES, max_size=4))
def test_what_is_sealed_opens_to_the_same(header: Header, fields: dict[str, JSON]) -> None:
    leaf, secret = seal_parts(header, fields, salt)
    entry = opened(leaf, secret)
    assert entry.header == header == header_of(leaf)
    assert {name: field.value for name, field in entry.fields.items()} == fields
    assert canonical(json.loads(leaf)) == leaf


def test_the_leaf_is_what_the_documents_say() -> None:
    leaf, secret = seal_parts(HEADER, FIELDS, salt)
    body = json.loads(leaf)
    assert body.pop("commitments") == {
        name: commitment(name, field) for name, field in opened(leaf, secret).fields.items()
    }
    assert body == {
        "action": "search.done", "actor": "operator:s01", "affair": "a-1", "code": "", "counts": {"hits": 3}, "epoch": 1,
        "format": 1, "outcome": "ok", "seq": 7, "terminal": "T-01", "time": "2026-04-01T00:00:00.000000Z",
    }  # fmt: skip


def test_nothing_sealed_stands_in_the_leaf_and_equal_values_look_different() -> None:
    one, secret = seal_parts(HEADER, FIELDS, salt)
    two, _ = seal_parts(HEADER, FIELDS, salt)
    for word in ("ヤマグチ", "19890107", "照会"):
        assert word.encode() not in one
        assert word.encode() in secret
    hidden = json.loads(one)["commitments"].values()
    assert len({*hidden, *json.loads(two)["commitments"].values()}) == 2 * len(FIELDS)


def test_names_and_values_cannot_slide_into_one_another() -> None:
    assert commitment("ab", Sealed(b"c" * 32, "v")) != commitment("a", Sealed(b"b" + b"c" * 31, "v"))


@dataclass(frozen=True)
class Forged:
    """What someone who holds the secret might try."""

    drop: str = ""
    change: dict[str, tuple[bytes, Any]] = field(default_factory=dict)


@pytest.mark.parametrize(
    "forged",
    [
        Forged(drop="purpose"),
        Forged(change={"purpose": (b"", "照会")}),
        Forged(change={"purpose": (b"s" * 32, "照会")}),
        Forged(change={"more": (b"s" * 32, "x")}),
        Forged(change={"purpose": (b"s" * 32, 1.5)}),
    ],
)
def test_a_secret_that_is_not_what_was_committed_to_is_refused(forged: Forged) -> None:
    leaf, secret = seal_parts(HEADER, FIELDS, salt)
    fields = msgspec.msgpack.decode(secret) | forged.change
    fields.pop(forged.drop, None)
    assert code(leaf, msgspec.msgpack.encode(fields)) in {"log.bad_commitment", "log.bad_entry"}
    assert code(leaf, secret[:-1]) == "log.bad_commitment"


def test_changing_only_the_value_is_noticed_by_name() -> None:
    leaf, secret = seal_parts(HEADER, FIELDS, salt)
    fields = msgspec.msgpack.decode(secret)
    fields["purpose"][1] = "別の目的"
    with pytest.raises(IntegrityError) as caught:
        opened(leaf, msgspec.msgpack.encode(fields))
    assert (caught.value.code, caught.value.field) == ("log.bad_commitment", "purpose")


@given(st.binary())
def test_no_secret_breaks_the_reader(secret: bytes) -> None:
    leaf, _ = seal_parts(HEADER, FIELDS, salt)
    assert code(leaf, secret) in {"log.bad_commitment", "log.bad_entry"}


@given(st.data())
def test_a_leaf_in_any_other_form_is_refused(data: st.DataObject) -> None:
    leaf, _ = seal_parts(HEADER, FIELDS, salt)
    at = data.draw(st.integers(0, len(leaf) - 1))
    extra = data.draw(st.sampled_from([b" ", b"\n", b"\x00", b"}", b"1"]))
    inserted = leaf[:at] + extra + leaf[at:]
    assert code(leaf[:at]) == "log.bad_entry"
    try:
        header = header_of(inserted)
    except IntegrityError:
        return
    assert json.loads(inserted) != json.loads(leaf)
    assert canonical(json.loads(inserted)) == inserted
    assert header.epoch


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2}, {"format": True}, {"more": 1}, {"time": "2026-04-01T00:00:00Z"}, {"time": "2026-04-01T09:00:00.000000+09:00"},
        {"time": "2026-04-01T00:00:00.000000"}, {"action": "search.other"}, {"outcome": "fine"}, {"seq": -1}, {"epoch": 0},
        {"counts": {"hits": 1.0}}, {"counts": {"Hits": 1}}, {"commitments": {"peer": "00"}}, {"commitments": {"peer": "é" * 64}},
        {"commitments": {"Peer": "0" * 64}},
    ],
)  # fmt: skip
def test_a_leaf_with_a_field_out_of_form_is_refused(change: dict[str, Any]) -> None:
    leaf, _ = seal_parts(HEADER, FIELDS, salt)
    body = json.dumps(json.loads(leaf) | change, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert code(body.encode()) == "log.bad_entry"


def test_a_leaf_with_a_name_twice_is_refused() -> None:
    leaf, _ = seal_parts(HEADER, FIELDS, salt)
    assert code(leaf.replace(b'"epoch":1', b'"epoch":1,"epoch":1')) == "log.bad_entry"


@pytest.mark.parametrize("name", ["actor", "terminal", "affair", "code"])
@pytest.mark.parametrize(
    "value", ["山口太郎", "ﾔﾏｸﾞﾁ", "YAMAGUCHI TARO", "12345678901", "x123456789012", "a" * 65, "a\n"]
)
def test_a_header_has_no_room_for_a_person(name: str, value: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        msgspec.structs.replace(HEADER, **{name: value})
    assert (caught.value.code, caught.value.field) == ("log.bad_entry", name)


@pytest.mark.parametrize(
    "change",
    [
        {"time": NOW.replace(tzinfo=None)},
        {"counts": {"hits": -1}},
        {"counts": {"ヒット": 1}},
        {"counts": {"hits": 10**10}},
        {"counts": {"n19890107": 1}},
        {"seq": 2**53},
    ],
)
def test_a_header_out_of_form_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="bad_entry"):
        msgspec.structs.replace(HEADER, **change)


@pytest.mark.parametrize("fields", [{"": 1}, {"Subject": 1}, {"氏名": 1}, {"a b": 1}, {"ok": 1.5}])
def test_sealed_fields_out_of_form_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="bad_entry"):
        seal_parts(HEADER, fields, salt)


def test_a_salt_of_another_length_is_refused() -> None:
    with pytest.raises(IntegrityError, match="bad_entry"):
        seal_parts(HEADER, FIELDS, lambda: b"short")
