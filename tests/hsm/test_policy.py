"""The policy: names, kinds, and which tree may be signed after which."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import AuthorityError, ConflictError, InputError, JukuraError, TooMuchError
from hsm import policy
from hsm.pin import PinSource
from hsm.policy import Last
from hsm.protocol import CLASS, MAX_NAMES, SignCheckpoint
from tests.hsm.kit import grown

EXAMPLES = {
    "expire.2176": True, "log.2026": True, "case.2026": True, "work.2026-12": True, "transit.2026-07-01T09": True,
    "hold.1": True, "live.1": False, "store.2": False, "index.3": False, "backup.4": False, "secret.5": False,
    "seal.6": False, "form.7": False,
}  # fmt: skip
"""One name of each class of the design's table, and whether the law sets its end."""
NAMES = st.from_regex(CLASS, fullmatch=True)


def last_of(size: int) -> Last:
    return Last(1, size, grown(size).root, "seal.1", "note")


def judged(size: int, since: int, **changes: Any) -> bytes:
    request = msgspec.structs.replace(grown(size, since=since), **changes)
    return policy.judge("honnin", request, last_of(since)).text()


def refusal(size: int, since: int, **changes: Any) -> str:
    with pytest.raises(JukuraError) as caught:
        judged(size, since, **changes)
    return caught.value.code


def test_every_class_of_the_table_has_its_kind() -> None:
    assert policy.admit(EXAMPLES, ()) == list(EXAMPLES)
    assert {name: policy.lawful(name) for name in EXAMPLES} == EXAMPLES
    assert [name for name in EXAMPLES if policy.is_pair(name)] == ["seal.6", "form.7"]


@pytest.mark.parametrize(
    "name",
    ["", "live", "live.", "live.0", "live.01", "live.1 ", "live.1\n", "LIVE.1", "live.-1", "log.26", "log.20260",
     "work.2026-13", "transit.2026-07-01", "expire.1", "other.1", "live.1.1", "ｌive.1", "live.１"],
)  # fmt: skip
def test_no_other_name_can_exist(name: str) -> None:
    with pytest.raises(InputError) as caught:
        policy.admit([name], ())
    assert (caught.value.code, caught.value.field) == ("hsm.name_unknown", "")


@given(st.lists(NAMES, min_size=1, max_size=MAX_NAMES), st.data())
def test_a_destroyed_name_is_refused_for_ever(names: list[str], data: st.DataObject) -> None:
    assert policy.admit(names, ()) == list(dict.fromkeys(names))
    gone = data.draw(st.sampled_from(names))
    with pytest.raises(ConflictError) as caught:
        policy.admit(names, {gone})
    assert (caught.value.code, caught.value.field) == ("hsm.key_destroyed", gone)


def test_too_many_names_are_refused() -> None:
    names = [f"live.{number}" for number in range(1, MAX_NAMES + 2)]
    assert policy.admit(names[1:], ()) == names[1:]
    with pytest.raises(TooMuchError, match=r"hsm\.too_many_names"):
        policy.admit(names, ())


@given(NAMES)
def test_only_data_keys_are_unwrapped_and_only_seals_sign(name: str) -> None:
    request = msgspec.structs.replace(grown(3), key=name)
    if policy.is_pair(name):
        with pytest.raises(AuthorityError, match=r"hsm\.key_stays"):
            policy.may_unwrap([name])
    else:
        policy.may_unwrap([name])
    if name.startswith("seal."):
        policy.judge("honnin", request, None)
    else:
        with pytest.raises(AuthorityError, match=r"hsm\.key_signs_no_checkpoint"):
            policy.judge("honnin", request, None)


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_tree_is_signed_exactly_when_it_continues_the_last(since: int, size: int) -> None:
    if size >= since:
        assert judged(size, since).startswith(f"jukura.jp/honnin/1\n{size}\n".encode())
    else:
        assert refusal(size, since) == "hsm.checkpoint_inconsistent"


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_a_proof_changed_anywhere_is_refused(since: int, more: int, data: st.DataObject) -> None:
    size = since + more
    honest = grown(size, since=since).proof
    where = data.draw(st.integers(0, len(honest) - 1))
    flipped = bytes([honest[where][0] ^ 1]) + honest[where][1:]
    for wrong in (
        [*honest[:where], flipped, *honest[where + 1 :]],
        [*honest[:where], *honest[where + 1 :]],
        [*honest, bytes(32)],
    ):
        assert refusal(size, since, proof=wrong) == "hsm.checkpoint_inconsistent"
    assert refusal(size, since, root=bytes(32)) == "hsm.checkpoint_inconsistent"


