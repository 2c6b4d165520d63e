"""What goes back to a peer: JSON or a text, and of a refusal its code with both texts, and when to come back."""

import math

from aiohttp import web

from daemon.contract import codec
from daemon.contract.endpoint import Text
from daemon.contract.messages import problem
from daemon.contract.witnessing import SIZE_TYPE
from daemon.errors import JukuraError, SizeError, TooFastError

STATUS = {
    "peer.unknown_path": 404,
    "peer.wrong_method": 405,
    "peer.compressed": 415,
    "peer.wrong_type": 415,
    "peer.failed": 500,
    "witness.nothing_signed": 404,
    "witness.old_unknown": 404,
    "witness.checkpoint_unknown": 404,
    "witness.time_too_early": 422,
    "witness.time_too_late": 422,
}
"""Where HTTP has a number of its own for it."""
AFTER = {"state.stopped": 60, "state.planned_stop": 60, "state.disk_notices": 60, "state.untrusted": 600}
"""Seconds after which to come back; `SOON` of whatever else passes by itself."""
SOON = 5
UNAVAILABLE = 503


def answer(status: int, message: object) -> web.Response:
    """`message` as JSON, or as the text that it is."""
    if isinstance(message, Text):
        return web.Response(status=status, text=message.text, content_type="text/plain")
    return web.Response(status=status, body=codec.encode(message), content_type="application/json")


def refused(error: JukuraError) -> web.Response:
    """`error` as it is told to a peer."""
    if isinstance(error, SizeError):
        return web.Response(status=error.status, text=f"{error.size}\n", content_type=SIZE_TYPE)
    response = answer(STATUS.get(error.code, error.status), problem(error))
    if isinstance(error, TooFastError):
        response.headers["Retry-After"] = str(max(1, math.ceil(error.after)))
    elif error.status == UNAVAILABLE:
        response.headers["Retry-After"] = str(AFTER.get(error.code, SOON))
    return response
