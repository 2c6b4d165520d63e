"""A module that is loaded and initialised, and the tokens in its slots."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import pkcs11
from pkcs11 import TokenFlag

from daemon.errors import StateError
from hsm.orders import TokenFacts
from hsm.pkcs.fault import FaultError, edge
from hsm.pkcs.functions import Functions, TokenInfo
from hsm.uri import exactly_one, meets, summary

_NOT_THERE = frozenset({"TOKEN_NOT_PRESENT", "TOKEN_NOT_RECOGNIZED"})


@dataclass(frozen=True)
class Entry:
    """A token in a slot."""

    slot: pkcs11.Slot
    facts: TokenFacts
    attributes: Mapping[str, str]
    """Its attributes of RFC 7512 §2.3, as `hsm.uri.CRITERIA` names them."""

    @property
    def usable(self) -> bool:
        """Whether one can log in to it: a first start that was interrupted leaves others behind."""
        return self.facts.initialised and self.facts.user_pin_set


class Library:
    """`module`, loaded and initialised afresh, whatever was done with it before."""

    def __init__(self, module: str) -> None:
        with edge():
            pkcs11.unload(module)
            self._library = pkcs11.lib(module)
        self._module = module

    @cached_property
    def functions(self) -> Functions:
        """What python-pkcs11 has no call for."""
        return Functions(self._module)

    def entries(self) -> list[Entry]:
        """Every token, initialised or not. One reader with an unknown card does not hide the others."""
        found = []
        with edge():
            slots = self._library.get_slots(token_present=True)
        for slot in slots:
            try:
                info = self.functions.token_info(slot.slot_id)
            except FaultError as fault:
                if fault.name in _NOT_THERE:
                    continue
                raise
            found.append(Entry(slot, _facts(slot, info), self._attributes(slot, info)))
        return found

    def only(self, criteria: Mapping[str, str], wanted: Callable[[Entry], bool]) -> Entry:
        """The one token that meets `criteria` and is `wanted`; `hsm.token_count` with what there is."""
        there = self.entries()
        matching = [each for each in there if wanted(each) and meets(each.attributes, criteria)]
        return exactly_one(matching, summary([each.facts for each in there]))

    def close(self) -> None:
        """Let go of the module."""
        with suppress(FaultError):
            self.functions.close()
        with edge():
            pkcs11.unload(self._module)

    def _attributes(self, slot: pkcs11.Slot, info: TokenInfo) -> Mapping[str, str]:
        return {
            "token": info.text("label"),
            "manufacturer": info.text("manufacturer"),
            "serial": info.text("serial"),
            "model": info.text("model"),
            "slot-id": str(slot.slot_id),
            "slot-description": slot.slot_description,
            "slot-manufacturer": slot.manufacturer_id,
            "library-manufacturer": self._library.manufacturer_id,
            "library-description": self._library.library_description,
            "library-version": ".".join(str(part) for part in self._library.library_version),
        }


def present_in(slot: pkcs11.Slot, serial: str) -> pkcs11.Token:
    """The token in `slot`, if it still is the one of that serial; `hsm.token_foreign`."""
    with edge():
        token = slot.get_token()
    if token.serial.decode("utf-8", "replace").rstrip() != serial:
        raise StateError("hsm.token_foreign")
    return token


def mechanisms(slot: pkcs11.Slot) -> Sequence[str]:
    """The names of those that the token in `slot` offers, without `CKM_`; a vendor's own are left out."""
    with edge():
        offered: set[pkcs11.Mechanism | int] = {*slot.get_mechanisms()}
    return [each.name for each in offered if isinstance(each, pkcs11.Mechanism)]


def _facts(slot: pkcs11.Slot, info: TokenInfo) -> TokenFacts:
    flags = TokenFlag(info.flags)
    return TokenFacts(
        slot=str(slot.slot_id),
        label=info.text("label"),
        serial=info.text("serial"),
        model=f"{info.text('manufacturer')} {info.text('model')}".strip(),
        initialised=TokenFlag.TOKEN_INITIALIZED in flags,
        user_pin_set=TokenFlag.USER_PIN_INITIALIZED in flags,
        so_pin_default=TokenFlag.SO_PIN_TO_BE_CHANGED in flags,
        final_try=TokenFlag.USER_PIN_FINAL_TRY in flags,
        locked=TokenFlag.USER_PIN_LOCKED in flags,
        protected_path=TokenFlag.PROTECTED_AUTHENTICATION_PATH in flags,
        min_pin=info.min_pin,
        max_pin=info.max_pin,
    )
