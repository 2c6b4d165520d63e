"""`jukura search` and `jukura lookup` as they are called, over the real socket of a fake register; a few of them as whole processes."""

import re
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from daemon.contract.console import Match, Scope, Search
from tests.tui.calling import FOR, Jukura
from tests.tui.fake_daemon import OPERATOR, FakeDaemon
from tui.words import Lang, tables


def test_a_search_signs_in_asks_and_signs_out(jukura: Jukura, fake: FakeDaemon) -> None:
    ran = jukura("search", "じゅうみん", *FOR, signed=True)
    assert (ran.code, ran.err) == (0, "")
    assert "住民　太郎" in ran.out
    assert "昭和64年1月7日" in ran.out
    assert "2件" in ran.out
    assert [path for path, _ in fake.calls] == ["POST /v1/session", "POST /v1/search", "DELETE /v1/session"]
    assert fake.sessions == set()


TERMS = {
    "--name": "山野", "--birth": "S15.3.3", "--sex": "1", "--municipality": "35203", "--town": "001",
    "--address": "見本町", "--as-of": "R8.4.1",
}  # fmt: skip
WHOLE = Search(
    affair="passport", purpose="旅券の審査", application="R8-1", kana="やまの", kana_match=Match.WHOLE, name="山野",
    name_match=Match.WHOLE, former=True, birth="S15.3.3", sex="1", municipality="35203", town="001", address="見本町",
    scope=Scope.STRUCK, as_of="R8.4.1",
)  # fmt: skip


def test_a_search_sends_what_was_asked(jukura: Jukura, fake: FakeDaemon) -> None:
    given = [word for pair in TERMS.items() for word in pair]
    jukura("search", "やまの", *given, "--whole", "--former", "--struck", *FOR, signed=True)
    assert fake.asked("POST /v1/search") == [WHOLE]


@pytest.mark.usefixtures("fake")
def test_a_hit_by_another_name_says_so(jukura: Jukura) -> None:
    asked = [jukura("search", "--name", name, *FOR, "--former", signed=True) for name in ("住民", "見本")]
    assert [ran.err for ran in asked] == ["", ""]
    plain, earlier = (ran.out for ran in asked)
    assert "住民　太郎" in plain
    assert "以前の氏名" not in plain
    assert "以前の氏名" in earlier


@pytest.mark.parametrize("term", ["--name", "--birth", "--address"])
def test_a_search_needs_no_kana(jukura: Jukura, fake: FakeDaemon, term: str) -> None:
    assert jukura("search", term, "x", *FOR, signed=True).code == 0
    (asked,) = fake.asked("POST /v1/search")
    assert asked.kana == ""
    assert getattr(asked, term.removeprefix("--")) == "x"


def test_terms_out_of_sight_are_read_in_the_order_that_the_help_states(
    program: Jukura, password: Path, fake: FakeDaemon
) -> None:
    who = ("--operator", OPERATOR, "--password-file", str(password))
    hidden = [word for option in reversed(TERMS) for word in (option, "-")]
    lines = "\n".join(("やまの", *TERMS.values()))
    ran = program("search", "-", *hidden, "--whole", "--former", "--struck", *FOR, *who, stdin=lines)
    assert (ran.code, ran.err) == (0, "")
    assert fake.asked("POST /v1/search") == [WHOLE]


@pytest.mark.parametrize("lang", Lang)
def test_the_help_states_that_order(lang: Lang) -> None:
    named = re.findall(r"KANA|--[a-z-]+", tables(lang)["cli"]["search"])
    assert named[-len(TERMS) - 1 :] == ["KANA", *TERMS]


def test_a_line_that_is_missing_is_wrong_usage(program: Jukura, password: Path, fake: FakeDaemon) -> None:
    who = ("--operator", OPERATOR, "--password-file", str(password))
    ran = program("search", "-", "--birth", "-", *FOR, *who, stdin="やまの\n")
    assert ran.code == 2
    assert "console.line_missing [birth]" in ran.err
    assert fake.asked("POST /v1/search") == []


def test_what_is_no_text_names_its_field(jukura: Jukura, fake: FakeDaemon) -> None:
    # What Python makes of bytes in an argument that are no UTF-8.
    ran = jukura("search", "や", "--name", "\udce3\udc81", *FOR, signed=True)
    assert (ran.code, ran.out) == (2, "")
    assert "json.half_character [name]" in ran.err
    assert fake.asked("POST /v1/search") == []


