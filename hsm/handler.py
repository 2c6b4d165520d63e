"""The key service of one register without its socket: one table of requests, and what goes on behind them.

Every request ends within `deadline`, whatever the tokens do, so that the register hears from us before its own
patience ends. The fake of tests is this same handler over tokens in memory.
"""

import asyncio
import os
from collections.abc import Callable, Sequence

import msgspec

from daemon.errors import JukuraError, StateError
from daemon.tasks import Tasks
from hsm.acts.keys import KeyActs
from hsm.acts.log import LogActs
from hsm.acts.proposals import ProposalActs
from hsm.acts.status import StatusActs
from hsm.acts.table import Table
from hsm.carrying import Carrier
from hsm.enrolment import Enrolment
from hsm.mirror import Mirror
from hsm.protocol import (
    Answer,
    CancelProposal,
    CarryOut,
    DestroyLawful,
    Make,
    Ping,
    Pong,
    Refused,
    Request,
    SignProposal,
    TokenInfo,
    Unwrap,
)
from hsm.retirement import Retirement
from hsm.upkeep import Upkeep
from hsm.vault import Vault

LASTING = frozenset(
    {
        "hsm.mechanism_missing",
        "hsm.pin_final_try",
        "hsm.pin_locked",
        "hsm.pin_wrong",
        "hsm.token_foreign",
        "hsm.token_refuses",
    }
)
"""States that do not pass by waiting: someone has to act."""

_END = 2.0  # seconds, for what goes on behind the requests to stop


class Handler:
    """Answers for one register. `clear_pin` forgets that a token, by label, refused its PIN."""

    requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)

    def __init__(
        self,
        register: str,
        vault: Vault,
        at_rest: Callable[[Sequence[TokenInfo]], str],
        *,
        clear_pin: Callable[[str], None] = lambda _: None,
        modules: frozenset[str] | None = None,
        deadline: float = 9.0,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        mirror = Mirror(vault)
        self._vault = vault
        self._deadline = deadline
        self._retirement = Retirement(vault)
        enrolment = Enrolment(vault, mirror, self._retirement)
        self.upkeep = Upkeep(vault, mirror)
        self._tasks = Tasks()
        carrier = Carrier(vault, enrolment, self._retirement, clear_pin)
        self.table: Table = {
            **StatusActs(register, vault, at_rest).table,
            **KeyActs(register, vault).table,
            **LogActs(register, vault).table,
            **ProposalActs(register, vault, enrolment, carrier, modules=modules, entropy=entropy).table,
        }

    async def start(self) -> str:
        """Begin what goes on behind the requests; the state in a word, for the log."""
        self._tasks.start(self.upkeep.run(), name="upkeep")
        pong = await self.answer(Ping())
        return "open" if isinstance(pong, Pong) and pong.token else "token away"

    async def answer(self, request: Request, uid: int | str = "") -> Answer:
        """The answer to `request`; an error of ours becomes Refused."""
        try:
            async with asyncio.timeout(self._deadline):
                return await self.table[type(request)](request, str(uid))
        except TimeoutError:
            return Refused(code="hsm.too_slow", away=True)
        except JukuraError as error:
            return refusal(error)

    @staticmethod
    def about(request: Request) -> str | None:
        """Which keys or proposal a request is about, for the log; None for one that is not worth a line."""
        match request:
            case Ping():
                return None
            case Make(names) | Unwrap(names) | DestroyLawful(names):
                return " ".join(names)
            case SignProposal() | CancelProposal() | CarryOut():
                return str(request.id)
            case _:
                return ""

    async def close(self) -> None:
        """Stop what goes on, and let go of tokens and store."""
        await self._tasks.stop(within=_END)
        await self._retirement.close()
        await self._vault.close()


def refusal(error: JukuraError) -> Refused:
    """`error` as an answer; away where waiting may help."""
    away = isinstance(error, StateError) and error.code not in LASTING
    return Refused(code=error.code, field=error.field, away=away)
