"""The summary: what it counts is what is there, in any number of parts; and no text can become a formula, a tag or a row."""

import csv as spreadsheet
import io
from collections import Counter
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.audit.action import Action
from daemon.audit.entry import CODE, IDENTIFIER, Outcome
from daemon.audit.head import Head
from daemon.audit.schema import meanings
from daemon.audit.summary.page import MOST_ROWS, page
from daemon.audit.summary.sections import SECTIONS, Counted, Person, View
from daemon.audit.summary.table import FORMULA, MARK, csv, file_of
from daemon.audit.summary.tally import CLOCK_BACK, COUNTS, FINDINGS, PAIRS, Kept, Tally
from daemon.audit.summary.words import words
from daemon.clock import JST
from daemon.contract.actions import names
from daemon.contract.manifest import FILE_NAME

ACTORS = st.sampled_from(["operator:a", "operator:b", "CS:35203", "zenkoku", "jukurad"])


COUNTED = [{}, {"bytes": 7}, {"bytes": 50, "hits": 3}, {"old": 1}, {"old": 2, "hits": 0}]


def heads(actors: st.SearchStrategy[str] = ACTORS) -> st.SearchStrategy[list[Head]]:
    """Headers in a row; the clock may go back."""
    each = st.tuples(
        st.integers(0, 199), actors, st.sampled_from(["", "T01", "-T02"]), st.sampled_from(Action),
        st.sampled_from(Outcome), st.sampled_from(["", "some.code"]), st.sampled_from(COUNTED),
    )  # fmt: skip
    return st.lists(each, max_size=12).map(lambda some: [_head(seq, *one) for seq, one in enumerate(some)])


def _head(seq: int, at: int, *others: Any) -> Head:
    time = f"2026-0{1 + at % 9}-1{at % 10}T{10 + at % 14}:00:00.000000Z"
    return Head(seq, time, *others)


def tallied(some: list[Head], tally: Tally | None = None) -> Tally:
    tally = tally or Tally()
    for head in some:
        tally.look(head)
    return tally


def rows(name: str, tally: Tally, people: list[Person] | None = None) -> list[list[str]]:
    """The rows of one CSV file, as a spreadsheet reads them, without the titles."""
    section = next(section for section in SECTIONS if section.name == name)
    text = b"".join(csv(section, Counted(tally, people or []))).decode("utf-8")
    assert text.startswith(MARK)
    found = list(spreadsheet.reader(io.StringIO(text.removeprefix(MARK), newline="")))
    assert {len(row) for row in found} == {len(section.columns)}
    return found[1:]


@given(heads())
def test_each_act_is_counted_once_by_person_kind_and_hour_in_japan(some: list[Head]) -> None:
    wanted: Counter[tuple[str, str, int]] = Counter()
    for head in some:
        wanted[head.actor, head.action, datetime.fromisoformat(head.time).astimezone(JST).hour] += 1
    found: Counter[tuple[str, str, int]] = Counter()
    for actor, action, _, total, *hours in rows("acts", tallied(some)):
        assert int(total) == sum(map(int, hours))
        found.update(
            {(actor.removeprefix("'"), action, hour): int(count) for hour, count in enumerate(hours)}
        )
    assert +found == wanted


@given(heads())
def test_days_refusals_terminals_and_peers_are_what_is_there(some: list[Head]) -> None:
    tally = tallied(some)
    days = Counter(
        (datetime.fromisoformat(h.time).astimezone(JST).date().isoformat(), str(h.action)) for h in some
    )
    assert {(day, action): int(count) for day, action, _, count in rows("days", tally)} == days
    refusals = Counter((h.code, str(h.action), str(h.outcome)) for h in some if h.code)
    assert {(c, a, o): int(count) for c, a, _, o, count in rows("refusals", tally)} == refusals
    terminals = Counter((h.terminal, str(h.action)) for h in some if h.terminal)
    assert {(t.removeprefix("'"), a): int(n) for t, a, _, n in rows("terminals", tally)} == terminals
    peers = [h for h in some if h.actor in {"CS:35203", "zenkoku"}]
    volumes: Counter[tuple[str, str, str]] = Counter()
    for head in peers:
        volumes[head.actor, head.action, head.outcome] += head.counts.get("bytes", 0)
    assert {(p, a, o): (int(n), int(size)) for p, a, _, o, n, size in rows("peers", tally)} == {
        key: (count, volumes[key]) for key, count in Counter((h.actor, str(h.action), str(h.outcome)) for h in peers).items()
    }  # fmt: skip


@given(heads())
def test_findings_are_what_failed_what_stands_out_and_a_clock_that_went_back(some: list[Head]) -> None:
    wanted = []
    before = ""
    for head in some:
        if head.action in FINDINGS or head.outcome is Outcome.FAILED:
            wanted.append((str(head.seq), head.code))
        if head.time < before:
            wanted.append((str(head.seq), CLOCK_BACK))
        before = head.time
    assert [(row[0], row[6]) for row in rows("findings", tallied(some))] == wanted


@given(heads(), st.integers(0, 12))
def test_put_down_and_taken_up_anywhere_it_is_the_same(some: list[Head], cut: int) -> None:
    first = tallied(some[:cut])
    again = Tally(msgspec.msgpack.decode(msgspec.msgpack.encode(first.kept()), type=Kept))
    whole = tallied(some)
    assert tallied(some[cut:], again).kept() == whole.kept()
    assert whole.seen == len(some)


