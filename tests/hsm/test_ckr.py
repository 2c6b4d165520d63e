"""The table of CKRs: every code and every exception of the library has one class, and what nobody knows is replaced."""

import inspect
import re
from collections import Counter
from pathlib import Path

import pkcs11
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pkcs11 import exceptions

from hsm import ckr
from hsm.ckr import Cure

LIBRARY = Path(pkcs11.__file__).parent
EXCEPTIONS = [name for name, kind in vars(exceptions).items() if inspect.isclass(kind)]
PLAIN = "PKCS11Error"


def test_every_exception_of_the_library_is_a_code_of_the_table() -> None:
    assert len(EXCEPTIONS) > 70
    unknown = {name for name in EXCEPTIONS if name != PLAIN and ckr.name_of(name, "") not in ckr.NUMBERS}
    assert not unknown


def test_every_constant_of_the_library_is_in_the_table() -> None:
    declared = set(re.findall(r"\bCKR_([A-Z0-9_]+),", (LIBRARY / "_pkcs11.pxd").read_text("utf-8")))
    assert len(declared) > 90
    assert declared - {"OK", "VENDOR_DEFINED"} <= ckr.NUMBERS.keys()


def test_every_code_has_one_class_and_every_value_one_code() -> None:
    listed = Counter(name for codes in ckr._TABLE.values() for name in codes)
    assert set(listed.values()) == {1}
    assert set(ckr._TABLE) == set(Cure)
    assert len(set(ckr.NUMBERS.values())) == len(ckr.NUMBERS)
    assert {name: ckr.named(number) for name, number in ckr.NUMBERS.items()} == {
        name: name for name in ckr.NUMBERS
    }


def test_what_the_library_only_says_in_words_is_known() -> None:
    source = (LIBRARY / "_pkcs11.pxd").read_text("utf-8") + (LIBRARY / "_pkcs11.pyx").read_text("utf-8")
    said = set(re.findall(r'PKCS11Error\(f?"([^"]+)"', source))
    assert len(said) > 5
    unknown = {words for words in said if ckr.name_of(PLAIN, words) == "UNKNOWN"}
    assert unknown == {"Unmapped error code %s"}


@pytest.mark.parametrize(
    ("exception", "text", "name", "cure"),
    [
        ("DeviceRemoved", "", "DEVICE_REMOVED", Cure.REINITIALISE),
        ("SessionHandleInvalid", "", "SESSION_HANDLE_INVALID", Cure.LOGIN),
        ("KeyHandleInvalid", "", "KEY_HANDLE_INVALID", Cure.LOGIN),
        ("ObjectHandleInvalid", "", "OBJECT_HANDLE_INVALID", Cure.LOGIN),
        ("FunctionCancelled", "", "FUNCTION_CANCELED", Cure.RETRY),
        ("GeneralError", "", "GENERAL_ERROR", Cure.REPLACE),
        ("PinIncorrect", "", "PIN_INCORRECT", Cure.FATAL),
        ("MechanismInvalid", "", "MECHANISM_INVALID", Cure.FATAL),
        (PLAIN, "Unmapped error code 0xa", "CANT_LOCK", Cure.REPLACE),
        (PLAIN, "Unmapped error code 0x80000123", "0x80000123", Cure.REPLACE),
        (PLAIN, "Initialisation error (not initialized). Should never see this.", "CRYPTOKI_NOT_INITIALIZED",
         Cure.REINITIALISE),
        (PLAIN, "Initialisation error (already initialized). Should never see this.",
         "CRYPTOKI_ALREADY_INITIALIZED", Cure.REPLACE),
        (PLAIN, "OS exception while loading /m.so: no such file", "LIBRARY_LOAD_FAILED", Cure.REPLACE),
        (PLAIN, "", "UNKNOWN", Cure.REPLACE),
    ],
)  # fmt: skip
def test_a_code_and_what_it_calls_for(exception: str, text: str, name: str, cure: Cure) -> None:
    assert (ckr.name_of(exception, text), ckr.cure(name)) == (name, cure)


@given(st.integers(0, 2**64 - 1))
def test_a_value_that_is_not_in_the_table_is_replaced(number: int) -> None:
    name = ckr.named(number)
    if number not in ckr.NUMBERS.values():
        assert (int(name, 16), ckr.cure(name)) == (number, Cure.REPLACE)
        assert ckr.name_of(PLAIN, f"Unmapped error code {number:#x}") == name


@given(st.sampled_from(EXCEPTIONS) | st.text(), st.text())
def test_no_exception_is_without_a_cure(exception: str, text: str) -> None:
    assert ckr.cure(ckr.name_of(exception, text)) in Cure


def test_only_a_login_tells_of_the_pin() -> None:
    assert {ckr.code(name, login=True) for name in ckr.PIN_REFUSED} == {"hsm.pin_wrong", "hsm.pin_locked"}
    assert {ckr.code(name) for name in ckr.PIN_REFUSED} == {"hsm.token_refuses"}
    others = ckr.NUMBERS.keys() - ckr.PIN_REFUSED
    assert {ckr.code(name, login=True) for name in others} == {"hsm.token_refuses", "hsm.token_away"}
