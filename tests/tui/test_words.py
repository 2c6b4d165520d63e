import re
import string
from pathlib import Path
from typing import get_args

import pytest

import tui
from daemon.audit.entry import Outcome
from daemon.audit.fields import FIELDS
from daemon.contract.console import Lookup, Match, Reason, Search, State
from daemon.contract.deadlines import Ends
from daemon.contract.disk import Stage
from daemon.contract.exports import DecideExport, ExportPhase, OrderExport
from daemon.contract.keys import Deed
from daemon.contract.messages import texts
from daemon.contract.outbox import AsideState
from daemon.contract.reconciliation import Mode, Traffic
from daemon.contract.reconciliation import Phase as RunPhase
from daemon.contract.reports import ReportKind
from daemon.errors import StateError
from daemon.register.admission import Why
from daemon.register.reconcile import COMPARED
from daemon.register.reconcile import Kind as Found
from daemon.register.wanted import By
from hsm.ceremony.protocol import Phase
from hsm.protocol import Alarm, SignatureKind
from tui import (
    daily_formats,
    export_formats,
    finding_formats,
    hold_formats,
    key_formats,
    log_formats,
    log_hold_formats,
    post_formats,
    reconciled_formats,
)
from tui.ceremony import Next
from tui.criteria import REQUIRED, SCOPES, TERMS
from tui.output import HITS
from tui.screens import export_order, log_holds
from tui.widgets.hits import COLUMNS
from tui.widgets.log_form import ROWS
from tui.words import Lang, Words, choose, language, tables

CODE = [file.read_text("utf-8") for file in Path(tui.__path__[0]).rglob("*.py")]
# What the code looks up by a value: the group, and the values that can come.
BY_VALUE = {
    "state": [*State, "unknown", "away"],
    "state_means": list(State),
    "reason": list(Reason),
    "reason_means": list(Reason),
    "at_rest": ["protected", "unprotected"],
    "disk": list(Stage),
    "run_mode": list(Mode),
    "run_phase": list(RunPhase),
    "finding": [*Found, "records"],
    "traffic": list(Traffic.__struct_fields__),
    "item": sorted({name for names in COMPARED.values() for name in names}),
    "reconciliation": [
        *reconciled_formats.COLUMNS,
        *reconciled_formats.LINES,
        *reconciled_formats.RESULT,
        *finding_formats.COLUMNS,
    ],
    "log": [
        *log_formats.COLUMNS,
        *log_formats.DETAIL,
        *log_formats.STATISTICS,
        *(name for names in ROWS for name in names),
        *(f"{name}_hint" for names in ROWS for name in names if name not in ("action", "outcome")),
        *(f"need_{name}" for name in ("purpose", "application")),
    ],
    "log_outcome": list(Outcome),
    "pending": [*Why, "entry", "more"],
    "hold_why": list(Why),
    "holds": [*hold_formats.COLUMNS, "reference", "notice"],
    "log_hold": [
        *log_hold_formats.COLUMNS,
        *(
            f"{word}{part}"
            for word in log_holds.FIELDS
            for word, part in ((word, "_hint"), (f"need_{word}", ""))
        ),
        "reason",
    ],
    "message_state": list(AsideState),
    "outbox": [*post_formats.ASIDE_COLUMNS, "waiting", "oldest", "next_try", "failures", "again", "aside"],
    "report_kind": list(ReportKind),
    "report": [*post_formats.REPORT_COLUMNS, *post_formats.REPORT_LIST],
    "boundary": [
        *hold_formats.BOUNDARY_COLUMNS,
        *(f"{name}_hint" for name in hold_formats.BOUNDARY_FIELDS),
    ],
    "exports": [
        *export_formats.COLUMNS,
        *export_formats.OPENINGS,
        *(name for names in export_order.ROWS for name in names),
        *(f"{name}_hint" for names in export_order.ROWS for name in names if name != "act"),
        *(f"need_{name}" for name in ("act", "basis")),
        *(f"{word}{part}" for word in ("approve", "decline") for part in ("", "_title", "_means")),
        *OrderExport.__struct_fields__,
        *DecideExport.__struct_fields__[::2],
        "file",
        "to",
    ],
    "export_phase": list(ExportPhase),
    "export_next": list(ExportPhase),
    "export_here": list(ExportPhase),
    "sealed": sorted(name for fields in FIELDS.values() for name in fields.sealed),
    "log_duty": [
        "duty",
        "what",
        *(f"{name}{part}" for name in ("exports", "log_holds", "daily") for part in ("", "_means")),
    ],
    "daily": [*daily_formats.CHECKPOINTS, *daily_formats.KEYS, *daily_formats.LOOKED_AT],
    "standing": ["present", "out", "dead", "gone", "abroad", "struck"],
    "search": [word for scopes in SCOPES.values() for _, word in scopes]
    + [f"need_{field}" for field in (*REQUIRED, TERMS[0])]
    + [
        field
        for field in {*Search.__struct_fields__, *Lookup.__struct_fields__}
        if not field.endswith("_match")
    ]
    + [
        f"{field}_hint"
        for field in ("purpose", "application", "kana", "name", "birth", "address", "town", "as_of")
    ]
    + ["municipality_fuhyo", "address_fuhyo", "address_hint_fuhyo", "former_no", "former_yes"]
    + list(Match),
    "hit": [*HITS, *COLUMNS, "serial", "by"],
    "by": list(By),
    "sign_in": ["need_operator", "need_password"],
    "sex": ["1", "2", "0", "9"],
    "alarm": [*Alarm, "more"],
    "alarm_means": list(Alarm),
    "deed": [str(deed.__struct_config__.tag) for deed in get_args(Deed)],
    "signature": list(SignatureKind),
    "keycolumn": list(key_formats.KEY_COLUMNS),
    "proposal": [*key_formats.PROPOSAL_COLUMNS, "id"],
    "token": [*key_formats.TOKEN_COLUMNS, "uri"],
    "keys": ["days", "hours", "minutes", "seconds"],
    "confirm": [
        f"{what}{part}"
        for what in ("rotate", "destroy", "retire", "pin")
        for part in ("", "_title", "_means")
    ]
    + ["seal_means"],
    "ends": list(Ends),
    "service": [f"{what}_{part}" for what in ("stop", "resume") for part in ("title", "means", "go")],
    "ceremony": [
        *(f"{word}_{phase}" for word in ("phase", "means") for phase in Phase),
        *(f"next_{step.value}" for step in Next),
        *(f"begin_{kind}{part}" for kind in ("dry", "real") for part in ("", "_means")),
        *(f"{what}_{part}" for what in ("initialise", "abandon") for part in ("title", "go")),
        *(f"{what}_{kind}_means" for what in ("initialise", "abandon") for kind in ("dry", "real")),
        *(part for name in ("uri", "label", "threshold", "holders") for part in (name, f"need_{name}")),
    ],
    "card": [
        "custodian",
        "uri",
        "pin",
        "sign_title",
        "cancel_title",
        "need_custodian",
        "need_uri",
        "need_pin",
    ],
}


