"""An auditor reads the log: who may, what for, page by page, one entry with a proof that anyone can check, and what each reading leaves."""

import json
from base64 import b64decode
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from daemon.audit.action import Action
from daemon.audit.entry import Opened, Outcome
from daemon.audit.journal import sequence
from daemon.commands.caller import Caller, Role
from daemon.crypto.seal import Place, class_of
from daemon.errors import AuthorityError, ConflictError, InputError, StateError
from daemon.store.draft import Draft
from daemon.store.engine import Table
from tests.commands.notices.test_notices import entries, notice, send
from tests.commands.reading.auditing import (
    CODES,
    WHY,
    applied,
    case,
    delivered,
    every,
    held,
    looked_up,
    search,
    searched,
    show,
    started,
    statistics,
    stopped,
    told,
)
from tests.conftest import Bench
from tests.peers.nation import Nation, code, emptied, life, pump
from tests.store.turning import fill, newcomer


async def log(bench: Bench, *whats: int) -> None:
    for what in whats:
        await bench.open.writer.log(searched(0, what))


async def last(bench: Bench) -> Opened:
    return (await entries(bench))[-1]


def root_by(index: int, size: int, leaf: bytes, path: list[bytes]) -> bytes:
    """The root that a leaf and its path lead to (RFC 9162 §2.1.3.2), by its text and not by ours."""
    fn, sn, r = index, size - 1, sha256(b"\x00" + leaf).digest()
    for p in path:
        assert sn > 0
        if fn % 2 == 1 or fn == sn:
            r = sha256(b"\x01" + p + r).digest()
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\x01" + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return r


def check(proof: str, public: bytes) -> dict[str, object]:
    """The leaf that a C2SP tlog-proof proves under this key; by nothing but the specification."""
    head, checkpoint = proof.split("\n\n", 1)
    first, extra, index, *path = head.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    leaf = json.loads(b64decode(extra.removeprefix("extra ")))["leaf"].encode()
    text, signatures = checkpoint.split("\n\n", 1)
    text += "\n"
    origin, size, root, *_ = text.split("\n")
    key = load_der_public_key(public)
    assert isinstance(key, EllipticCurvePublicKey)
    (line,) = (line for line in signatures.split("\n") if line.startswith(f"— {origin} "))
    key.verify(b64decode(line.split(" ")[2])[4:], text.encode(), ECDSA(SHA256()))
    number = int(index.removeprefix("index "))
    assert root_by(number, int(size), leaf, [b64decode(each) for each in path]) == b64decode(root)
    found: dict[str, object] = json.loads(leaf)
    assert found["seq"] == number
    return found


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUDITOR])
async def test_only_an_auditor_reads_and_a_refusal_is_an_entry(honnin: Bench, role: Role) -> None:
    other = Caller("op9", "名前", "市町課", frozenset({role}), {}, "T01")
    await log(honnin, 1)
    with pytest.raises(AuthorityError, match=r"right\.missing"):
        await search(honnin, caller=other, subject=CODES[0], **WHY)
    with pytest.raises(AuthorityError, match=r"right\.missing"):
        await show(honnin, 0, caller=other)
    *_, first, second = await entries(honnin)
    assert {first.header.action, second.header.action} == {Action.LOG_VIEW_REFUSED}
    assert (first.header.actor, first.header.code, first.header.outcome) == (
        "operator:op9",
        "right.missing",
        Outcome.REFUSED,
    )
    assert first.fields["subject"].value == CODES[0]


async def test_a_page_shows_headers_and_the_names_of_what_is_sealed(honnin: Bench) -> None:
    await log(honnin, 1)
    (line,) = (await search(honnin)).entries
    assert (line.seq, line.actor, line.affair, line.action) == (0, "operator:op1", "tax", "search.done")
    assert line.sealed == ["application", "purpose", "subjects", "terms"]
    left = await last(honnin)
    assert (left.header.action, left.header.counts) == (
        Action.LOG_SEARCHED,
        {"hits": 1, "subject": 0, "reference": 0},
    )