@given(st.integers(1, 40))
def test_the_tree_signed_last_may_be_signed_again_and_no_other_of_its_size(size: int) -> None:
    assert judged(size, size) == judged(size, size, proof=[bytes(32)])
    assert refusal(size, size, root=bytes(32)) == "hsm.checkpoint_inconsistent"


@pytest.mark.parametrize("last", [None, last_of(0)])
def test_after_nothing_any_tree_is_signed_without_a_proof(last: Last | None) -> None:
    assert policy.judge("honnin", grown(7), last).size == 7
    with pytest.raises(ConflictError, match=r"hsm\.checkpoint_inconsistent"):
        policy.judge("honnin", msgspec.structs.replace(grown(7), proof=[bytes(32)]), last)


@pytest.mark.parametrize(("last", "epoch"), [(None, 0), (None, 2), (last_of(3), 2), (last_of(3), 0)])
def test_another_epoch_is_refused(last: Last | None, epoch: int) -> None:
    with pytest.raises(ConflictError, match=r"hsm\.epoch_unknown"):
        policy.judge("honnin", msgspec.structs.replace(grown(5, since=3), epoch=epoch), last)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"size": -1}, "size"),
        ({"size": policy.MAX_SIZE + 1}, "size"),
        ({"size": 0}, "root"),
        ({"extensions": ["line"] * (policy.MAX_EXTENSIONS + 1)}, "extensions"),
        ({"extensions": ["x" * (policy.MAX_EXTENSION + 1)]}, "extensions"),
        ({"extensions": ["a\nb"]}, "extensions"),
        ({"extensions": [""]}, "extensions"),
    ],
)
def test_a_checkpoint_that_breaks_its_form_is_refused(changes: dict[str, Any], field: str) -> None:
    request: SignCheckpoint = msgspec.structs.replace(grown(5), **changes)
    with pytest.raises(InputError) as caught:
        policy.judge("honnin", request, None)
    assert (caught.value.code, caught.value.field) == ("hsm.checkpoint_malformed", field)


@pytest.mark.parametrize(
    ("source", "module", "model", "expected"),
    [
        (PinSource.CREDENTIAL, "/usr/lib/libCryptoki2.so", "LunaSA 7", "protected"),
        (PinSource.DESCRIPTOR, "/usr/lib/libCryptoki2.so", "LunaSA 7", "protected"),
        (PinSource.FILE, "/usr/lib/libCryptoki2.so", "LunaSA 7", "unprotected"),
        (PinSource.CREDENTIAL, "/usr/lib/libCryptoki2.so", None, "unprotected"),
        (PinSource.CREDENTIAL, "/usr/lib/softhsm/libsofthsm2.so", "SoftHSM v2", "unprotected"),
        (PinSource.CREDENTIAL, "/usr/lib/softhsm/libsofthsm2.so", "renamed", "unprotected"),
        (PinSource.CREDENTIAL, "/usr/lib/p11-kit-client.so", "SoftHSM v2", "unprotected"),
    ],
)
def test_at_rest_says_protected_only_where_token_and_pin_are_off_the_disk(
    source: PinSource, module: str, model: str | None, expected: str
) -> None:
    assert policy.at_rest(source, module, model) == expected
