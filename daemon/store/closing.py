"""Letting go of what is held, also where something goes wrong, or is given up, on the way."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol


class Closable(Protocol):
    """What has to be closed."""

    async def close(self) -> None:
        """Let go of what is held."""
        ...


async def close_all(*held: Closable) -> None:
    """Close each of `held` in this order, also where one cannot be closed or whoever waits is cancelled; that is raised at the end."""
    async with AsyncExitStack() as last_first:
        for each in reversed(held):
            last_first.push_async_callback(each.close)


@asynccontextmanager
async def closed_on_error(held: Closable) -> AsyncIterator[None]:
    """Close `held` where what is done with it first goes wrong, or is given up."""
    try:
        yield
    except BaseException:
        await held.close()
        raise
