"""Pieces of work for the writer, and telling whoever waits for them what became of them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from daemon.store.draft import Draft

T = TypeVar("T")
Work = Callable[[Draft], Awaitable[T]]


@dataclass
class Job:
    """One piece of work, and who waits for it."""

    work: Work[Any]
    done: asyncio.Future[Any]
    ahead: Work[None] | None = None
    """Reads what the work will read, beside others of the group before any of them begins; it changes nothing."""


def tell(done: asyncio.Future[Any], result: object) -> None:
    """Let whoever waits know: a result, or the error it ended with."""
    if done.done():
        return
    if isinstance(result, Exception):
        done.set_exception(result)
    else:
        done.set_result(result)
