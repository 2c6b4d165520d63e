"""The few PKCS#11 functions that python-pkcs11 has no call for, or needs four calls where one does: by ctypes.

They act in the module that python-pkcs11 has loaded and initialised, in the same sessions. A module that gives out
another list at each C_GetFunctionList, as p11-kit's client does, is an application of its own behind each: what needs
no session works there too (`shared` is False). Structures and the order of the function list are those of OASIS
PKCS#11 v2.40 (pkcs11t.h, pkcs11f.h); no callbacks are made.
"""

import ctypes
from ctypes import POINTER, Structure, byref, c_char, c_char_p, c_ubyte, c_ulong, c_void_p, sizeof

from hsm import ckr
from hsm.pkcs.fault import FaultError

_LABEL_SIZE = 32  # bytes, padded with spaces (C_InitToken)
_MOST_LABEL = 512  # bytes
_HANDLES = 256  # in one C_FindObjects
_INDEX = {
    "Initialize": 0, "Finalize": 1, "GetTokenInfo": 6, "InitToken": 9, "CloseAllSessions": 14, "GetAttributeValue": 24, "FindObjectsInit": 26,
    "FindObjects": 27, "FindObjectsFinal": 28,
}  # fmt: skip
"""Places in CK_FUNCTION_LIST, after its version."""
_COUNT = 68  # functions of v2.40
_CKA_LABEL = 0x3
_UNAVAILABLE = c_ulong(-1).value


class _List(Structure):
    _fields_ = (("version", c_ubyte * 2), ("functions", c_void_p * _COUNT))


class _Attribute(Structure):
    _fields_ = (("type", c_ulong), ("value", c_void_p), ("size", c_ulong))


class TokenInfo(Structure):
    """CK_TOKEN_INFO."""

    _fields_ = (
        ("label", c_char * 32), ("manufacturer", c_char * 32), ("model", c_char * 16), ("serial", c_char * 16),
        ("flags", c_ulong), ("sessions", c_ulong * 4), ("max_pin", c_ulong), ("min_pin", c_ulong),
        ("memory", c_ulong * 4), ("versions", c_ubyte * 4), ("time", c_char * 16),
    )  # fmt: skip
    flags: int
    max_pin: int
    min_pin: int

    def text(self, name: str) -> str:
        """A text field without its padding."""
        raw: bytes = getattr(self, name)
        return raw.decode("utf-8", "replace").rstrip()


class Functions:
    """The functions of `module`, which is loaded and initialised already."""

    def __init__(self, module: str) -> None:
        get = ctypes.CDLL(module).C_GetFunctionList
        found, again = POINTER(_List)(), POINTER(_List)()
        self._check(get(byref(found)))
        self._check(get(byref(again)))
        self._list = found.contents
        self.shared = ctypes.addressof(found.contents) == ctypes.addressof(again.contents)
        if not self.shared:
            self._call("Initialize", c_void_p())

    def close(self) -> None:
        """Let go of what is not shared."""
        if not self.shared:
            self._call("Finalize", c_void_p())

    def token_info(self, slot: int) -> TokenInfo:
        """What the token in `slot` says of itself."""
        info = TokenInfo()
        self._call("GetTokenInfo", c_ulong(slot), byref(info))
        return info

    def init_token(self, slot: int, so_pin: bytes, label: str) -> None:
        """Make the token in `slot` new: every object in it is gone. A token that has an SO PIN wants that one."""
        padded = label.encode().ljust(_LABEL_SIZE)
        self._call("InitToken", c_ulong(slot), c_char_p(so_pin), c_ulong(len(so_pin)), c_char_p(padded))

    def close_all_sessions(self, slot: int) -> None:
        """End every session with the token in `slot`, and its login with them."""
        self._call("CloseAllSessions", c_ulong(slot))

    def find(self, session: int, kinds: bytes, attribute: int) -> list[int]:
        """The handles of all objects whose `attribute` has the value `kinds`."""
        value = ctypes.create_string_buffer(kinds, len(kinds))
        template = _Attribute(attribute, ctypes.cast(value, c_void_p), len(kinds))
        self._call("FindObjectsInit", c_ulong(session), byref(template), c_ulong(1))
        handles: list[int] = []
        try:
            some, count = (c_ulong * _HANDLES)(), c_ulong(_HANDLES)
            while count.value:
                self._call("FindObjects", c_ulong(session), some, c_ulong(_HANDLES), byref(count))
                handles += some[: count.value]
        finally:
            self._call("FindObjectsFinal", c_ulong(session))
        return handles

    def label(self, session: int, handle: int) -> str:
        """The CKA_LABEL of one object; of one that has none, or a longer one than ours are, empty."""
        buffer = ctypes.create_string_buffer(_MOST_LABEL)
        wanted = _Attribute(_CKA_LABEL, ctypes.cast(buffer, c_void_p), _MOST_LABEL)
        try:
            self._call("GetAttributeValue", c_ulong(session), c_ulong(handle), byref(wanted), c_ulong(1))
        except FaultError as fault:
            if fault.name in ("ATTRIBUTE_TYPE_INVALID", "BUFFER_TOO_SMALL"):
                return ""
            raise
        size = 0 if wanted.size == _UNAVAILABLE else wanted.size
        return buffer.raw[:size].decode("utf-8", "replace")

    def _call(self, name: str, *arguments: object) -> None:
        address = self._list.functions[_INDEX[name]]
        if not address:
            raise FaultError("FUNCTION_NOT_SUPPORTED")
        self._check(ctypes.CFUNCTYPE(c_ulong)(address)(*arguments))

    @staticmethod
    def _check(result: int) -> None:
        if result != 0:  # CKR_OK
            raise FaultError(ckr.named(result))


UNSIGNED_LONG = sizeof(c_ulong)  # bytes of a CK_ULONG, in which classes and types are given
