"""The interface for municipalities as an OpenAPI 3.1 document, made from the typed contract alone. Pure.

The document is for their programmers; nothing serves it. `docs/openapi/peer.json` is its one copy, and a test compares.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from daemon.contract.endpoint import Empty, Endpoint, Problem, Text
from daemon.contract.peer import MAX_NOTICES, NOTICES, FuhyoNotice, HonninNotice
from daemon.contract.witnessing import SIZE_TYPE, WITNESS_ENDPOINTS

REF = "#/components/schemas/{name}"
RETRY = {"Retry-After": {"description": "Seconds after which to come back.", "schema": {"type": "integer"}}}
REFUSALS = {
    400: "The message breaks a rule of form.",
    401: "The certificate names no municipality.",
    403: "The municipality may not do this.",
    404: "There is no such path, or no such checkpoint.",
    405: "The path does not take this method.",
    409: "What the register holds forbids it.",
    413: "Too large, or too many.",
    415: "Not the Content-Type named here, or compressed.",
    422: "What it says cannot be.",
    429: "Too many or too large requests, or too many at once, of this municipality or of all.",
    500: "Something failed inside.",
    503: "Sealed or stopped: nothing was taken.",
}
COMING_BACK = frozenset({429, 503})
PLAIN = {"text/plain": {"schema": {"type": "string"}}}
SIZED = {SIZE_TYPE: {"schema": {"type": "string", "pattern": r"^(0|[1-9][0-9]*)\n$"}}}


class Batch(Struct, frozen=True, forbid_unknown_fields=True):
    """Notices of one register, honnin or fuhyo. One that is refused does not stop its neighbours."""

    notices: list[HonninNotice] | list[FuhyoNotice]


BODIES: Mapping[Endpoint, Any] = {NOTICES: Batch}
"""Where the server reads a body in parts, and its type therefore says less than is asked for."""


def document(endpoints: Sequence[Endpoint], title: str, version: str) -> dict[str, Any]:
    """The whole document, as plain values."""
    types = [kind for each in endpoints for kind in (_body(each), each.response)]
    # A batch is told in words of its own below: a list of one kind or a list of the other is no schema of msgspec's.
    named = [HonninNotice, FuhyoNotice, Problem, *(kind for kind in types if kind not in {Batch, Text})]
    schemas, components = msgspec.json.schema_components(_unique(named), ref_template=REF)
    by_type = dict(zip(map(id, _unique(named)), schemas, strict=True))
    components["NoticeBatch"] = _batch()
    by_type[id(Batch)] = {"$ref": REF.format(name="NoticeBatch")}
    paths: dict[str, Any] = {}
    for each in endpoints:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, by_type, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": (__doc__ or "").split("\n")[0]},
        "security": [{"certificate": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "responses": {str(status): _refusal(status, words) for status, words in REFUSALS.items()},
            "securitySchemes": {
                "certificate": {
                    "type": "mutualTLS",
                    "description": "TLS 1.3; the client certificate has one SAN URI "
                    "`urn:jukura:municipality:<5 digits>`.",
                }
            },
        },
    }


def _operation(
    endpoint: Endpoint, by_type: Mapping[int, Any], components: Mapping[str, Any]
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.method.lower()}{endpoint.path.replace('/', '_').replace('-', '_')}",
        "responses": {
            "200": {
                "description": (endpoint.response.__doc__ or "").split("\n")[0],
                "content": PLAIN
                if endpoint.response is Text
                else {"application/json": {"schema": by_type[id(endpoint.response)]}},
            },
            **{str(status): {"$ref": f"#/components/responses/{status}"} for status in REFUSALS},
        },
    }
    if endpoint in WITNESS_ENDPOINTS:
        operation["responses"]["409"] = {"description": "The size that counts.", "content": SIZED}
    if endpoint.method == "GET":
        if endpoint.request is not Empty:
            operation["parameters"] = _parameters(components[endpoint.request.__name__])
        return operation
    if endpoint.request is Text:
        return operation | {"requestBody": {"required": True, "content": PLAIN}}
    schema = by_type[id(_body(endpoint))]
    if endpoint.stream:
        # A line each; OpenAPI 3.1 has no word for that, so the schema is of one line.
        content = {"application/x-ndjson": {"schema": {"type": "string"}, "x-line": schema}}
    else:
        content = {"application/json": {"schema": schema}}
    return operation | {"requestBody": {"required": True, "content": content}}


def _parameters(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": field}
        for name, field in schema["properties"].items()
    ]


def _batch() -> dict[str, Any]:
    kinds = [{"$ref": REF.format(name=kind.__name__)} for kind in (HonninNotice, FuhyoNotice)]
    return {
        "title": "NoticeBatch",
        "description": Batch.__doc__,
        "type": "object",
        "properties": {
            "notices": {
                "type": "array",
                "items": {"anyOf": kinds},
                "minItems": 1,
                "maxItems": MAX_NOTICES,
            }
        },
        "required": ["notices"],
        "additionalProperties": False,
    }


def _refusal(status: int, words: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": words,
        "content": {"application/json": {"schema": {"$ref": REF.format(name="Problem")}}},
    }
    return answer | ({"headers": RETRY} if status in COMING_BACK else {})


def _body(endpoint: Endpoint) -> Any:  # noqa: ANN401 - a type
    return BODIES.get(endpoint, endpoint.request)


def _unique(types: Sequence[Any]) -> list[Any]:
    return list(dict.fromkeys(types))


def written(endpoints: Sequence[Endpoint], version: str) -> str:
    """The document as it stands in `docs/openapi/peer.json`."""
    whole = document(endpoints, "住蔵: 市町村CSとの通信 (Jukura, interface for municipalities)", version)
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
