"""One token: found, logged in to, and used. Not for two threads."""

from collections.abc import Mapping
from contextlib import suppress

import pkcs11
from pkcs11.types import PROTECTED_AUTH

from daemon.errors import JukuraError, StateError
from hsm.mechanisms import negotiate
from hsm.orders import Opened, TokenFacts
from hsm.pkcs import signing
from hsm.pkcs.fault import FaultError, edge
from hsm.pkcs.library import Entry, Library, mechanisms, present_in
from hsm.pkcs.objects import Objects
from hsm.protocol import SignatureKind


class Device:
    """The one usable token of `module` that meets `criteria`. The module is loaded afresh."""

    def __init__(self, module: str, criteria: Mapping[str, str]) -> None:
        self._module = module
        self._criteria = criteria
        self._library = Library(module)
        self._entry = self._usable_one()
        self._objects: Objects | None = None
        self._kind: SignatureKind | None = None

    @property
    def facts(self) -> TokenFacts:
        """What the token said of itself when it was found."""
        return self._entry.facts

    @property
    def objects(self) -> Objects:
        """What lies in it; `hsm.token_away` before the login."""
        if self._objects is None:
            raise StateError("hsm.token_away", field="login")
        return self._objects

    @property
    def kind(self) -> SignatureKind:
        """How its pairs sign; `hsm.token_away` before the login."""
        if self._kind is None:
            raise StateError("hsm.token_away", field="login")
        return self._kind

    def login(self, pin: bytes) -> Opened:
        """Log in with `pin`; without one where the token asks for it at its own pad. Tried once, whatever comes."""
        slot, facts = self._entry.slot, self.facts
        offered = mechanisms(slot)
        negotiate(offered)  # before the PIN is shown to a token that could not serve
        session = _login(self._library, present_in(slot, facts.serial), pin, protected=facts.protected_path)
        objects = Objects(session, self._library.functions)
        there = signing.present(objects)
        self._kind, self._objects = negotiate(offered, there[0] if there else None), objects
        return Opened(
            serial=facts.serial,
            label=facts.label,
            model=facts.model,
            signature=self._kind,
            min_pin=facts.min_pin,
            max_pin=facts.max_pin,
        )

    def login_again(self, pin: bytes) -> None:
        """A new session in the place of the one that was lost."""
        if self._objects is not None:
            with suppress(FaultError), edge():
                self._objects.session.close()
        self._objects = None
        self.login(pin)

    def reinitialise(self) -> None:
        """C_Finalize, C_Initialize, and the same token found again; not logged in to."""
        serial, self._objects = self.facts.serial, None
        with suppress(FaultError):
            self._library.close()
        self._library = Library(self._module)
        self._entry = self._usable_one()
        if self.facts.serial != serial:
            raise StateError("hsm.token_foreign")

    def _usable_one(self) -> Entry:
        try:
            return self._library.only(self._criteria, lambda entry: entry.usable)
        except JukuraError:
            with suppress(FaultError):
                self._library.close()
            raise

    def check(self) -> None:
        """Raise unless the token still answers, and is the same."""
        present_in(self._entry.slot, self.facts.serial)

    def close(self) -> None:
        """Log out and let go of the module."""
        with suppress(FaultError):
            self._library.functions.close_all_sessions(self._entry.slot.slot_id)
        self._library.close()


def _login(library: Library, token: pkcs11.Token, pin: bytes, *, protected: bool) -> pkcs11.Session:
    """A session of its own: what an earlier one left behind must not count as logged in."""
    with suppress(FaultError):
        library.functions.close_all_sessions(token.slot.slot_id)
    with edge(login=True):
        return token.open(rw=True, user_pin=PROTECTED_AUTH if protected else pin.decode("utf-8"))
