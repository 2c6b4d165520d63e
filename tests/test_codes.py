"""Every error code of what municipalities and the national server meet is provoked by a test: each must be named in one."""

import ast
import re
from functools import cache
from pathlib import Path

from daemon.contract.messages import texts
from tests.test_house import ROOT, literals

FOLDERS = ("commands/notices", "commands/reconciliation", "commands/correspondence", "peers")
MODULES = (
    "commands/halt", "commands/sightings", "commands/stops", "commands/witnesses", "contract/cosignature", "contract/witnessing", "register/reasons", "register/transitions", "register/event_dates",
    "register/number_rules", "register/order", "register/admission", "register/municipalities",
)  # fmt: skip


def sources() -> list[Path]:
    """Where these codes come from."""
    daemon = ROOT / "daemon"
    folders = [file for folder in FOLDERS for file in sorted((daemon / folder).rglob("*.py"))]
    return folders + [daemon / f"{module}.py" for module in MODULES]


@cache
def said() -> tuple[frozenset[str], ...]:
    """Of each test file every string, as patterns and codes are written there."""
    files = sorted((ROOT / "tests").rglob("*.py"))
    return tuple(
        frozenset(text.replace("\\.", ".") for text in literals(ast.parse(file.read_text("utf-8"))))
        for file in files
        if file != Path(__file__)
    )


def named(code: str) -> bool:
    """Whether a test says `code`, or makes it of its area and its name."""
    area, _, name = code.partition(".")
    whole = re.compile(rf"(?<![a-z_.]){re.escape(code)}(?![a-z_.])")
    return any(
        any(whole.search(text) for text in strings) or (f"{area}.*" in strings and name in strings)
        for strings in said()
    )


def test_every_code_is_named_by_a_test() -> None:
    raised = {
        text for file in sources() for text in literals(ast.parse(file.read_text("utf-8"))) if text in texts()
    }
    assert len(raised) > 100
    assert not {code for code in raised if not named(code)}


def test_a_code_that_no_test_provokes_would_be_found() -> None:
    assert not named("notice." + "no_such_code")
