"""Tokens seen and made ready: what is in the slots, C_InitToken, C_InitPIN.

A token is made in three steps, each of which can be the last before an interruption: its label and SO PIN (C_InitToken),
a new SO PIN where its maker's must go first, the user PIN (C_InitPIN). Done again with the same PINs, what is there
is carried on; a token that has other PINs is left as it is.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pkcs11

from daemon.errors import ConflictError, StateError
from hsm.orders import Create, Initialise, TokenFacts
from hsm.pkcs.fault import FaultError, edge
from hsm.pkcs.library import Entry, Library

_SO_PIN_BYTES = 16


def survey(module: str) -> list[TokenFacts]:
    """Every token in the module's slots."""
    with _library(module) as library:
        return [entry.facts for entry in library.entries()]


def initialise(order: Initialise) -> str:
    """Make the token ready; its serial."""
    with _library(order.module) as library:
        entry = library.only(order.criteria, lambda _: True)
        if entry.facts.initialised and entry.facts.label != order.label:
            raise ConflictError("hsm.token_in_use")
        if not entry.facts.initialised:
            library.functions.init_token(
                int(entry.facts.slot), order.factory_so_pin or order.so_pin, order.label
            )
        return _pins(library, _again(library, entry), order)


def create(order: Create) -> bool:
    """Make the SoftHSM token `order.label`; whether it is new.

    The SO PIN is random and kept nowhere: nobody can ever reset the user PIN of this token.
    """
    if not order.label:
        raise StateError("hsm.token_not_made", field="token")
    with _library(order.module) as library:
        there = library.entries()
        if any(each.usable and each.facts.label == order.label for each in there):
            return False
        # One of that name without a PIN is what an interrupted first start left: nobody knows its SO PIN.
        blank = next((each for each in there if not each.facts.initialised), None)
        if blank is None:
            raise StateError("hsm.token_not_made", field="slot")
        so_pin = secrets.token_hex(_SO_PIN_BYTES).encode()
        library.functions.init_token(int(blank.facts.slot), so_pin, order.label)
        _set_pin(blank.slot.get_token(), so_pin, order.pin)
        return True


@contextmanager
def _library(module: str) -> Iterator[Library]:
    library = Library(module)
    try:
        yield library
    finally:
        with suppress(FaultError):
            library.close()


def _again(library: Library, entry: Entry) -> Entry:
    """The same slot, looked at anew."""
    return library.only({"slot-id": entry.facts.slot}, lambda _: True)


def _pins(library: Library, entry: Entry, order: Initialise) -> str:
    """Set the PINs that are not set yet; where both are, see that they are these."""
    with edge():
        token = entry.slot.get_token()
    if entry.facts.so_pin_default and order.factory_so_pin:
        with _as_so(token, order.factory_so_pin) as session, edge():
            session.set_pin(order.factory_so_pin.decode("utf-8"), order.so_pin.decode("utf-8"))
    if not entry.facts.user_pin_set:
        _set_pin(token, order.so_pin, order.pin)
    else:
        _prove(token, entry.facts, order.pin)
    return _again(library, entry).facts.serial


def _prove(token: pkcs11.Token, facts: TokenFacts, pin: bytes) -> None:
    """Raise unless the token opens with `pin`; its last try is not ours to use up."""
    if facts.locked or facts.final_try:
        raise StateError("hsm.pin_locked" if facts.locked else "hsm.pin_final_try")
    with edge(login=True):
        token.open(rw=True, user_pin=pin.decode("utf-8")).close()


def _set_pin(token: pkcs11.Token, so_pin: bytes, pin: bytes) -> None:
    with _as_so(token, so_pin) as session, edge():
        session.init_pin(pin.decode("utf-8"))


@contextmanager
def _as_so(token: pkcs11.Token, so_pin: bytes) -> Iterator[pkcs11.Session]:
    with edge(login=True):
        session = token.open(rw=True, so_pin=so_pin.decode("utf-8"))
    try:
        yield session
    finally:
        with suppress(FaultError), edge():
            session.close()
