"""pkcs11: URIs: what is read, what is refused, and what a token must be to match."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import InputError, StateError
from hsm.orders import TokenFacts
from hsm.uri import CRITERIA, TokenUri, exactly_one, meets, parse, summary

VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FACTS = st.dictionaries(st.sampled_from(CRITERIA), VALUES)


def written(criteria: dict[str, str], module: str) -> str:
    path = ";".join(f"{name}={quote(value, safe='')}" for name, value in criteria.items())
    return f"pkcs11:{path}?module-path={quote(module, safe='/')}"


@given(FACTS, VALUES)
def test_every_criterion_comes_back_as_it_was_written(criteria: dict[str, str], rest: str) -> None:
    assert parse(written(criteria, "/" + rest)) == TokenUri("/" + rest, criteria)


def test_reserved_characters_that_the_rfc_lets_stand_are_read() -> None:
    uri = parse("pkcs11:token=a:[b]@c!$'(d)*+,=e&f;serial=%3B%2f?module-path=/x|y?z")
    assert (uri.label, uri.criteria["serial"], uri.module) == ("a:[b]@c!$'(d)*+,=e&f", ";/", "/x|y?z")


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("", "hsm.uri_malformed", "scheme"),
        ("PKCS11:token=a?module-path=/m", "hsm.uri_malformed", "scheme"),
        ("token=a?module-path=/m", "hsm.uri_malformed", "scheme"),
        ("pkcs11:token=a", "hsm.uri_module", ""),
        ("pkcs11:token=a?module-path=m.so", "hsm.uri_module", ""),
        ("pkcs11:token=a?module-name=m&module-path=/m", "hsm.uri_attribute", "module-name"),
        ("pkcs11:token=a?module-path=/m&pin-value=1234", "hsm.uri_has_pin", "pin-value"),
        ("pkcs11:token=a?module-path=/m&pin-source=/etc/pin", "hsm.uri_has_pin", "pin-source"),
        ("pkcs11:object=k;token=a?module-path=/m", "hsm.uri_attribute", "object"),
        ("pkcs11:x-vendor=k?module-path=/m", "hsm.uri_attribute", "x-vendor"),
        ("pkcs11:token=a;token=b?module-path=/m", "hsm.uri_malformed", "token"),
        ("pkcs11:token=%ff?module-path=/m", "hsm.uri_malformed", "token"),
        ("pkcs11:token=%f?module-path=/m", "hsm.uri_malformed", ""),
        ("pkcs11:token=a b?module-path=/m", "hsm.uri_malformed", ""),
        ("pkcs11:token=a;;serial=b?module-path=/m", "hsm.uri_malformed", ""),
        ("pkcs11:token?module-path=/m", "hsm.uri_malformed", ""),
        ("pkcs11:token=a/b?module-path=/m", "hsm.uri_malformed", ""),
    ],
)
def test_what_could_choose_the_wrong_token_or_show_a_pin_is_refused(text: str, code: str, field: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert (caught.value.code, caught.value.field) == (code, field)


@given(st.text())
def test_no_text_does_more_than_be_refused(text: str) -> None:
    try:
        uri = parse("pkcs11:" + text)
    except InputError:
        return
    assert uri.module.startswith("/")
    assert uri.criteria.keys() <= set(CRITERIA)


@given(FACTS, FACTS)
def test_a_token_matches_when_it_meets_every_criterion(
    facts: dict[str, str], criteria: dict[str, str]
) -> None:
    assert meets(facts, criteria) == (criteria.items() <= facts.items())
    assert meets(facts | criteria, criteria)


@pytest.mark.parametrize("count", [0, 2, 5])
@pytest.mark.parametrize(
    ("there", "told"), [("", ""), ("slot 1 not initialised", "; there: slot 1 not initialised")]
)
def test_none_and_several_are_both_errors_with_the_count(count: int, there: str, told: str) -> None:
    assert exactly_one(["a"], there) == "a"
    with pytest.raises(StateError) as caught:
        exactly_one(["a"] * count, there)
    assert (caught.value.code, caught.value.field) == ("hsm.token_count", f"matching={count}{told}")


@given(FACTS, VALUES)
def test_what_is_written_reads_back(criteria: dict[str, str], rest: str) -> None:
    uri = TokenUri("/" + rest, criteria)
    assert parse(uri.text) == uri


def facts(label: str, serial: str, *, initialised: bool = True, user_pin_set: bool = True) -> TokenFacts:
    return TokenFacts(
        slot="7", label=label, serial=serial, model="m", initialised=initialised, user_pin_set=user_pin_set,
        final_try=False, locked=False, protected_path=False, min_pin=4, max_pin=8,
    )  # fmt: skip


def test_what_there_is_is_told_shortly() -> None:
    assert summary([]) == "none"
    tokens = [facts("one", "1"), facts("two", "2", user_pin_set=False), facts("", "", initialised=False)]
    assert summary(tokens) == "one (serial 1), two (serial 2, no PIN), slot 7 not initialised"
    assert summary(tokens * 3).endswith("two (serial 2, no PIN), 4 more")


@given(VALUES, VALUES)
def test_what_a_token_calls_itself_cannot_break_a_line(label: str, serial: str) -> None:
    assert summary([facts(label, serial)]).isprintable()