@pytest.mark.parametrize(("item", "key"), [("code", "24727059600"), ("number", "123456789000")])
def test_a_lookup_reads_the_key_from_standard_input(
    program: Jukura, password: Path, fake: FakeDaemon, item: str, key: str
) -> None:
    affair = ("--affair", "tax", *FOR[2:])
    who = ("--operator", OPERATOR, "--password-file", str(password))
    ran = program("lookup", f"--{item}", *affair, *who, "--json", stdin=f" {key} \n")
    assert (ran.code, ran.err) == (0, "")
    assert [hit["name"] for hit in ran.json["hits"]] == ["住民　太郎"]
    (asked,) = fake.asked("POST /v1/lookup")
    assert (asked.affair, asked.purpose, asked.application) == ("tax", "旅券の審査", "R8-1")
    assert {"code": asked.code, "number": asked.number} == {"code": "", "number": ""} | {item: key}


def test_a_lookup_that_finds_nobody_says_so(program: Jukura, password: Path, fake: FakeDaemon) -> None:
    who = ("--operator", OPERATOR, "--password-file", str(password), "--lang", "ja")
    ran = program("lookup", "--code", *FOR, *who, stdin="11111111111\n")
    assert (ran.code, ran.err) == (0, "")
    assert "該当なし" in ran.out
    assert "この番号の人は登録されていません" in ran.out


def test_in_fuhyo_nobody_means_nobody_abroad(
    jukura: Jukura, fuhyo: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There somebody in Japan is not shown: that nobody is registered would not be so."""
    monkeypatch.setenv("JUKURA_STATE", str(fuhyo.socket.parent.parent))
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"11111111111\n")))
    ran = jukura("lookup", "--code", *FOR, signed=True)
    assert (ran.code, ran.err) == (0, "")
    assert "この番号の国外転出者はいません" in ran.out
    assert "登録されていません" not in ran.out


def test_a_lookup_takes_no_key_as_an_argument(jukura: Jukura, fake: FakeDaemon) -> None:
    for given in (("--code", "24727059600"), ("--code=24727059600",), ("--number", "123456789000")):
        assert jukura("lookup", *given, *FOR, signed=True).code == 2
    assert fake.calls == []


def test_a_lookup_without_a_key_is_wrong_usage(program: Jukura, password: Path, fake: FakeDaemon) -> None:
    who = ("--operator", OPERATOR, "--password-file", str(password))
    ran = program("lookup", "--code", *FOR, *who)
    assert ran.code == 2
    assert "console.line_missing [code]" in ran.err
    assert fake.asked("POST /v1/lookup") == []


def test_hits_of_the_past_say_which_version_they_are(jukura: Jukura, fake: FakeDaemon) -> None:
    ran = jukura("search", "じゅうみん", "--as-of", "20200101", *FOR, signed=True)
    assert ran.code == 0
    assert "見本　太郎" in ran.out
    assert "20200101現在" in ran.out
    assert "最新の版とは限りません" in ran.out
    row = next(line for line in ran.out.splitlines() if "見本　太郎" in line)
    assert row.split()[0] == "1"
    assert "最新の版とは限りません" not in jukura("search", "じゅうみん", *FOR, signed=True).out


def test_terms_and_password_may_come_out_of_sight(program: Jukura, password: Path) -> None:
    # As root, the file is opened before root is given up: the console's user may not read it.
    who = ("--operator", OPERATOR, "--password-file", str(password))
    ran = program("search", "-", "--birth", "-", *FOR, *who, "--json", stdin="じゅうみん\n1989\n")
    assert (ran.code, ran.err) == (0, "")
    assert [hit["name"] for hit in ran.json["hits"]] == ["住民　太郎"]


def test_a_search_as_json_gives_the_hits(jukura: Jukura, fake: FakeDaemon) -> None:
    ran = jukura("search", "やまだ", *FOR, "--json", signed=True)
    assert ran.code == 0
    assert [hit["kana"] for hit in ran.json["hits"]] == ["やまだ　しおり", "やまだ　たいち"]
    assert set(ran.json["hits"][0]) == {
        "person", "name", "kana", "birth", "sex", "address", "municipality", "standing", "serial", "by", "pending",
    }  # fmt: skip


def test_nobody_found_is_no_error(jukura: Jukura, fake: FakeDaemon) -> None:
    ran = jukura("search", "ぬぬぬ", *FOR, signed=True)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "該当なし",
        "条件に合う人は、今日の現存の中にいません。検索は正しく行われました。",
    ]
    past = jukura("search", "ぬぬぬ", "--struck", "--as-of", "H30", *FOR, "--lang", "en", signed=True)
    assert "Nobody among those struck off as of H30 fits." in past.out
    assert jukura("search", "ぬぬぬ", *FOR, "--json", signed=True).json == {"hits": []}


def test_columns_are_aligned_by_east_asian_width(jukura: Jukura, fake: FakeDaemon) -> None:
    from rich.cells import cell_len

    rows = [line for line in jukura("search", "やま", *FOR, signed=True).out.splitlines() if "現存" in line]
    assert len(rows) == 9
    assert len({cell_len(row[: row.index("現存")]) for row in rows}) == 1
