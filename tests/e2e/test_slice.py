"""The way of a notice, for real: nineteen municipalities, three programs, SoftHSM, mTLS, a kill in the middle.

One run of the appliance (`stagehand`), many looks at what it left.
"""

import collections
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest

from daemon.audit.journal import leaf_of
from daemon.crypto.seal import HEAD, NONCE, class_of
from daemon.register.codes import MUNICIPALITIES
from daemon.register.rows import HonninRecord, Register
from daemon.store.connection import PAGE, connector
from daemon.store.engine import Table
from tests.e2e.scan import Scanner, forms
from tests.e2e.stagehand import CHECKOUT, PEOPLE, Played, play

pytestmark = pytest.mark.timeout(400)

SEALED = (Table.ROWS, Table.NOTICES, Table.OUTBOX, Table.ASIDE, Table.PEOPLE)
FRAME, WAL_HEAD, FRAME_HEAD = 24 + PAGE, 32, 24  # bytes (SQLite file format, 4)


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    # Not below pytest's own folder: that one lets nobody else in, and sockets want short paths.
    root = Path(tempfile.mkdtemp(prefix="jukura-", dir="/tmp"))
    root.chmod(0o755)
    yield play(root)
    shutil.rmtree(root)


@pytest.mark.parametrize("register", Register)
def test_every_notice_was_applied_once_over_a_kill(played: Played, register: Register) -> None:
    sent = played.notices(register)
    assert len({notice.record.municipality for notice in sent}) == len(MUNICIPALITIES)
    assert register is Register.FUHYO or len(sent) == PEOPLE
    assert 0 < played.kills[register] < len(sent)
    assert played.starts[register] == 2
    totals = played.totals[register]
    assert totals.applied + totals.duplicate == len(sent)
    assert not totals.refused
    counts = played.status[register]["counts"]
    assert isinstance(counts, dict)
    assert counts["rows"] == len(sent)
    assert counts["notices_today"] == len(sent)


@pytest.mark.parametrize("register", Register)
def test_the_log_was_time_stamped(played: Played, register: Register) -> None:
    state = played.status[register]["timestamps"]
    assert isinstance(state, dict)
    assert (state["code"], state["overdue"]) == ("", False)
    assert state["size"] > 0
    assert played.status[register]["reasons"] == []


@pytest.mark.parametrize("register", Register)
def test_the_national_server_acknowledged_each_notice_exactly_once(
    played: Played, register: Register
) -> None:
    ledger = played.ledgers[register]
    assert len(ledger) == len(played.notices(register))
    assert {entry.accepted for entry in ledger.values()} == {1}
    assert not any(entry.late for entry in ledger.values())


def test_everybody_is_found_by_the_first_kana_and_the_date_of_birth(played: Played) -> None:
    records = [notice.record for notice in played.notices(Register.HONNIN)]
    assert len(played.answers) == len(records) == PEOPLE
    missed = [
        (question.kana, question.birth, answer["code"])
        for record, question, answer in zip(records, played.questions, played.answers, strict=True)
        if record.name not in answer["names"]  # type: ignore[operator]
    ]
    assert not missed


def test_every_kind_of_question_is_answered_or_refused_by_its_field(played: Played) -> None:
    assert len(played.picked_answers) == len(played.picked) > 100
    wrong = [
        (number, answer["code"], answer["field"])
        for number, (asked, answer) in enumerate(zip(played.picked, played.picked_answers, strict=True))
        if (asked.code, asked.field) != (answer["code"], answer["field"])
        or (asked.name and asked.name not in answer["names"])  # type: ignore[operator]
        or (not asked.name and answer["names"])
    ]
    assert not wrong


def test_the_command_line_finds_them_too(played: Played) -> None:
    assert played.search_cli is not None
    assert played.search_cli.returncode == 0, played.search_cli.stderr
    assert json.loads(played.search_cli.stdout)["hits"]


