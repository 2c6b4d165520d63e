"""Which token: a `pkcs11:` URI (RFC 7512), read strictly.

Only attributes that choose a token are taken. One that names an object, carries a PIN or a place to find one, or
is unknown to us is refused: a criterion that is silently dropped could match the wrong token, and a PIN in a URI
could be read in the process list.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote, unquote_to_bytes

from daemon.errors import InputError, StateError
from hsm.orders import TokenFacts

T = TypeVar("T")

CRITERIA = (
    "token", "manufacturer", "serial", "model", "slot-id", "slot-description", "slot-manufacturer",
    "library-manufacturer", "library-description", "library-version",
)  # fmt: skip
"""The path attributes that choose a token (RFC 7512 §2.3)."""

SHOWN = 5  # tokens named in an error

_PIN = frozenset({"pin-value", "pin-source"})
_FREE = r"A-Za-z0-9\-._~:\[\]@!$'()*+,="  # RFC 7512 §2.3, pk11-res-avail and unreserved
_PATH = re.compile(rf"([a-z0-9_-]+)=((?:[{_FREE}&]|%[0-9A-Fa-f]{{2}})*)", re.ASCII)
_QUERY = re.compile(rf"([a-z0-9_-]+)=((?:[{_FREE}/?|]|%[0-9A-Fa-f]{{2}})*)", re.ASCII)


@dataclass(frozen=True)
class TokenUri:
    """A module, and what the one token in it must look like."""

    module: str
    """Absolute path of the PKCS#11 module."""
    criteria: Mapping[str, str]
    """Attribute of CRITERIA to the value that it must have."""

    @property
    def label(self) -> str:
        """The token's label, or empty where the URI leaves it open."""
        return self.criteria.get("token", "")

    @property
    def text(self) -> str:
        """The URI; `parse` gives this back."""
        path = ";".join(f"{name}={quote(value, safe='')}" for name, value in self.criteria.items())
        return f"pkcs11:{path}?module-path={quote(self.module, safe='/')}"


def parse(text: str) -> TokenUri:
    """`text` as a TokenUri, or an InputError that names the attribute at fault."""
    scheme, _, rest = text.partition(":")
    if scheme != "pkcs11":
        raise InputError("hsm.uri_malformed", field="scheme")
    path, _, query = rest.partition("?")
    criteria, found = _attributes(path, ";", _PATH), _attributes(query, "&", _QUERY)
    for name in (*criteria, *found):
        if name in _PIN:
            raise InputError("hsm.uri_has_pin", field=name)
    for name in (*(criteria.keys() - set(CRITERIA)), *(found.keys() - {"module-path"})):
        raise InputError("hsm.uri_attribute", field=name)
    module = found.get("module-path", "")
    if not module.startswith("/"):
        raise InputError("hsm.uri_module")
    return TokenUri(module, criteria)


def meets(facts: Mapping[str, str], criteria: Mapping[str, str]) -> bool:
    """Whether a token with these `facts` meets every one of `criteria` (RFC 7512 §2.5: all must match)."""
    return all(facts.get(name) == value for name, value in criteria.items())


def exactly_one(matching: Sequence[T], there: str = "") -> T:
    """The only one of `matching`; none and several are both `hsm.token_count`, with the count and what is `there`."""
    if len(matching) != 1:
        found = f"; there: {there}" if there else ""
        raise StateError("hsm.token_count", field=f"matching={len(matching)}{found}")
    return matching[0]


def summary(tokens: Sequence[TokenFacts]) -> str:
    """The tokens that there are, for the operator who looks for one; no more than SHOWN of them."""
    shown = [_shown(token) for token in tokens[:SHOWN]]
    more = [f"{len(tokens) - SHOWN} more"] if len(tokens) > SHOWN else []
    return ", ".join([*shown, *more]) or "none"


def _shown(token: TokenFacts) -> str:
    if not token.initialised:
        return f"slot {token.slot} not initialised"
    pin = "" if token.user_pin_set else ", no PIN"
    return f"{_printable(token.label)} (serial {_printable(token.serial)}{pin})"


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _attributes(text: str, separator: str, pattern: re.Pattern[str]) -> dict[str, str]:
    """The attributes in `text`; one that stands twice is refused, since only one of the two could be meant."""
    found: dict[str, str] = {}
    for part in text.split(separator) if text else []:
        name, value = _attribute(part, pattern)
        if name in found:
            raise InputError("hsm.uri_malformed", field=name)
        found[name] = value
    return found


def _attribute(text: str, pattern: re.Pattern[str]) -> tuple[str, str]:
    found = pattern.fullmatch(text)
    if not found:
        raise InputError("hsm.uri_malformed")
    try:
        return found[1], unquote_to_bytes(found[2]).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("hsm.uri_malformed", field=found[1]) from None
