"""Strict JSON means the same however it is written: compact, as most senders write it, or with spaces and escapes."""

import json
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.contract import codec
from daemon.errors import InputError

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)
TEXTS = st.text(alphabet='{}[]",:0123456789.eE+-truefalsn \\uDdー', max_size=40)


def _doubled(pairs: Iterable[tuple[str, object]]) -> object:
    names = dict(held := list(pairs))
    if len(names) != len(held):
        raise ValueError("doubled")
    return names


def strictly(text: str) -> object:
    """What the standard parser makes of a text; ValueError where it makes nothing of it."""
    return json.loads(text, object_pairs_hook=_doubled, parse_constant=_refused)


def _refused(_: str) -> object:
    raise ValueError("no JSON")


@given(value=VALUES, separators=st.sampled_from([(",", ":"), (", ", ": ")]), escaped=st.booleans())
def test_a_value_is_read_as_it_was_written(
    value: object, *, separators: tuple[str, str], escaped: bool
) -> None:
    text = json.dumps(value, separators=separators, ensure_ascii=escaped)
    assert repr(codec.parse(text.encode())) == repr(value)


@given(VALUES)
@example({"a": 2**63, "b": -0.0, "c": 1e22})
def test_the_way_for_compact_texts_says_what_the_other_says(value: object) -> None:
    text = msgspec.json.encode(value)
    assert repr(codec.parse(text)) == repr(strictly(text.decode()))


@given(TEXTS)
@example("-0")
@example("1e400")
@example('{"a":1,"a":1}')
@example('"\\ud800"')
def test_any_text_is_what_the_standard_parser_says_or_is_refused(text: str) -> None:
    try:
        expected = repr(strictly(text))
    except (ValueError, RecursionError):
        with pytest.raises(InputError):
            codec.weigh(codec.parse(text.encode()))
    else:
        assert repr(codec.parse(text.encode())) == expected


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":1}', '{"a": 1, "a": 2}', '[{"b":{"a":1,"a":1}}]', '{"a":1,"\\u0061":1}']
)
def test_a_doubled_name_is_refused_however_it_is_written(text: str) -> None:
    with pytest.raises(InputError) as error:
        codec.weigh(codec.parse(text.encode()))
    assert error.value.code == "json.doubled_name"
