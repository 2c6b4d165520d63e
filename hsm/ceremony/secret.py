"""Secrets that are wiped after use, as far as Python allows: what the libraries copied on the way is out of reach."""

from collections.abc import Iterable


class Secret:
    """Bytes in a place of their own. Never shows in a repr."""

    def __init__(self, value: bytes) -> None:
        self._value = bytearray(value)

    def __repr__(self) -> str:
        return "Secret(...)"

    def __bool__(self) -> bool:
        return bool(self._value)

    def reveal(self) -> bytes:
        """The bytes; empty once they are wiped."""
        return bytes(self._value)

    def wipe(self) -> None:
        """Overwrite them."""
        self._value[:] = bytes(len(self._value))
        self._value.clear()


def wipe(secrets: Iterable[Secret]) -> None:
    """Overwrite all of them."""
    for secret in secrets:
        secret.wipe()