def exported(played: Played, register: Register) -> list[str]:
    """The lines of every entry."""
    files = sorted((played.root / f"export-{register}").glob("entries-*.jsonl"))
    return [line for file in files for line in file.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("register", Register)
def test_the_exported_log_verifies_and_has_every_act(played: Played, register: Register) -> None:
    run = played.verify[register]
    assert run.returncode == 0, run.stdout + run.stderr
    lines = exported(played, register)
    actions = Counter(json.loads(json.loads(line)["leaf"])["action"] for line in lines)
    assert actions["notice.applied"] == len(played.notices(register))
    assert actions["register.started"] == 2
    if register is Register.HONNIN:
        done = Counter(type(asked.asked).__name__ for asked in played.picked if not asked.code)
        refused = Counter(type(asked.asked).__name__ for asked in played.picked if asked.code)
        assert actions["search.done"] == PEOPLE + 1 + done["Search"]
        assert actions["search.refused"] == refused["Search"]
        assert (actions["lookup.done"], actions["lookup.refused"]) == (done["Lookup"], refused["Lookup"])


@pytest.mark.parametrize("register", Register)
def test_every_entry_of_a_rehearsal_is_as_the_published_schema_says(
    played: Played, register: Register
) -> None:
    schema = json.loads((CHECKOUT / "docs" / "audit" / "entry.schema.json").read_text("utf-8"))
    valid = jsonschema_rs.validator_for(schema)
    lines = exported(played, register)
    leaves = [json.loads(json.loads(line)["leaf"]) for line in lines]
    assert [leaf["action"] for leaf in leaves if not valid.is_valid(leaf)] == []
    assert len({leaf["action"] for leaf in leaves}) > 5


def test_nothing_is_left_running(played: Played) -> None:
    assert played.left_over == []


def secrets(played: Played) -> Iterator[tuple[str, str]]:
    """Everything personal that was sent, and what it is."""
    for register in Register:
        for notice in played.notices(register):
            record = notice.record
            yield record.name, "name"
            yield record.kana, "kana"
            yield record.address, "address"
            yield record.juminhyo_code, "code"
            yield record.birth.code, "birth"
            if isinstance(record, HonninRecord):
                yield record.kojin_bango, "number"
                yield record.former_name, "former name"
            else:
                yield record.last_address, "last address"


def test_no_file_holds_anything_personal_in_any_encoding(played: Played, tmp_path: Path) -> None:
    # What everybody shares is no secret of anybody: 国外転出者 stands for an address.
    needles = {
        needle
        for secret, kind in set(secrets(played))
        if secret and secret != "国外転出者"
        for needle in forms(secret, kind)
    }
    scanner = Scanner(needles)
    files = [file for file in played.root.rglob("*") if file.is_file()]
    assert any(file.name == "register.db" for file in files)
    assert sum(file.stat().st_size for file in files) > 1_000_000
    assert [hit for file in files for hit in scanner.found(file)] == []
    # The same scanner does find each form where there is one.
    for number, needle in enumerate(sorted(needles, key=lambda n: n.form)[::997]):
        planted = tmp_path / str(number)
        planted.write_bytes(b"\x01" * number + b" " + needle.form + b" \x01")
        assert scanner.found(planted)


@pytest.mark.parametrize("register", Register)
@pytest.mark.parametrize("name", ["register.db", "index.db"])
def test_pages_look_like_noise(played: Played, register: Register, name: str) -> None:
    """χ² over the 256 byte values, of the whole file and of every page (255 degrees of freedom, σ ≈ 22.6)."""
    file = played.root / register / "store" / name
    pages = [*_pages(file.read_bytes()), *_wal_pages(file.with_name(name + "-wal"))]
    assert len(pages) > 20
    whole = Counter[int]()
    worst = 0.0
    for page in pages:
        counts = Counter(page)
        whole += counts
        worst = max(worst, chi_square(counts, len(page)))
    assert chi_square(whole, whole.total()) < 255 + 6 * 22.6
    assert worst < 255 + 9 * 22.6
    # A page of plain text would fail by orders of magnitude.
    assert chi_square(Counter(("住民　太郎" * 400).encode()[:PAGE]), PAGE) > 10_000


def chi_square(counts: collections.Counter[int], total: int) -> float:
    expected = total / 256
    return sum((counts.get(value, 0) - expected) ** 2 / expected for value in range(256))


def _pages(content: bytes) -> list[bytes]:
    return [content[start : start + PAGE] for start in range(0, len(content), PAGE)]


def _wal_pages(file: Path) -> list[bytes]:
    content = file.read_bytes()[WAL_HEAD:] if file.exists() else b""
    return [
        content[start + FRAME_HEAD : start + FRAME] for start in range(0, len(content) - FRAME + 1, FRAME)
    ]


@pytest.mark.parametrize("register", Register)
def test_no_nonce_and_no_sealed_value_occurs_twice(played: Played, register: Register) -> None:
    file = played.root / register / "store" / "register.db"
    connection = connector(file, played.store_keys[register], ("query_only = ON",))
    sealed = [value for table in SEALED for (value,) in connection.execute(f"SELECT value FROM {table}")]  # noqa: S608
    sealed += [leaf_of(value)[1] for (value,) in connection.execute(f"SELECT value FROM {Table.LOG}")]  # noqa: S608
    connection.close()
    assert len(sealed) > 2 * len(played.notices(register))
    start = [HEAD + len(class_of(value)) for value in sealed]
    nonces = [(class_of(value), value[at : at + NONCE]) for value, at in zip(sealed, start, strict=True)]
    assert len(set(sealed)) == len(sealed)
    assert len(set(nonces)) == len(nonces)
    assert {name.partition(".")[0] for name, _ in nonces} >= {"live", "log", "secret"}
