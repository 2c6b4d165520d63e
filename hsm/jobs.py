"""Orders waiting for their turn. A caller that gave up before its turn came is passed over."""

import asyncio
from collections import deque
from dataclasses import dataclass

from daemon.errors import JukuraError
from hsm.orders import Failed, Order, Reply


@dataclass(eq=False)
class Job:
    """An order, and the reply that somebody waits for."""

    order: Order
    answer: asyncio.Future[Reply]

    def tell(self, reply: Reply) -> None:
        """Hand the reply over, if anybody still waits."""
        if not self.answer.done():
            self.answer.set_result(reply)

    def refuse(self, error: JukuraError) -> None:
        """It was not carried out."""
        self.tell(Failed(error.code, error.field))


class Jobs:
    """The queue."""

    def __init__(self) -> None:
        self._waiting: deque[Job] = deque()

    def add(self, order: Order) -> Job:
        """Put `order` at the end."""
        job = Job(order, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        return job

    def next(self) -> Job | None:
        """The first that somebody still waits for."""
        while self._waiting:
            job = self._waiting.popleft()
            if not job.answer.done():
                return job
        return None

    def refuse(self, error: JukuraError) -> None:
        """None of those that wait is carried out."""
        while (job := self.next()) is not None:
            job.refuse(error)
