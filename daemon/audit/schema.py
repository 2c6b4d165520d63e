"""The published schema of an entry's leaf (JSON Schema 2020-12), from the form of `daemon.audit.entry` and the table of fields.

An outsider can tell with it which entries exist and what stands in each; whether they are true `jukura-verify` tells.
"""

import ast
import inspect
import json
from itertools import pairwise
from typing import Any, cast

from daemon.audit import entry
from daemon.audit.action import Action
from daemon.audit.canonical import MAX_INT
from daemon.audit.entry import Outcome
from daemon.audit.fields import FIELDS

ID = "urn:jukura:audit-entry:1"
TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$"


def written() -> str:
    """The document, for docs/."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


def schema() -> dict[str, Any]:
    """The schema of a leaf."""
    known = meanings()
    number = {"type": "integer", "minimum": 0, "maximum": MAX_INT}
    properties = {
        "action": {"enum": [str(action) for action in Action]},
        "actor": _text(entry.IDENTIFIER.pattern),
        "affair": _text(entry.IDENTIFIER.pattern),
        "code": _text(entry.CODE.pattern),
        "commitments": {"type": "object", "additionalProperties": _text(r"[0-9a-f]{64}")},
        "counts": {
            "type": "object",
            "additionalProperties": {"type": "integer", "minimum": 0, "maximum": entry.MAX_COUNT},
        },
        "epoch": number | {"minimum": 1},
        "format": {"const": entry.FORMAT},
        "outcome": {"enum": [str(outcome) for outcome in Outcome]},
        "seq": number,
        "terminal": _text(entry.IDENTIFIER.pattern),
        "time": {"type": "string", "pattern": TIME},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "Jukura: one entry of the audit log",
        "description": "The text of `leaf` in entries.jsonl: canonical JSON (RFC 8785). `counts` are public; each of `commitments` is"
        " SHA-256(0x02 || name || 0x00 || salt || canonical value) of a sealed field.",
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
        "allOf": [_rule(action, known[action]) for action in Action],
    }


def meanings() -> dict[Action, str]:
    """What is written beneath each action where it is defined."""
    lines = cast("ast.ClassDef", ast.parse(inspect.getsource(Action)).body[0]).body
    found: dict[Action, str] = {}
    for named, told in pairwise(lines):
        match named, told:
            case ast.Assign(value=ast.Constant(value=str(name))), ast.Expr(
                value=ast.Constant(value=str(text))
            ):
                found[Action(name)] = " ".join(text.split())
            case _:
                pass
    return found


def _rule(action: Action, meaning: str) -> dict[str, Any]:
    fields = FIELDS[action]
    then = {"properties": {"counts": _names(fields.counts), "commitments": _names(fields.sealed)}}
    return {
        "if": {"properties": {"action": {"const": str(action)}}},
        "then": {"description": meaning, **then},
    }


def _names(names: frozenset[str]) -> dict[str, Any]:
    return {"propertyNames": {"enum": sorted(names)}} if names else {"maxProperties": 0}


def _text(pattern: str) -> dict[str, str]:
    return {"type": "string", "pattern": f"^{pattern}$"}
