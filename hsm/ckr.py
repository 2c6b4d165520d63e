"""What each PKCS#11 return value (CKR) calls for: one table, every code once. Pure.

The codes are those of OASIS PKCS#11 v2.40 (§4.1 of the base specification, values in its pkcs11t.h) and of v3.0 to
v3.2. One that is not in the table, a vendor's own or a new one, costs the worker its life: nothing is known of what
state it leaves behind. Where the names say nothing else, `FATAL` means: this request cannot be carried out, and the
session is as good as before.
"""

import re
from collections.abc import Mapping
from enum import Enum, auto


class Cure(Enum):
    """What to do about a code."""

    RETRY = auto()
    """Do it again."""
    LOGIN = auto()
    """Open a new session, log in, look the keys up again, and do it again."""
    REINITIALISE = auto()
    """C_Finalize, C_Initialize, find the token, log in, and do it again."""
    REPLACE = auto()
    """Kill the worker and start another; the caller may ask again."""
    FATAL = auto()
    """Answer: trying again gives the same."""


_TABLE: Mapping[Cure, Mapping[str, int]] = {
    Cure.RETRY: {
        "CANCEL": 0x1, "NO_EVENT": 0x8, "FUNCTION_CANCELED": 0x50, "OPERATION_NOT_INITIALIZED": 0x91,
        "BUFFER_TOO_SMALL": 0x150, "EXCEEDED_MAX_ITERATIONS": 0x1B5, "PENDING": 0x204,
    },
    Cure.LOGIN: {
        "KEY_HANDLE_INVALID": 0x60, "OBJECT_HANDLE_INVALID": 0x82, "OPERATION_ACTIVE": 0x90, "SESSION_CLOSED": 0xB0,
        "SESSION_COUNT": 0xB1, "SESSION_HANDLE_INVALID": 0xB3, "SESSION_READ_ONLY": 0xB5, "SESSION_EXISTS": 0xB6,
        "SESSION_READ_ONLY_EXISTS": 0xB7, "SESSION_READ_WRITE_SO_EXISTS": 0xB8, "UNWRAPPING_KEY_HANDLE_INVALID": 0xF0,
        "USER_NOT_LOGGED_IN": 0x101, "WRAPPING_KEY_HANDLE_INVALID": 0x113, "SAVED_STATE_INVALID": 0x160,
        "OPERATION_CANCEL_FAILED": 0x202,
    },
    Cure.REINITIALISE: {
        "SLOT_ID_INVALID": 0x3, "FUNCTION_FAILED": 0x6, "DEVICE_ERROR": 0x30, "DEVICE_MEMORY": 0x31,
        "DEVICE_REMOVED": 0x32, "TOKEN_NOT_PRESENT": 0xE0, "TOKEN_NOT_RECOGNIZED": 0xE1,
        "USER_ALREADY_LOGGED_IN": 0x100, "USER_ANOTHER_ALREADY_LOGGED_IN": 0x104, "USER_TOO_MANY_TYPES": 0x105,
        "CRYPTOKI_NOT_INITIALIZED": 0x190, "TOKEN_RESOURCE_EXCEEDED": 0x201, "TOKEN_NOT_INITIALIZED": 0x208,
    },
    Cure.REPLACE: {
        "HOST_MEMORY": 0x2, "GENERAL_ERROR": 0x5, "NEED_TO_CREATE_THREADS": 0x9, "CANT_LOCK": 0xA,
        "CRYPTOKI_ALREADY_INITIALIZED": 0x191, "MUTEX_BAD": 0x1A0, "MUTEX_NOT_LOCKED": 0x1A1,
        "LIBRARY_LOAD_FAILED": 0x1B7,
    },
    Cure.FATAL: {
        "ARGUMENTS_BAD": 0x7, "ATTRIBUTE_READ_ONLY": 0x10, "ATTRIBUTE_SENSITIVE": 0x11,
        "ATTRIBUTE_TYPE_INVALID": 0x12, "ATTRIBUTE_VALUE_INVALID": 0x13, "ACTION_PROHIBITED": 0x1B,
        "DATA_INVALID": 0x20, "DATA_LEN_RANGE": 0x21, "AEAD_DECRYPT_FAILED": 0x35, "ENCRYPTED_DATA_INVALID": 0x40,
        "ENCRYPTED_DATA_LEN_RANGE": 0x41, "FUNCTION_NOT_PARALLEL": 0x51, "FUNCTION_NOT_SUPPORTED": 0x54,
        "KEY_SIZE_RANGE": 0x62, "KEY_TYPE_INCONSISTENT": 0x63, "KEY_NOT_NEEDED": 0x64, "KEY_CHANGED": 0x65,
        "KEY_NEEDED": 0x66, "KEY_INDIGESTIBLE": 0x67, "KEY_FUNCTION_NOT_PERMITTED": 0x68, "KEY_NOT_WRAPPABLE": 0x69,
        "KEY_UNEXTRACTABLE": 0x6A, "MECHANISM_INVALID": 0x70, "MECHANISM_PARAM_INVALID": 0x71,
        "PIN_INCORRECT": 0xA0, "PIN_INVALID": 0xA1, "PIN_LEN_RANGE": 0xA2, "PIN_EXPIRED": 0xA3, "PIN_LOCKED": 0xA4,
        "SESSION_PARALLEL_NOT_SUPPORTED": 0xB4, "SIGNATURE_INVALID": 0xC0, "SIGNATURE_LEN_RANGE": 0xC1,
        "TEMPLATE_INCOMPLETE": 0xD0, "TEMPLATE_INCONSISTENT": 0xD1, "TOKEN_WRITE_PROTECTED": 0xE2,
        "UNWRAPPING_KEY_SIZE_RANGE": 0xF1, "UNWRAPPING_KEY_TYPE_INCONSISTENT": 0xF2,
        "USER_PIN_NOT_INITIALIZED": 0x102, "USER_TYPE_INVALID": 0x103, "WRAPPED_KEY_INVALID": 0x110,
        "WRAPPED_KEY_LEN_RANGE": 0x112, "WRAPPING_KEY_SIZE_RANGE": 0x114, "WRAPPING_KEY_TYPE_INCONSISTENT": 0x115,
        "RANDOM_SEED_NOT_SUPPORTED": 0x120, "RANDOM_NO_RNG": 0x121, "DOMAIN_PARAMS_INVALID": 0x130,
        "CURVE_NOT_SUPPORTED": 0x140, "INFORMATION_SENSITIVE": 0x170, "STATE_UNSAVEABLE": 0x180,
        "NEW_PIN_MODE": 0x1B0, "NEXT_OTP": 0x1B1, "FIPS_SELF_TEST_FAILED": 0x1B6, "PIN_TOO_WEAK": 0x1B8,
        "PUBLIC_KEY_INVALID": 0x1B9, "FUNCTION_REJECTED": 0x200, "KEY_EXHAUSTED": 0x203,
        "SESSION_ASYNC_NOT_SUPPORTED": 0x205, "SEED_RANDOM_REQUIRED": 0x206, "OPERATION_NOT_VALIDATED": 0x207,
        "PARAMETER_SET_NOT_SUPPORTED": 0x209,
    },
}  # fmt: skip

