"""A wrong PIN is tried once, ever: the marks by themselves. Over a real token: `test_pin_tries`."""

import os
from collections.abc import Callable
from hashlib import scrypt, sha256
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from daemon.errors import StateError
from hsm import pinmark
from hsm.keystore import Keystore
from hsm.orders import TokenFacts
from hsm.pinmark import MOST, Mark, PinMark, State
from tests.hsm import kit
from tests.hsm.kit import mark_in

LABEL = "t"
LABEL_OF_TOKEN = kit.LABEL
FACTS = TokenFacts(
    slot="0", label=LABEL, serial="1", model="m", initialised=True, user_pin_set=True, final_try=False, locked=False,
    protected_path=False, min_pin=4, max_pin=255,
)  # fmt: skip
FINAL = msgspec.structs.replace(FACTS, final_try=True)
LOCKED = msgspec.structs.replace(FACTS, locked=True)


SCRYPT = pinmark._scrypt


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No scrypt: its slowness is not what is tested."""
    monkeypatch.setattr(pinmark, "_scrypt", lambda pin, salt: sha256(salt + pin).digest())


@pytest.fixture
def marks() -> dict[str, bytes]:
    return {}


def refusal(mark: PinMark, pin: bytes, facts: TokenFacts = FACTS) -> str:
    with pytest.raises(StateError) as caught:
        mark.admit(LABEL, pin, facts)
    return caught.value.code


def state_in(marks: dict[str, bytes]) -> State:
    return msgspec.msgpack.decode(marks[f"pin:{LABEL}"], type=Mark).state


def test_guessing_a_pin_from_its_mark_is_slow() -> None:
    assert SCRYPT(b"pin", b"salt") == scrypt(b"pin", salt=b"salt", n=2**15, r=8, p=1, maxmem=2**26)


def test_the_mark_is_kept_before_the_try_and_holds_no_pin(marks: dict[str, bytes]) -> None:
    mark_in(marks).admit(LABEL, b"a very secret pin", FACTS)
    assert state_in(marks) is State.TRYING
    assert b"secret" not in marks[f"pin:{LABEL}"]
    assert refusal(mark_in(marks), b"a very secret pin") == "hsm.pin_wrong"
    mark_in(marks).admit(LABEL, b"another", FACTS)


def test_the_keystore_keeps_marks_across_processes(tmp_path: Path) -> None:
    for known in (False, True):
        store = Keystore(tmp_path / "keys.db")
        try:
            mark = PinMark(store.kept, store.keep, os.urandom)
            if known:
                assert refusal(mark, b"wrong") == "hsm.pin_wrong"
            else:
                mark.admit(LABEL, b"wrong", FACTS)
                mark.refused(LABEL, b"wrong")
        finally:
            store.close()


def test_a_refused_pin_is_tried_again_when_it_differs_or_is_cleared(marks: dict[str, bytes]) -> None:
    mark = mark_in(marks)
    mark.admit(LABEL, b"one", FACTS)
    mark.refused(LABEL, b"one")
    for each in (mark, mark_in(marks)):
        assert refusal(each, b"one") == "hsm.pin_wrong"
    mark.admit(LABEL, b"two", FACTS)
    mark.refused(LABEL, b"two")
    mark.clear(LABEL)
    mark.admit(LABEL, b"two", FACTS)


def test_a_clearing_is_for_one_try(marks: dict[str, bytes]) -> None:
    mark = mark_in(marks)
    mark.clear(LABEL)
    mark.admit(LABEL, b"one", FINAL)
    assert refusal(mark_in(marks), b"one", FINAL) == "hsm.pin_wrong"
    assert refusal(mark_in(marks), b"two", FINAL) == "hsm.pin_final_try"


def test_other_outcomes_restore_what_was(marks: dict[str, bytes]) -> None:
    mark = mark_in(marks)
    mark.admit(LABEL, b"one", FACTS)
    mark.restore(LABEL)
    assert marks == {}
    mark.clear(LABEL)
    mark.admit(LABEL, b"one", LOCKED)
    mark.restore(LABEL)
    assert state_in(marks) is State.CLEARED
    mark.admit(LABEL, b"one", FACTS)
    mark.good(LABEL, b"one")
    mark.admit(LABEL, b"two", FACTS)
    mark.restore(LABEL)
    mark.admit(LABEL, b"one", LOCKED)


@pytest.mark.parametrize(("facts", "code"), [(FINAL, "hsm.pin_final_try"), (LOCKED, "hsm.pin_locked")])
def test_the_last_try_is_only_for_a_pin_that_was_good(
    marks: dict[str, bytes], facts: TokenFacts, code: str
) -> None:
    assert refusal(mark_in(marks), b"one", facts) == code
    assert marks == {}
    mark_in(marks).good(LABEL, b"one")
    assert refusal(mark_in(marks), b"two", facts) == code
    mark_in(marks).admit(LABEL, b"one", facts)


def test_a_good_pin_whose_tries_are_cut_off_is_tried_three_times(marks: dict[str, bytes]) -> None:
    mark_in(marks).good(LABEL, b"one")
    for _ in range(2):
        for _ in range(MOST):
            mark_in(marks).admit(LABEL, b"one", FACTS)
        assert refusal(mark_in(marks), b"one") == "hsm.pin_wrong"
        mark_in(marks).clear(LABEL)
        mark_in(marks).admit(LABEL, b"one", FACTS)
        mark_in(marks).good(LABEL, b"one")


class Tries(RuleBasedStateMachine):
    """Processes that come and go, over a token with one right PIN and a counter."""

    @initialize()
    def begin(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.mark = mark_in(self.kept)
        self.right = b"a"
        self.wrong_in_a_row = 0
        self.refused: bytes | None = None

    def attempt(self, pin: bytes, after: Callable[[], None]) -> None:
        facts = msgspec.structs.replace(
            FACTS, final_try=self.wrong_in_a_row == 2, locked=self.wrong_in_a_row >= 3
        )
        try:
            self.mark.admit(LABEL, pin, facts)
        except StateError:
            return
        assert pin != self.refused, "a refused PIN was tried again"
        after()

    @rule(pin=st.sampled_from([b"a", b"b", b"c"]))
    def login(self, pin: bytes) -> None:
        def outcome() -> None:
            if pin == self.right:
                self.mark.good(LABEL, pin)
                self.wrong_in_a_row, self.refused = 0, None
            else:
                self.mark.refused(LABEL, pin)
                self.wrong_in_a_row += 1
                self.refused = pin

        self.attempt(pin, outcome)

    @rule(pin=st.sampled_from([b"a", b"b", b"c"]), reached=st.booleans())
    def login_killed(self, pin: bytes, reached: bool) -> None:  # noqa: FBT001 - hypothesis names it
        def outcome() -> None:
            if reached and pin != self.right:
                self.wrong_in_a_row += 1
            self.refused = None

        self.attempt(pin, outcome)
        self.mark = mark_in(self.kept)

    @rule(pin=st.sampled_from([b"a", b"b"]))
    def token_away(self, pin: bytes) -> None:
        self.attempt(pin, lambda: self.mark.restore(LABEL))

    @rule()
    def restart(self) -> None:
        self.mark = mark_in(self.kept)

    @rule()
    def custodians(self) -> None:
        self.mark.clear(LABEL)
        self.refused, self.wrong_in_a_row = None, 0

    @invariant()
    def a_lock_was_never_ours(self) -> None:
        assert self.wrong_in_a_row < 3


TestTries = Tries.TestCase
TestTries.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
