"""The hostile token as tests hold it: the module built, and told at any time what to do wrong.

`hostile.c` forwards every PKCS#11 call to SoftHSM. Orders and counters lie in one file that the test and every worker
process map, so a fault that is to strike three times does so across the workers that it kills.

To run the whole service over it, give `jukura-hsm` (or `Token`) `Hostile.uri` and `Hostile.environ`; `delay(20)` then
makes every PKCS#11 call take 20 ms more, and `count` tells how many there were.
"""

import atexit
import mmap
import struct
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hsm import ckr
from hsm.uri import TokenUri
from tests.hsm.kit import MODULE

SOURCE = Path(__file__).with_name("hostile.c")
FUNCTIONS = (
    "Initialize", "Finalize", "GetInfo", "GetFunctionList", "GetSlotList", "GetSlotInfo", "GetTokenInfo",
    "GetMechanismList", "GetMechanismInfo", "InitToken", "InitPIN", "SetPIN", "OpenSession", "CloseSession",
    "CloseAllSessions", "GetSessionInfo", "GetOperationState", "SetOperationState", "Login", "Logout", "CreateObject",
    "CopyObject", "DestroyObject", "GetObjectSize", "GetAttributeValue", "SetAttributeValue", "FindObjectsInit",
    "FindObjects", "FindObjectsFinal", "EncryptInit", "Encrypt", "EncryptUpdate", "EncryptFinal", "DecryptInit",
    "Decrypt", "DecryptUpdate", "DecryptFinal", "DigestInit", "Digest", "DigestUpdate", "DigestKey", "DigestFinal",
    "SignInit", "Sign", "SignUpdate", "SignFinal", "SignRecoverInit", "SignRecover", "VerifyInit", "Verify",
    "VerifyUpdate", "VerifyFinal", "VerifyRecoverInit", "VerifyRecover", "DigestEncryptUpdate",
    "DecryptDigestUpdate", "SignEncryptUpdate", "DecryptVerifyUpdate", "GenerateKey", "GenerateKeyPair", "WrapKey",
    "UnwrapKey", "DeriveKey", "SeedRandom", "GenerateRandom", "GetFunctionStatus", "CancelFunction",
    "WaitForSlotEvent",
)  # fmt: skip
"""In the order of CK_FUNCTION_LIST."""
USED = [
    "Initialize", "GetInfo", "GetSlotList", "GetSlotInfo", "GetTokenInfo", "GetMechanismList", "OpenSession", "Login",
    "GetAttributeValue", "FindObjectsInit", "FindObjects", "FindObjectsFinal", "SignInit", "Sign", "GenerateKey",
    "GenerateKeyPair", "DestroyObject", "CreateObject",
]  # fmt: skip
"""Every PKCS#11 function that the worker needs; without the others it does as well."""
RULES = 16
_ANY = 0xFFFF
_COUNTER = struct.Struct("=Q")
_RULE = struct.Struct("=HHIQQQQ")
_PAD = 64  # bytes
_FLAGS_AT = _COUNTER.size
_PAD_AT = _FLAGS_AT + _COUNTER.size
_CALLS_AT = _PAD_AT + _PAD
_RULES_AT = _CALLS_AT + _COUNTER.size * len(FUNCTIONS)
_SIZE = _RULES_AT + RULES * _RULE.size


class Kind(IntEnum):
    """What can go wrong with a call."""

    ANSWER = 1
    SLEEP = 2
    HANG = 3
    ABORT = 4
    EXIT = 5


@dataclass(frozen=True)
class Fault:
    """One way for a call to go wrong; `after` the real call was made, or in its place."""

    kind: Kind
    value: int = 0
    after: bool = False


def answer(name: str, *, after: bool = False) -> Fault:
    """Answer CKR_`name`; a number such as 0x80000001 for a vendor's own."""
    number = int(name, 16) if name.startswith("0x") else ckr.NUMBERS[name]
    return Fault(Kind.ANSWER, number, after)


@cache
def build() -> str:
    """The module, built once a run where any user can load it; its name lets `--create-token` take it for SoftHSM."""
    keeper = TemporaryDirectory(prefix="hostile-")
    atexit.register(keeper.cleanup)
    Path(keeper.name).chmod(0o755)
    target = Path(keeper.name) / "hostile-softhsm.so"
    options = ["-std=c11", "-O1", "-Wall", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["gcc", *options, "-o", target, SOURCE, "-ldl"], check=True, timeout=60)
    return str(target)


class Hostile:
    """Orders to every process that has the module loaded through `environ`."""

    def __init__(self, file: Path, *, real: str = MODULE) -> None:
        file.write_bytes(bytes(_SIZE))
        file.chmod(0o666)  # the key service may be another user
        with file.open("r+b") as stream:
            self._shared = mmap.mmap(stream.fileno(), _SIZE)
        self.module = build()
        self.environ: Mapping[str, str] = {"HOSTILE_MODULE": real, "HOSTILE_ORDERS": str(file)}
        self._next = 0

    def uri(self, label: str) -> str:
        """The token `label` for a whole key service, which needs `environ` too."""
        return TokenUri(self.module, {"token": label}).text

    def order(self, function: str, fault: Fault, *, nth: int = 1, times: int = 1) -> None:
        """From the `nth` call of `function` from now on (of any where it is empty), for so many, go wrong."""
        place = FUNCTIONS.index(function) if function else _ANY
        rule = _RULE.pack(place, fault.kind, fault.after, nth, times, fault.value, 0)
        start = _RULES_AT + self._next * _RULE.size
        self._shared[start : start + _RULE.size] = rule
        self._next += 1

    def behave(self) -> None:
        """Forget every order."""
        self._shared[_RULES_AT:] = bytes(RULES * _RULE.size)
        self._next = 0

    def delay(self, milliseconds: int) -> None:
        """Let every call take so much longer."""
        _COUNTER.pack_into(self._shared, 0, milliseconds)

    def show(self, flags: int) -> None:
        """Let the token show these flags besides its own."""
        _COUNTER.pack_into(self._shared, _FLAGS_AT, flags)

    def enter(self, pin: bytes) -> None:
        """What people enter at the token's own pad whenever it asks."""
        self._shared[_PAD_AT:_CALLS_AT] = pin.ljust(_PAD, b"\0")

    def count(self, function: str = "") -> int:
        """How often `function`, or any, was called so far."""
        names = [function] if function else FUNCTIONS
        places = (_CALLS_AT + _COUNTER.size * FUNCTIONS.index(name) for name in names)
        return sum(int(_COUNTER.unpack_from(self._shared, place)[0]) for place in places)

    def close(self) -> None:
        """Let go of the file."""
        self._shared.close()


@contextmanager
def hostile(folder: Path, *, real: str = MODULE) -> Iterator[Hostile]:
    """A hostile module whose orders lie in `folder`."""
    control = Hostile(folder / "hostile.orders", real=real)
    try:
        yield control
    finally:
        control.close()
