"""The objects in a token by their labels, and the proof that each key which we use has never been outside of it."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Protocol, cast

import pkcs11
from pkcs11 import Attribute, ObjectClass
from pkcs11.types import SignMixin

from daemon.errors import IntegrityError, StateError
from hsm.pkcs.fault import edge
from hsm.pkcs.functions import UNSIGNED_LONG, Functions

SECRET, PRIVATE, PUBLIC = ObjectClass.SECRET_KEY, ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY
KEPT_IN: dict[Attribute, bool] = {
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
}
"""How a key is made."""
_PROOF: Mapping[Attribute, bool] = {
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.NEVER_EXTRACTABLE: True,
}
"""What a key must show before its first use: it never was, and is not, outside of the token."""
_SPAN = 1.0  # seconds for one part of the labels


class _Handled(Protocol):
    """What the library's sessions have and its own types do not say."""

    handle: int


def typed(key: pkcs11.Object, key_type: object, label: str) -> SignMixin:
    """`key` as one that signs and knows its type; `hsm.key_not_in_token` where it cannot sign.

    The library asks the token for the type at each use, which is two calls of five; every object has a class of its
    own, so it may as well stand there.
    """
    if not isinstance(key, SignMixin):
        raise StateError("hsm.key_not_in_token", field=label)
    type.__setattr__(type(key), "key_type", key_type)
    return key


class Objects:
    """What one session sees. Keys that were met once are remembered as long as the session lasts."""

    def __init__(self, session: pkcs11.Session, functions: Functions) -> None:
        self.session = session
        self._functions = functions
        self._signers: dict[tuple[ObjectClass, str], SignMixin] = {}
        self._listed: list[int] = []

    def all(self, label: str, kind: ObjectClass | None = None) -> list[pkcs11.Object]:
        """Every object under `label`, or those of one kind; those of the session alone left out."""
        template = {Attribute.LABEL: label, Attribute.TOKEN: True}
        if kind is not None:
            template[Attribute.CLASS] = kind
        with edge():
            return list(self.session.get_objects(template))

    def one(self, kind: ObjectClass, label: str) -> pkcs11.Object:
        """The only one of that kind under `label`; `hsm.key_not_in_token`."""
        return _only(self.all(label, kind), label)

    def known(self, kind: ObjectClass, label: str) -> bool:
        """Whether this key was met in this session."""
        return (kind, label) in self._signers

    def signer(self, kind: ObjectClass, label: str) -> SignMixin:
        """The one secret or private key under `label`, proven unextractable when it is first met."""
        if (kind, label) not in self._signers:
            self.meet(kind, label, self.all(label, kind))
        return self._signers[kind, label]

    def meet(self, kind: ObjectClass, label: str, found: Sequence[pkcs11.Object]) -> None:
        """Take what was found for the one key under `label`, once it is proven unextractable.

        StateError `hsm.key_not_in_token` where it is not one, IntegrityError `hsm.key_extractable`.
        """
        key = _only(found, label)
        with edge():
            shown = key.get_attributes([*_PROOF, Attribute.KEY_TYPE])
        if any(bool(shown.get(attribute, not value)) is not value for attribute, value in _PROOF.items()):
            raise IntegrityError("hsm.key_extractable", field=label)
        self._signers[kind, label] = typed(key, shown.get(Attribute.KEY_TYPE), label)

    def destroy(self, label: str) -> None:
        """Destroy every object under `label`, private keys and secrets first."""
        for kind in (PRIVATE, SECRET):
            self._signers.pop((kind, label), None)
        for key in sorted(self.all(label), key=lambda key: isinstance(key, pkcs11.PublicKey)):
            with edge():
                key.destroy()

    def labels(self, start: int) -> tuple[list[str], int]:
        """Some labels of secrets and private keys, from the `start`th on, and where to go on; 0: there are no more."""
        if not self._functions.shared:
            return self._labels(), 0
        handle, until = cast("_Handled", self.session).handle, time.monotonic() + _SPAN
        if not start:
            kinds = (kind.to_bytes(UNSIGNED_LONG, sys.byteorder) for kind in (PRIVATE, SECRET))
            self._listed = [
                each for kind in kinds for each in self._functions.find(handle, kind, Attribute.CLASS)
            ]
        elif start > len(self._listed):
            raise StateError("hsm.token_away", field="labels")  # the list was another session's
        found: list[str] = []
        for number, each in enumerate(self._listed[start:], start):
            if found and time.monotonic() > until:
                return found, number
            found.append(self._functions.label(handle, each))
        return found, 0

    def _labels(self) -> list[str]:
        """All of them, where the module's functions act in other sessions than ours."""
        with edge():
            return [
                str(each[Attribute.LABEL])
                for kind in (PRIVATE, SECRET)
                for each in self.session.get_objects({Attribute.CLASS: kind, Attribute.TOKEN: True})
            ]


def _only(found: Sequence[pkcs11.Object], label: str) -> pkcs11.Object:
    if len(found) != 1:
        raise StateError("hsm.key_not_in_token", field=label)
    return found[0]
