"""Who asked what of the keys, and how it ended: each request is an entry, and so is each refusal."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.commands.caller import Caller, Right
from daemon.errors import JukuraError
from daemon.store.writer import Writer

T = TypeVar("T")
Figures = Mapping[str, int]


@dataclass(frozen=True)
class Request:
    """One request about keys, as the log knows it. Nothing in `counts` may be personal: it is public."""

    right: Right
    action: Action
    counts: Figures = field(default_factory=dict)
    sealed: Mapping[str, Any] = field(default_factory=dict)


def figures_of(name: str) -> dict[str, int]:
    """A key's name as public figures: `live.3` is {live: 3}, `work.2026-11` is {work: 202611}."""
    kind, _, generation = name.partition(".")
    digits = "".join(char for char in generation if char.isdecimal())
    return {kind: int(digits)} if digits else {}


class KeyLog:
    """Lets a request happen only for those who may, and never without its entry."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def seeing(self, caller: Caller, work: Callable[[], Awaitable[T]]) -> T:
        """Let `caller` look; only a refusal is an entry, since a console looks again every few seconds."""
        try:
            caller.require(Right.KEYS_SEE)
        except JukuraError as error:
            await self._write(caller, Request(Right.KEYS_SEE, Action.KEY_VIEW_REFUSED), {}, error.code)
            raise
        return await work()

    async def asking(
        self,
        caller: Caller,
        request: Request,
        work: Callable[[], Awaitable[T]],
        told: Callable[[T], Figures] = lambda _: {},
    ) -> T:
        """Do `work` for `caller` and write the entry; `told` gives the figures of what came of it."""
        try:
            caller.require(request.right)
            result = await work()
        except JukuraError as error:
            await self._write(caller, request, {}, error.code)
            raise
        await self._write(caller, request, told(result), "")
        return result

    async def _write(self, caller: Caller, request: Request, told: Figures, code: str) -> None:
        act = Act(
            request.action,
            f"operator:{caller.operator}",
            Outcome.REFUSED if code else Outcome.OK,
            terminal=caller.terminal,
            code=code,
            counts={**request.counts, **told},
            sealed=dict(request.sealed),
        )
        await self._writer.log(act)
