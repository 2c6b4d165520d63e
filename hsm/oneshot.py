"""A worker for one errand: a few orders, one after the other, and it ends. Nothing in it is tried twice."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from daemon.errors import StateError
from hsm.orders import Order
from hsm.process import R, Worker, spawn

_END = 2.0  # seconds, for a worker to log out by itself


class Errand:
    """A worker while it runs."""

    def __init__(self, worker: Worker, deadline: float) -> None:
        self._worker = worker
        self._deadline = deadline

    async def ask(self, order: Order, reply: type[R]) -> R:
        """The `reply` to `order`; a refusal as an error, `hsm.too_slow` past the deadline."""
        try:
            return await self._worker.call(order, reply, within=self._deadline)
        except TimeoutError:
            self._worker.kill()
            raise StateError("hsm.too_slow") from None


@asynccontextmanager
async def errand(
    command: Sequence[str], environ: Mapping[str, str], *, deadline: float
) -> AsyncIterator[Errand]:
    """Start a worker, and let it end whatever happens."""
    worker = await spawn(command, environ)
    try:
        yield Errand(worker, deadline)
    except BaseException:
        worker.kill()
        raise
    finally:
        await worker.end(within=_END)