async def test_who_looked_at_someone_is_found_by_code_however_it_is_written(honnin: Bench) -> None:
    await log(honnin, 1)  # of CODES[1]
    await honnin.open.writer.log(looked_up(0, 1))
    await honnin.open.writer.log(applied(2, 0))
    code = CODES[1]
    spaced = f"{code[:4]}-{code[4:8]} {code[8:]}"
    assert [line.seq for line in await every(honnin, subject=spaced, **WHY)] == [1, 0]
    left = await last(honnin)
    assert left.fields["subject"].value == code
    assert left.fields["application"].value == WHY["application"]
    assert left.header.counts == {"hits": 2, "subject": 1, "reference": 0}
    # The auditor has looked, too.
    assert [line.action for line in await every(honnin, subject=code, action="log", **WHY)] == [
        "log.searched"
    ]
    assert code not in str(left.header)


async def test_a_search_of_the_register_is_found_by_everyone_it_showed(honnin: Bench, caller: Caller) -> None:
    from daemon.contract.console import SEARCH, Search

    await fill(honnin, 1, 2)
    asked = Search(affair="plain", purpose="p", application="R8-77", kana=newcomer(1).kana)
    found = await honnin.open.desk.handlers[SEARCH](caller, asked)
    assert len(found.hits) == 2
    for number in (1, 2):
        lines = await every(honnin, subject=newcomer(number).juminhyo_code, action="search", **WHY)
        assert [line.counts for line in lines] == [{"hits": 2}]
    assert [line.action for line in await every(honnin, reference="R8-77", **WHY)] == ["search.done"]


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        ({"subject": CODES[0]}, "search.text_missing", "purpose"),
        ({"subject": CODES[0], "purpose": "p"}, "search.text_missing", "application"),
        ({"reference": "R8-1", "application": "A"}, "search.text_missing", "purpose"),
        ({"subject": "12345678901", **WHY}, "lookup.bad_code", "subject"),
        ({"subject": CODES[0], "reference": "R", **WHY}, "log.one_mention", "reference"),
        ({"action": "search.don"}, "log.bad_filter", "action"),
        ({"action": "serch"}, "log.bad_filter", "action"),
        ({"outcome": "okay"}, "log.bad_filter", "outcome"),
        ({"actor": "山口"}, "log.bad_filter", "actor"),
        ({"actor": CODES[0]}, "log.bad_filter", "actor"),
        ({"after": "00" * 16}, "log.cursor_other", "after"),
    ],
)
async def test_a_question_that_cannot_be_right_is_refused_and_never_answered_with_nothing(
    honnin: Bench, asked: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(InputError) as refused:
        await search(honnin, **asked)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert (await last(honnin)).header.code == code


async def test_pages_are_stable_while_the_log_grows_and_belong_to_their_question(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.commands.reading.log.PAGE", 2)
    await log(honnin, *range(5))
    first = await search(honnin, action="search.done")
    await log(honnin, 9, 9)
    second = await search(honnin, action="search.done", after=first.next)
    third = await search(honnin, action="search.done", after=second.next)
    assert [[line.seq for line in page.entries] for page in (first, second, third)] == [[4, 3], [2, 1], [0]]
    assert not third.next
    assert third.back_to is None
    with pytest.raises(InputError, match=r"log\.cursor_other"):
        await search(honnin, action="search", after=first.next)


async def test_a_long_look_ends_and_says_how_far_it_came(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.audit.reading.SLICE", 2)
    monkeypatch.setattr("daemon.audit.reading.LOOKED", 4)
    await honnin.open.writer.log(stopped(0, 0))
    await log(honnin, *range(10))
    page = await search(honnin, action="service.stopped")
    assert not page.entries
    assert page.next
    assert page.back_to == honnin.clock.now()
    assert [line.seq for line in await every(honnin, action="service.stopped")] == [0]


async def test_looks_that_follow_each_other_leave_nothing_out_and_show_nothing_twice(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.audit.reading.SLICE", 2)
    monkeypatch.setattr("daemon.audit.reading.LOOKED", 4)
    for number in range(24):
        await honnin.open.writer.log(searched(0, 1) if number % 2 else stopped(0, 0))
    found = await every(honnin, action="service.stopped")
    assert [line.seq for line in found] == list(range(22, -1, -2))


async def test_days_that_cannot_have_it_are_not_read(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.audit.reading.SLICE", 2)
    monkeypatch.setattr("daemon.audit.reading.LOOKED", 4)
    await honnin.open.writer.log(stopped(0, 0))
    for _ in range(3):
        honnin.clock.advance(timedelta(days=1))
        await log(honnin, *range(10))
    page = await search(honnin, action="service.stopped")
    assert [line.seq for line in page.entries] == [0]


async def test_the_proof_of_an_entry_is_checked_by_anyone(honnin: Bench) -> None:
    (pair,) = (await honnin.service.keys()).pairs
    await log(honnin, *range(11))
    for seq in range(11):
        shown = await show(honnin, seq)
        leaf = check(shown.proof, pair.public)
        assert (leaf["seq"], leaf["action"]) == (seq, "search.done")
        assert shown.leaf == json.dumps(leaf, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        assert (await last(honnin)).header.counts == {"entry": seq}
        assert shown.size > seq
        assert shown.signed is not None
    # Another leaf under the same proof is no proof.
    with pytest.raises(AssertionError):
        check((await show(honnin, 3)).proof.replace("index 3", "index 4"), pair.public)


async def test_an_entry_that_nobody_could_sign_is_shown_without_a_proof(honnin: Bench) -> None:
    await log(honnin, 1)
    honnin.service.token.away = True
    shown = await show(honnin, 0)
    assert (shown.proof, shown.size, shown.signed) == ("", 0, None)
    honnin.service.token.away = False
    assert (await show(honnin, 0)).proof


async def test_there_is_no_entry_beyond_the_end_nor_one_that_was_deleted(honnin: Bench) -> None:
    await log(honnin, *range(3))
    with pytest.raises(InputError, match=r"log\.out_of_range"):
        await show(honnin, 99)

    async def purge(draft: Draft) -> None:
        draft.delete(Table.LOG, sequence(0))

    await honnin.open.writer.write(purge)
    with pytest.raises(ConflictError, match=r"log\.entry_gone"):
        await show(honnin, 0)
    with pytest.raises(ConflictError, match=r"log\.entry_gone"):
        await case(honnin, 0)
    assert (await last(honnin)).header.code == "log.entry_gone"


async def test_a_case_is_one_person_s_work_on_one_application(honnin: Bench) -> None:
    for who, what in ((0, 1), (1, 1), (0, 2), (0, 3)):
        await honnin.open.writer.log(searched(who, what))
    assert [line.seq for line in (await case(honnin, 3)).entries] == [0, 3]
    left = await last(honnin)
    assert (left.header.action, left.header.counts) == (Action.LOG_CASE_SHOWN, {"entry": 3, "entries": 2})


async def test_a_notice_is_followed_from_its_hold_to_its_end(honnin: Bench) -> None:
    await send(honnin, notice("n1"), notice("n1"))
    (applied_at,) = [e.header.seq for e in await entries(honnin) if e.header.action is Action.NOTICE_APPLIED]
    found = (await case(honnin, applied_at)).entries
    assert [line.action for line in found] == ["notice.applied"]


async def test_a_notice_is_followed_to_its_delivery_and_a_delivery_to_all_its_notices(honnin: Bench) -> None:
    await life(honnin)
    nation = Nation()
    nation.refuse = lambda update: update.row["juminhyo_code"] == code(2)
    await emptied(pump(honnin, nation))
    there = await entries(honnin)
    acts = {
        action: [each.header.seq for each in there if each.header.action is action]
        for action in (Action.NOTICE_APPLIED, Action.OUTBOX_DELIVERED, Action.OUTBOX_SET_ASIDE)
    }
    came, went, (aside,) = acts.values()
    assert (len(came), len(went)) == (4, 3)
    # The first three are one person's versions, each delivered by itself; the fourth is somebody else's, and was refused.
    for notice_at, end in zip(came, (*went, aside), strict=True):
        assert [line.seq for line in (await case(honnin, notice_at)).entries] == [notice_at, end]
    assert [line.seq for line in (await case(honnin, went[0])).entries] == [came[0], went[0]]
    # Whoever asks by person hears of what was passed on.
    found = await every(honnin, subject=code(1), action="outbox", **WHY)
    assert sorted(line.seq for line in found) == went
    assert {tuple(line.sealed) for line in found} == {("serials", "subjects")}


async def test_a_delivery_of_many_leads_to_each_and_from_none_to_another(honnin: Bench) -> None:
    for act in (held(0, 0), applied(0, 0), applied(1, 0), delivered(0, 1)):
        await honnin.open.writer.log(act)
    # delivered(0, 1) is of (0, version 2) and (1, version 1); what was held of person 0 became version 1.
    assert [line.seq for line in (await case(honnin, 3)).entries] == [2, 3]
    await honnin.open.writer.log(delivered(0, 2))
    # This one is of persons 0, 1 and 2 in versions 1, 2 and 1.
    (last_one,) = [line.seq for line in await every(honnin, action="outbox.delivered") if line.seq > 3]
    for begins in (0, 1, last_one):
        assert [line.seq for line in (await case(honnin, begins)).entries] == [0, 1, last_one]
    assert [line.seq for line in (await case(honnin, 2)).entries] == [2, 3]


async def test_more_entries_than_a_case_shows_are_said(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.commands.reading.log.MOST_CASE", 2)
    await log(honnin, 1, 3, 5)
    found = await case(honnin, 0)
    assert found.more
    assert [line.seq for line in found.entries] == [0, 1, 2]


async def test_figures_stay_when_their_entries_go(honnin: Bench) -> None:
    await log(honnin, 1, 2, 3)
    await honnin.open.writer.log(looked_up(0, 1))
    honnin.clock.advance(timedelta(days=40))
    await honnin.open.writer.log(started(0, 0))
    before = told(await statistics(honnin))
    assert before["2026-11", "search.done", "ok"] == 3
    assert before["2026-11", "lookup.refused", "refused"] == 1

    async def purge(draft: Draft) -> None:
        for seq in range(4):
            draft.delete(Table.LOG, sequence(seq))

    await honnin.open.writer.write(purge)
    after = told(await statistics(honnin, since="2026-11", until="2026-11"))
    assert after == {key: count for key, count in before.items() if key[0] == "2026-11"}
    days = await honnin.open.engine.scan(Table.META, first=b"day:", last=b"day:\xff", limit=99)
    assert [key for key, _ in days] == [b"day:2027-01-03"]


async def test_an_entry_that_is_sealed_anew_is_still_found_and_outlives_its_year_s_key(honnin: Bench) -> None:
    sealer = honnin.open.people._sealer
    keyring = sealer._keyring
    await log(honnin, 1, 4, 1)
    await honnin.open.merger.merge()
    keyring.add({"hold.1": bytes(range(32))})
    key = sequence(0)

    async def hold(draft: Draft) -> None:
        import msgspec

        leaf, sealed = msgspec.msgpack.decode((await draft.get_many(Table.LOG, [key]))[key])
        place = Place(honnin.config.register, Table.LOG, key)
        draft.put(
            Table.LOG,
            key,
            msgspec.msgpack.encode((leaf, sealer.seal("hold.1", place, sealer.open(place, sealed)))),
        )
        draft.delete(Table.LOG, sequence(1))

    await honnin.open.writer.write(hold)
    value = (await honnin.open.engine.get_many(Table.LOG, [key]))[key]
    assert b"hold.1" in value
    assert [line.seq for line in await every(honnin, subject=CODES[1], action="search", **WHY)] == [2, 0]
    await honnin.open.merger.merge()
    assert [line.seq for line in await every(honnin, subject=CODES[1], action="search", **WHY)] == [2, 0]
    keyring.forget("log.2026")
    with pytest.raises(StateError, match=r"key\.not_loaded"):
        sealer.label("log.2026", b"")
    # Nobody can write an entry of this year now; what is left to read is what was held.
    found = await honnin.open.index.mentioned.find([sealer.label("hold.1", b"\x01" + CODES[1].encode())])
    assert found == [0]


async def test_labels_say_nothing_without_the_year_s_key(honnin: Bench) -> None:
    sealer = honnin.open.people._sealer
    sealer._keyring.add({"log.2027": bytes(32), "log.2028": bytes([1] * 32)})
    content = b"\x01" + CODES[0].encode()
    labels = {sealer.label(name, content) for name in ("log.2026", "log.2027", "log.2028")}
    assert len(labels) == 3
    assert sealer.label("log.2027", content) in labels
    assert class_of(sealer.seal("log.2027", Place("r", "t", b"k"), b"x")) == "log.2027"