def asked(seq: int, actor: str, action: str, **counts: int) -> Head:
    return Head(
        seq=seq, time=f"2026-04-01T00:00:{seq:02}.000000Z", actor=actor, terminal="", action=action, outcome="ok",
        code="", counts=counts,
    )  # fmt: skip


@pytest.mark.parametrize(("second", "first"), PAIRS.items())
def test_an_approval_names_who_asked_and_who_approved(second: str, first: str) -> None:
    tally = tallied([asked(0, "operator:a", first), asked(1, "operator:b", second)])
    (row,) = rows("approvals", tally)
    assert (row[0], row[2], row[4], row[5], row[7]) == (second, "0", "operator:a", "1", "operator:b")


def test_an_approval_goes_with_the_last_fitting_word_of_somebody_else() -> None:
    announce, announced = Action.BOUNDARY_ANNOUNCE_ASKED, Action.BOUNDARY_ANNOUNCED
    tally = tallied([
        asked(0, "operator:a", announce, old=1), asked(1, "operator:c", announce, old=2), asked(2, "operator:b", announce, old=1),
        asked(3, "operator:b", announced, old=1), asked(4, "operator:a", announced, old=9), asked(5, "operator:a", announced, old=1),
    ])  # fmt: skip
    assert [(row[2], row[5]) for row in rows("approvals", tally)] == [("0", "3"), ("", "4"), ("2", "5")]


def test_a_refused_word_is_no_approval() -> None:
    refused = msgspec.structs.replace(asked(1, "operator:b", Action.SERVICE_RESUMED), outcome="refused")
    assert rows("approvals", tallied([asked(0, "operator:a", Action.RESUMPTION_PROPOSED), refused])) == []


HOSTILE = ["-1", "@SUM", "--", "-cmd/C:calc", "a.b", "@"]
TEXTS = [
    "=1+1",
    '+"x"',
    "<script>alert(1)</script>",
    "a,b\nc",
    '"',
    "\t=1",
    "&amp;",
    "山田　太郎",
    "\r\n=1",
]


@settings(deadline=None)
@given(heads(st.sampled_from(HOSTILE)), st.lists(st.sampled_from(TEXTS), max_size=4))
def test_no_cell_is_a_formula_and_no_text_breaks_out(some: list[Head], texts: list[str]) -> None:
    people = [Person(f"p{at}", text, [text]) for at, text in enumerate(texts)]
    tally = tallied(some)
    for section in SECTIONS:
        for row in rows(section.name, tally, people):
            assert not any(cell.startswith(FORMULA) for cell in row)
    assert [row[1].removeprefix("'") for row in rows("people", tally, people)] == texts
    reader = Page()
    reader.feed(b"".join(page("honnin", 0, len(some), Counted(tally, people))).decode())
    assert reader.tags <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "br", "span", "table", "tr", "th", "td",
    }  # fmt: skip
    assert reader.attributes <= {"lang", "charset", "http-equiv", "content", "class"}
    assert all(text.replace("\r\n", "\n").strip() in reader.text.replace("\r\n", "\n") for text in texts)


class Page(HTMLParser):
    """What a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_forbids_everything_but_its_own_style_and_has_every_view_in_order() -> None:
    text = b"".join(page("honnin", 0, 0, Counted(Tally(), []))).decode()
    assert "default-src 'none'; style-src 'unsafe-inline'" in text
    places = [text.index(f"<h2>{words().view[view][0]}") for view in View]
    assert places == sorted(places)
    assert [section.view for section in SECTIONS] == sorted((s.view for s in SECTIONS), key=list(View).index)


def test_a_long_table_is_cut_in_the_page_and_whole_in_its_file() -> None:
    some = [asked(0, f"operator:{number}", Action.SEARCH_DONE) for number in range(MOST_ROWS + 5)]
    tally = tallied(some)
    text = b"".join(page("honnin", 0, 9, Counted(tally, []))).decode()
    assert text.count("<td>operator:") == MOST_ROWS
    assert words().text["more"][0] in text
    assert len(rows("acts", tally)) == MOST_ROWS + 5


def test_every_action_column_and_section_has_its_words_and_no_others() -> None:
    assert list(names()) == [str(action) for action in meanings()]
    assert all(name.en.isascii() and not name.ja.isascii() for name in names().values())
    assert len({name.ja for name in names().values()}) == len(names())
    assert set(words().section) == {section.name for section in SECTIONS}
    assert set(words().view) == set(View)
    columns = {column for section in SECTIONS for column in section.columns if not column.isdigit()}
    assert set(words().column) == columns | {"seq"}
    assert all(FILE_NAME.fullmatch(file_of(section)) for section in SECTIONS)
    assert set(COUNTS) - {"volumes", "acts", "peers"} <= {section.name for section in SECTIONS}


def test_what_a_header_may_hold_can_begin_as_a_formula_does() -> None:
    """The rule for cells is needed: such actors and terminals are in order."""
    assert all(IDENTIFIER.fullmatch(text) for text in HOSTILE)
    assert not CODE.fullmatch("=1")
