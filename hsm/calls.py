"""The calls of the key service, over any way of asking, and its refusals as errors of ours.

StateError where trying later may help (token away, service not there, too slow), ConflictError and AuthorityError
where it will not; codes are those of the service.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from daemon.errors import (
    AuthenticationError,
    AuthorityError,
    ConflictError,
    InputError,
    IntegrityError,
    JukuraError,
    StateError,
    TooMuchError,
)
from hsm.protocol import (
    Answer,
    KeyInfo,
    Keys,
    ListKeys,
    Made,
    Make,
    Ping,
    Pong,
    Refused,
    Request,
    SignCheckpoint,
    Signed,
    Unwrap,
    Unwrapped,
    Witness,
    Witnessed,
)

A = TypeVar("A", bound=msgspec.Struct)

BATCH = 8  # names in one request, so that a token that takes 200 ms a call still answers within the deadline

KINDS: dict[str, type[JukuraError]] = {
    "caller.refused": AuthenticationError,
    "hsm.checkpoint_inconsistent": ConflictError,
    "hsm.checkpoint_malformed": InputError,
    "hsm.epoch_unknown": ConflictError,
    "hsm.frame_cut": InputError,
    "hsm.frame_too_long": TooMuchError,
    "hsm.key_destroyed": ConflictError,
    "hsm.key_extractable": IntegrityError,
    "hsm.key_unknown": ConflictError,
    "hsm.name_unknown": InputError,
    "hsm.pin_wrong": StateError,
    "hsm.request_malformed": InputError,
    "hsm.signature_false": IntegrityError,
    "hsm.token_foreign": StateError,
    "hsm.too_many_names": TooMuchError,
    "hsm.wrapped_damaged": IntegrityError,
}
"""The error of each refusal that is not `away`; any other is an AuthorityError: denied."""


class Calls(ABC):
    """The calls of `KeyService` over any way of asking."""

    @abstractmethod
    async def _ask(self, request: Request) -> Answer:
        """The service's answer to `request`."""

    async def ping(self) -> Pong:
        return _expected(await self._ask(Ping()), Pong)

    async def make(self, names: Sequence[str]) -> list[str]:
        made: list[str] = []
        for some in _batches(names):
            made += _expected(await self._ask(Make(some)), Made).names
        return made

    async def unwrap(self, names: Sequence[str]) -> dict[str, bytes]:
        keys: dict[str, bytes] = {}
        for some in _batches(names):
            keys |= _expected(await self._ask(Unwrap(some)), Unwrapped).keys
        return keys

    async def keys(self) -> list[KeyInfo]:
        return _expected(await self._ask(ListKeys()), Keys).keys

    async def sign_checkpoint(self, request: SignCheckpoint) -> str:
        return _expected(await self._ask(request), Signed).note

    async def witness(self) -> Witnessed:
        return _expected(await self._ask(Witness()), Witnessed)


def _batches(names: Sequence[str]) -> list[list[str]]:
    return [list(names[start : start + BATCH]) for start in range(0, len(names), BATCH)]


def _expected(answer: Answer, kind: type[A]) -> A:
    """`answer`, if it is of the kind asked for; a refusal as an error."""
    if isinstance(answer, kind):
        return answer
    if not isinstance(answer, Refused):
        raise IntegrityError("hsm.answer_malformed")
    error = StateError if answer.away else KINDS.get(answer.code, AuthorityError)
    raise error(answer.code, field=answer.field)