NUMBERS: Mapping[str, int] = {name: number for codes in _TABLE.values() for name, number in codes.items()}
"""Every code, without `CKR_`, and its value."""

PIN_REFUSED = frozenset({"PIN_INCORRECT", "PIN_INVALID", "PIN_LEN_RANGE", "PIN_EXPIRED", "PIN_LOCKED"})
"""A second try with the same PIN cannot succeed, and may lock the token."""

_CURES: Mapping[str, Cure] = {name: cure for cure, codes in _TABLE.items() for name in codes}
_NAMES: Mapping[int, str] = {number: name for name, number in NUMBERS.items()}
_SPELT: Mapping[str, str] = {
    "AnotherUserAlreadyLoggedIn": "USER_ANOTHER_ALREADY_LOGGED_IN",
    "FunctionCancelled": "FUNCTION_CANCELED",
    "TokenNotRecognised": "TOKEN_NOT_RECOGNIZED",
    "NoSuchToken": "TOKEN_NOT_PRESENT",
    "MultipleTokensReturned": "TOKEN_NOT_PRESENT",
    "NoSuchKey": "OBJECT_HANDLE_INVALID",
    "MultipleObjectsReturned": "OBJECT_HANDLE_INVALID",
}
"""Exceptions of python-pkcs11 that are not simply the code in other letters."""
_SAID: Mapping[str, str] = {
    "buffer was too small": "BUFFER_TOO_SMALL",
    "already initialized": "CRYPTOKI_ALREADY_INITIALIZED",
    "not initialized": "CRYPTOKI_NOT_INITIALIZED",
    "parallel not supported": "SESSION_PARALLEL_NOT_SUPPORTED",
    "user type invalid": "USER_TYPE_INVALID",
    "failed to cancel": "OPERATION_CANCEL_FAILED",
    "exception while loading": "LIBRARY_LOAD_FAILED",
}
"""What its plain PKCS11Error says for codes that have no exception of their own."""
_UNMAPPED = re.compile(r"0x([0-9a-f]{1,16})\b")
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def named(number: int) -> str:
    """The code's name without `CKR_`; for one that is not in the table its value."""
    return _NAMES.get(number, f"{number:#x}")


def name_of(exception: str, text: str) -> str:
    """The code behind an exception of python-pkcs11, from its class and what it says."""
    if exception != "PKCS11Error":
        return _SPELT.get(exception) or _WORDS.sub("_", exception).upper()
    if found := _UNMAPPED.search(text):
        return named(int(found[1], 16))
    return next((name for said, name in _SAID.items() if said in text.lower()), "UNKNOWN")


def cure(name: str) -> Cure:
    """What a code calls for."""
    return _CURES.get(name, Cure.REPLACE)


def code(name: str, *, login: bool = False) -> str:
    """The error of ours that tells of a code which nothing could cure; only what a login gave can speak of the PIN."""
    if login and name in PIN_REFUSED:
        return "hsm.pin_locked" if name == "PIN_LOCKED" else "hsm.pin_wrong"
    return "hsm.token_refuses" if cure(name) is Cure.FATAL else "hsm.token_away"
