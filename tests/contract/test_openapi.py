"""The OpenAPI document says what the typed contract says, and nothing else."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.contract.openapi import REFUSALS, document, written
from daemon.contract.peer import ENDPOINTS, MAX_NOTICES

FILE = Path(__file__).parents[2] / "docs" / "openapi" / "peer.json"
WHOLE = document(ENDPOINTS, "t", "1")


def references(value: Any) -> set[str]:
    """Every $ref in `value`."""
    match value:
        case {"$ref": str(target)}:
            return {target}
        case dict():
            return set().union(*map(references, value.values())) if value else set()
        case list():
            return set().union(*map(references, value)) if value else set()
        case _:
            return set()


def test_the_copy_in_the_documents_is_the_contract_of_today() -> None:
    """`make openapi` writes it anew."""
    assert FILE.read_text("utf-8") == written(ENDPOINTS, version("jukura"))


def test_every_reference_leads_somewhere() -> None:
    for target in references(WHOLE):
        at: Any = WHOLE
        for step in target.removeprefix("#/").split("/"):
            at = at[step]


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.path)
def test_each_endpoint_is_there_with_its_body_and_its_refusals(endpoint: Any) -> None:
    operation = WHOLE["paths"][endpoint.path][endpoint.method.lower()]
    assert set(operation["responses"]) == {"200", *map(str, REFUSALS)}
    if endpoint.method == "GET":
        names = {each["name"] for each in operation.get("parameters", ())}
        assert names == set(endpoint.request.__struct_encode_fields__)
    else:
        assert list(operation["requestBody"]["content"]) == [endpoint.content_type]


def test_a_batch_is_told_in_full() -> None:
    schema = WHOLE["components"]["schemas"]
    notices = schema["NoticeBatch"]["properties"]["notices"]
    assert notices["maxItems"] == MAX_NOTICES
    assert {"HonninRecord", "FuhyoRecord"} <= set(schema)
    assert schema["HonninNotice"]["additionalProperties"] is False


def test_it_is_plain_json() -> None:
    assert json.loads(json.dumps(WHOLE)) == WHOLE
    assert msgspec.json.encode(WHOLE)
