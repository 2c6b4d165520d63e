"""From bytes to notices: everything that is not exactly a notice is refused with a stable code, each on its own."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.commands.notices.receiving import Broken
from daemon.contract.peer import MAX_NOTICE, MAX_NOTICES, HonninNotice
from daemon.errors import JukuraError
from daemon.peers.decode import parse
from daemon.register.rows import Register
from tests.register.people import FUHYO, HONNIN


def plain(name: str = "n1", **changes: Any) -> dict[str, Any]:
    record = msgspec.to_builtins(HONNIN)
    return {
        "id": name,
        "sender_seq": 1,
        "record": {k: v for k, v in record.items() if v is not None},
    } | changes


def body(*notices: Any) -> bytes:
    return json.dumps({"notices": list(notices)}, ensure_ascii=False, separators=(",", ":")).encode()


def code(content: bytes) -> str:
    with pytest.raises(JukuraError) as refused:
        parse(content, Register.HONNIN)
    return refused.value.code


def test_a_good_batch() -> None:
    assert parse(body(plain()), Register.HONNIN) == [HonninNotice(id="n1", sender_seq=1, record=HONNIN)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "json.malformed"),
        (body(plain())[:-5], "json.malformed"),
        (body(plain()) + b"x", "json.malformed"),
        (body(plain()).replace("住民".encode(), b"\x8f\x5a\x96\xaf"), "json.not_utf8"),
        (body(plain()).decode().encode("utf-16"), "json.not_utf8"),
        (b'{"notices":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "json.too_deep"),
        (b'{"notices":[],"notices":[]}', "json.doubled_name"),
        (b'{"notices":[]}', "notice.empty_batch"),
        (b'{"notices":[{}],"more":1}', "json.wrong_shape"),
        (b"[]", "json.wrong_shape"),
        (b'{"notices":{}}', "json.wrong_shape"),
        (body(*[{}] * (MAX_NOTICES + 1)), "notice.too_many"),
        (b'{"notices":[NaN]}', "json.malformed"),
    ],
)
def test_what_is_no_batch(content: bytes, expected: str) -> None:
    assert code(content) == expected


def doubled_in(text: str) -> bytes:
    """A notice in which one record has the same name twice."""
    return body(plain("bad")).replace(b'"sex":', text.encode() + b'"sex":', 1)


@pytest.mark.parametrize(
    ("content", "expected", "field"),
    [
        (body(plain("bad", more=1)), "json.wrong_shape", ""),
        (body(plain("bad", sender_seq="1")), "json.wrong_shape", "sender_seq"),
        (body(plain("bad", sender_seq=0)), "notice.bad_sequence", "sender_seq"),
        (body(plain("a b")), "notice.bad_id", "id"),
        (body(plain("x" * 65)), "notice.bad_id", "id"),
        (body(plain("")), "notice.bad_id", "id"),
        (body({"id": "bad", "sender_seq": 1}), "json.wrong_shape", ""),
        (doubled_in('"sex":"2",'), "json.doubled_name", ""),
        (body(plain("bad", record={"juminhyo_code": 1})), "json.wrong_shape", "record.juminhyo_code"),
        (body(plain("bad", pad="x" * MAX_NOTICE)), "notice.too_large", ""),
        (body(plain("bad", record=msgspec.to_builtins(FUHYO))), "json.wrong_shape", "record"),
        (b'{"notices":[1]}', "json.wrong_shape", ""),
    ],
)
def test_a_broken_notice_keeps_its_place_between_good_ones(content: bytes, expected: str, field: str) -> None:
    (broken,) = parse(content, Register.HONNIN)
    assert isinstance(broken, Broken)
    assert (broken.error.code, broken.error.field) == (expected, field)
    inner = content[len(b'{"notices":[') : -2]
    first, second, third = parse(
        b'{"notices":[' + body(plain("a"))[12:-2] + b"," + inner + b"," + body(plain("c"))[12:-2] + b"]}",
        Register.HONNIN,
    )
    assert isinstance(first, HonninNotice)
    assert isinstance(second, Broken)
    assert isinstance(third, HonninNotice)


def test_a_broken_notice_is_named_where_it_names_itself() -> None:
    (broken,) = parse(body({"id": "n-7", "sender_seq": 1}), Register.HONNIN)
    assert broken.id == "n-7"
    (nameless,) = parse(body({"sender_seq": 1}), Register.HONNIN)
    assert not nameless.id


def test_lone_surrogates_do_not_pass() -> None:
    content = body(plain()).replace("住民　太郎".encode(), rb"\ud800")
    result = parse(content, Register.HONNIN)
    assert all(isinstance(notice, Broken) for notice in result)


@given(st.binary(max_size=200))
def test_rubbish_is_refused_with_a_code(rubbish: bytes) -> None:
    assert code(rubbish).partition(".")[0] in {"json", "notice"}


@given(st.data())
def test_a_cut_or_flipped_batch_never_raises_anything_else(data: st.DataObject) -> None:
    content = bytearray(body(plain("a"), plain("b")))
    where = data.draw(st.integers(0, len(content) - 1))
    content[where] ^= data.draw(st.integers(1, 255))
    try:
        result = parse(bytes(content[: data.draw(st.integers(where, len(content)))]), Register.HONNIN)
    except JukuraError:
        return
    assert len(result) == 2


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3),
        max_leaves=10,
    )
)
def test_any_json_value_as_a_notice_is_refused(value: Any) -> None:
    (broken,) = parse(body(value), Register.HONNIN)
    assert isinstance(broken, Broken)