def flat(lang: Lang) -> dict[str, str]:
    return {f"{group}.{name}": text for group, words in tables(lang).items() for name, text in words.items()}


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_and_holes() -> None:
    japanese, english = flat(Lang.JA), flat(Lang.EN)
    assert japanese.keys() == english.keys()
    assert {key: holes(text) for key, text in japanese.items()} == {
        key: holes(text) for key, text in english.items()
    }


def test_every_word_but_a_unit_says_something() -> None:
    for lang in Lang:
        empty = {key for key, text in flat(lang).items() if not text.strip()}
        assert all(key.startswith("unit.") for key in empty)


def test_every_key_that_the_code_names_exists() -> None:
    named = {key for code in CODE for key in re.findall(r"""say\(\s*f?["']([a-z_]+\.[a-z_]+)["']""", code)}
    assert len(named) > 50
    assert named <= flat(Lang.JA).keys()


def test_every_key_is_used() -> None:
    code = "\n".join(CODE)
    whole = {"register", "municipality", "event_honnin", "event_fuhyo", "unit", "key", "cli"}
    by_value = {f"{group}.{value}" for group, values in BY_VALUE.items() for value in values}
    asked = {key for key in flat(Lang.JA) if key.split(".")[0] not in whole} - by_value
    assert [key for key in sorted(asked) if not re.search(rf"\b{key.split('.')[1]}\b", code)] == []


@pytest.mark.parametrize("group", BY_VALUE)
def test_every_value_has_a_word(group: str) -> None:
    for lang in Lang:
        assert set(BY_VALUE[group]) <= tables(lang)[group].keys()


def test_every_kind_of_finding_is_shown() -> None:
    assert set(reconciled_formats.FINDINGS) == set(Found)


def test_every_key_binding_has_a_word() -> None:
    bound = {name for code in CODE for name in re.findall(r'Binding\("[^"]+", f?"[^"]+", "(\w+)"', code)}
    assert bound
    assert bound <= tables(Lang.JA)["key"].keys()


def test_every_help_text_has_words() -> None:
    helps = {name for code in CODE for name in re.findall(r'help="(\w+)"', code)}
    assert "operator" in helps
    assert helps <= tables(Lang.JA)["cli"].keys()


def test_every_code_that_the_console_raises_has_its_text() -> None:
    raised = {code for text in CODE for code in re.findall(r'"(console\.[a-z_]+)"', text)} - {
        "console.tcss",
        "console.sock",
    }
    assert "console.unreachable" in raised
    assert raised <= texts().keys()


def test_an_unknown_value_is_shown_as_it_is() -> None:
    assert Words(Lang.JA).of("event_honnin", "99") == "99"


def test_an_error_speaks_the_language_of_the_screen() -> None:
    error = StateError("console.unreachable")
    assert "接続できません" in Words(Lang.JA).error(error)
    assert "cannot be reached" in Words(Lang.EN).error(error)


@pytest.mark.parametrize(
    ("environ", "lang"),
    [
        ({}, Lang.JA),
        ({"LANG": "C.UTF-8"}, Lang.JA),
        ({"LANG": "ja_JP.UTF-8"}, Lang.JA),
        ({"LANG": "en_GB.UTF-8"}, Lang.EN),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "en_US"}, Lang.EN),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ja_JP"}, Lang.JA),
        ({"LANG": "en_US.UTF-8", "LC_ALL": ""}, Lang.EN),
    ],
)
def test_the_locale_chooses_the_language(environ: dict[str, str], lang: Lang) -> None:
    assert choose(environ) is lang


@pytest.mark.parametrize(
    ("arguments", "lang"),
    [
        (["status", "--lang", "en"], Lang.EN),
        (["--lang=en", "status"], Lang.EN),
        (["status", "--lang"], Lang.JA),
        (["status", "--lang", "fr"], Lang.JA),
        (["search", "en"], Lang.JA),
    ],
)
def test_the_option_chooses_the_language(arguments: list[str], lang: Lang) -> None:
    assert language(arguments, {"LANG": "ja_JP.UTF-8"}) is lang
