"""The policy: which keys may be made, opened and destroyed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import AuthorityError, ConflictError, InputError, JukuraError, TooMuchError
from hsm import names, policy
from hsm.pin import PinSource
from hsm.protocol import CLASS, MAX_NAMES

NAMES = st.from_regex(CLASS, fullmatch=True).filter(names.sound)
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)


def refused(wanted: list[str], there: set[str], destroyed: set[str], *, register: str = "honnin") -> str:
    with pytest.raises(JukuraError) as caught:
        policy.to_make(register, wanted, there, destroyed, NOW)
    return caught.value.code


@given(st.lists(NAMES, min_size=1, max_size=MAX_NAMES))
def test_names_are_admitted_once_each_in_order(wanted: list[str]) -> None:
    assert policy.admit(wanted) == list(dict.fromkeys(wanted))


def test_a_name_that_cannot_exist_is_refused_and_not_quoted() -> None:
    for name in ("", "live.0", "山田", "transit.2026-02-30T09"):
        with pytest.raises(InputError) as caught:
            policy.admit(["live.1", name])
        assert (caught.value.code, caught.value.field) == ("hsm.name_unknown", "")


def test_too_many_names_are_refused() -> None:
    wanted = [f"live.{number}" for number in range(1, MAX_NAMES + 2)]
    assert policy.admit(wanted[1:]) == wanted[1:]
    with pytest.raises(TooMuchError, match=r"hsm\.too_many_names"):
        policy.admit(wanted)


@given(NAMES)
def test_only_data_keys_are_unwrapped(name: str) -> None:
    if names.is_pair(name):
        with pytest.raises(AuthorityError, match=r"hsm\.key_stays"):
            policy.may_unwrap([name])
    else:
        policy.may_unwrap([name])


@given(st.lists(NAMES, min_size=1, max_size=8), st.data())
def test_a_destroyed_name_is_refused_for_ever(wanted: list[str], data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(wanted))
    with pytest.raises(ConflictError) as caught:
        policy.not_destroyed(wanted, {gone})
    assert (caught.value.code, caught.value.field) == ("hsm.key_destroyed", gone)


@given(st.sampled_from(sorted(policy.LIMITS)), st.sets(st.integers(1, 12)), st.sets(st.integers(1, 12)))
def test_only_the_generation_after_every_one_that_ever_was_is_made(
    kind: str, alive: set[int], dead: set[int]
) -> None:
    there = {f"{kind}.{number}" for number in alive - dead}
    gone = {f"{kind}.{number}" for number in dead}
    newest = max((0, *alive, *dead))
    room = len(there) < policy.LIMITS[kind]
    for number in range(newest + 1, newest + 4):
        name = f"{kind}.{number}"
        if number == newest + 1 and room:
            assert policy.to_make("honnin", [name], there, gone, NOW) == [name]
        elif number == newest + 1:
            assert refused([name], there, gone) == "hsm.too_many_generations"
        else:
            assert refused([name], there, gone) == "hsm.not_next_generation"


def test_several_generations_at_once_are_judged_one_after_the_other() -> None:
    wanted = [f"live.{number}" for number in range(1, 9)]
    assert policy.to_make("honnin", ["live.1", *wanted], set(), set(), NOW) == wanted
    assert refused([*wanted, "live.9"], set(), set()) == "hsm.too_many_generations"
    assert refused(["live.2", "live.1"], set(), set()) == "hsm.not_next_generation"


@pytest.mark.parametrize("kind", sorted(names.PAIRS))
def test_a_pair_is_made_here_only_as_the_first_that_ever_was(kind: str) -> None:
    assert policy.to_make("honnin", [f"{kind}.1"], set(), set(), NOW) == [f"{kind}.1"]
    for there, gone in (({f"{kind}.1"}, set[str]()), (set[str](), {f"{kind}.1"})):
        assert refused([f"{kind}.2"], there, gone) == "hsm.not_next_generation"


def test_temporary_numbers_exist_in_one_register_alone() -> None:
    name = "transit.2026-11-25T12"
    assert policy.to_make("fuhyo", [name], set(), set(), NOW) == [name]
    assert refused([name], set(), set()) == "hsm.no_business"


@given(
    NAMES.filter(lambda name: "0000" not in name), st.timedeltas(timedelta(seconds=1), timedelta(days=300))
)
def test_a_dated_key_dies_from_its_date_on_and_no_other_by_a_date(name: str, off: timedelta) -> None:
    end = names.ends(name)
    if end is None:
        with pytest.raises(AuthorityError, match=r"hsm\.key_needs_custodians"):
            policy.require_due([name], NOW)
        return
    policy.require_due([name], end)
    with pytest.raises(AuthorityError, match=r"hsm\.key_not_due"):
        policy.require_due([name], end - off)


@pytest.mark.parametrize(
    ("source", "module", "model", "expected"),
    [
        (PinSource.SEALED, "/usr/lib/libCryptoki2.so", "LunaSA 7", "protected"),
        (PinSource.HOLDERS, "/usr/lib/libCryptoki2.so", "LunaSA 7", "protected"),
        (PinSource.CREDENTIAL, "/usr/lib/libCryptoki2.so", "LunaSA 7", "unprotected"),
        (PinSource.DESCRIPTOR, "/usr/lib/libCryptoki2.so", "LunaSA 7", "unprotected"),
        (PinSource.FILE, "/usr/lib/libCryptoki2.so", "LunaSA 7", "unprotected"),
        (PinSource.SEALED, "/usr/lib/libCryptoki2.so", None, "unprotected"),
        (PinSource.SEALED, "/usr/lib/softhsm/libsofthsm2.so", "SoftHSM v2", "unprotected"),
        (PinSource.SEALED, "/usr/lib/softhsm/libsofthsm2.so", "renamed", "unprotected"),
        (PinSource.SEALED, "/usr/lib/p11-kit-client.so", "SoftHSM project SoftHSM v2", "unprotected"),
    ],
)
def test_at_rest_says_protected_only_where_token_and_pin_are_off_the_disk(
    source: PinSource, module: str, model: str | None, expected: str
) -> None:
    assert policy.at_rest(source, module, model) == expected
