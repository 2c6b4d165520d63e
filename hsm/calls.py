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
    CancelProposal,
    CarryOut,
    Deed,
    DestroyLawful,
    Keys,
    ListKeys,
    Made,
    Make,
    Ping,
    Pong,
    Proposal,
    Proposals,
    Propose,
    Proposed,
    Refused,
    Request,
    SignCheckpoint,
    Signed,
    SignManifest,
    SignProposal,
    Statement,
    Statements,
    StatementsAfter,
    Unwrap,
    Unwrapped,
    Witness,
    Witnessed,
)

A = TypeVar("A", bound=msgspec.Struct)

BATCH = 2  # names in one request: made new, one costs a token 14 PKCS#11 calls, and each may take 200 ms

KINDS: dict[str, type[JukuraError]] = {
    "caller.refused": AuthenticationError,
    "hsm.checkpoint_inconsistent": ConflictError,
    "hsm.checkpoint_malformed": InputError,
    "hsm.clock_differs": ConflictError,
    "hsm.custodian_malformed": InputError,
    "hsm.custodian_twice": InputError,
    "hsm.custodians_count": InputError,
    "hsm.epoch_last_differs": ConflictError,
    "hsm.epoch_not_needed": ConflictError,
    "hsm.epoch_unknown": ConflictError,
    "hsm.epoch_unproven": ConflictError,
    "hsm.frame_cut": InputError,
    "hsm.frame_too_long": TooMuchError,
    "hsm.key_destroyed": ConflictError,
    "hsm.key_extractable": IntegrityError,
    "hsm.key_unknown": ConflictError,
    "hsm.manifest_beyond_log": ConflictError,
    "hsm.manifest_malformed": InputError,
    "hsm.manifest_too_large": TooMuchError,
    "hsm.mechanism_missing": StateError,
    "hsm.name_unknown": InputError,
    "hsm.pin_final_try": StateError,
    "hsm.pin_locked": StateError,
    "hsm.pin_wrong": StateError,
    "hsm.proposal_closed": ConflictError,
    "hsm.proposal_unknown": ConflictError,
    "hsm.public_malformed": InputError,
    "hsm.request_malformed": InputError,
    "hsm.selftest_failed": IntegrityError,
    "hsm.signature_false": IntegrityError,
    "hsm.token_enrolled": ConflictError,
    "hsm.token_foreign": StateError,
    "hsm.token_holds_alone": ConflictError,
    "hsm.token_refuses": StateError,
    "hsm.token_retired": ConflictError,
    "hsm.token_unknown": ConflictError,
    "hsm.too_many_generations": TooMuchError,
    "hsm.too_many_names": TooMuchError,
    "hsm.too_many_proposals": TooMuchError,
    "hsm.uri_attribute": InputError,
    "hsm.uri_has_pin": InputError,
    "hsm.uri_malformed": InputError,
    "hsm.uri_module": InputError,
    "hsm.wrapped_damaged": IntegrityError,
    "statement.malformed": InputError,
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

    async def keys(self) -> Keys:
        return _expected(await self._ask(ListKeys()), Keys)

    async def sign_checkpoint(self, request: SignCheckpoint) -> str:
        return _expected(await self._ask(request), Signed).note

    async def sign_manifest(self, request: SignManifest) -> str:
        return _expected(await self._ask(request), Signed).note

    async def witness(self) -> Witnessed:
        return _expected(await self._ask(Witness()), Witnessed)

    async def destroy_lawful(self, names: Sequence[str]) -> list[Statement]:
        found: list[Statement] = []
        for some in _batches(names):
            found += _expected(await self._ask(DestroyLawful(some)), Statements).statements
        return found

    async def statements(self, after: int) -> list[Statement]:
        found: list[Statement] = []
        while True:
            last = found[-1].number if found else after
            more = _expected(await self._ask(StatementsAfter(last)), Statements).statements
            if not more:
                return found
            found += more

    async def propose(self, deed: Deed) -> Proposal:
        return _expected(await self._ask(Propose(deed)), Proposal)

    async def proposals(self) -> Proposed:
        return _expected(await self._ask(Proposals()), Proposed)

    async def sign_proposal(self, ident: str, custodian: str, signature: bytes) -> Proposal:
        return _expected(await self._ask(SignProposal(ident, custodian, signature)), Proposal)

    async def cancel_proposal(self, ident: str, custodian: str, signature: bytes) -> Proposal:
        return _expected(await self._ask(CancelProposal(ident, custodian, signature)), Proposal)

    async def carry_out(self, ident: str) -> Proposal:
        return _expected(await self._ask(CarryOut(ident)), Proposal)


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
