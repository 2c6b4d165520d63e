"""What a request asks: judged by its head before a body is read, then from the query or the body to the endpoint's own type."""

from typing import Any

import msgspec
from aiohttp import web

from daemon.contract import codec
from daemon.contract.endpoint import Endpoint, Text
from daemon.errors import InputError, TooMuchError
from daemon.peers.bodies import Body, Codes
from daemon.peers.desk import Reader


async def message_of(body: Body, endpoint: Endpoint, read: Reader | None) -> object:
    """The request that a body is; InputError where it is none."""
    content = await body.whole()
    if endpoint.request is Text:
        return plain(content)
    return read(content) if read else codec.decode(content, endpoint.request)


def require_head(request: web.BaseRequest, endpoint: Endpoint, codes: Codes) -> None:
    """Raise where the head says that the body will not do, so that it is never read."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise InputError("peer.compressed")
    if endpoint.method == "GET":
        return
    if request.content_type != endpoint.content_type:
        raise InputError(codes.wrong_type)
    if not endpoint.stream and (request.content_length or 0) > codes.most:
        raise TooMuchError(codes.too_large)


def size_of(request: web.BaseRequest, codes: Codes) -> int:
    """The bytes that a body may come to take, by its head."""
    if request.method == "GET":
        return 0
    return codes.most if request.content_length is None else request.content_length


def plain(content: bytes) -> Text:
    """The text that a body is; InputError where it is none."""
    try:
        return Text(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError("peer.not_text") from None


def query(request: web.BaseRequest, endpoint: Endpoint) -> Any:  # noqa: ANN401 - the endpoint's own type
    """The request that stands in the query parameters; InputError that names the one at fault."""
    given = request.rel_url.query
    values = dict(given)
    if len(values) != len(given):
        raise InputError("json.doubled_name")
    into: type[msgspec.Struct] = endpoint.request
    if not values.keys() <= set(into.__struct_encode_fields__):
        raise InputError("peer.unknown_parameter")  # its name is the caller's own, and may be anything
    try:
        return msgspec.convert(values, into, strict=False)
    except msgspec.ValidationError as error:
        raise InputError("json.wrong_shape", field=codec.field_of(error)) from None
