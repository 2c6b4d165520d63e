"""A PKCS#11 call that failed, as an error of ours; which CKR it was decides what happens next (`hsm.ckr`)."""

from collections.abc import Iterator
from contextlib import contextmanager

from pkcs11.exceptions import PKCS11Error

from daemon.errors import StateError
from hsm import ckr
from hsm.ckr import Cure


class FaultError(StateError):
    """`name` is the CKR, without its prefix."""

    def __init__(self, name: str, *, login: bool = False) -> None:
        super().__init__(ckr.code(name, login=login), field=f"CKR_{name}")
        self.name = name

    @property
    def cure(self) -> Cure:
        """What it calls for."""
        return ckr.cure(self.name)


@contextmanager
def edge(*, login: bool = False) -> Iterator[None]:
    """Every exception of python-pkcs11 leaves as a FaultError; of a `login` it can tell of the PIN."""
    try:
        yield
    except PKCS11Error as error:
        raise FaultError(ckr.name_of(type(error).__name__, str(error)), login=login) from None
