"""A small town in each register for searches: people with histories of every kind, made from a seed.

Names, kana, births and addresses come from small pools, so that searches meet several people and near misses. Histories
have moves, corrections dated back, 旧氏, 通称, Latin names, vague dates, 消除 of each kind, departures that lie ahead
and people who came back.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from msgspec.structs import replace

from daemon.contract.peer import FuhyoNotice, HonninNotice, Notice
from daemon.register.codes import juminhyo_digit, kojin_bango_digit
from daemon.register.rows import FuhyoRecord, RegisterDate
from daemon.rehearsal.dice import Dice
from tests.register.people import FUHYO, HONNIN
from tests.register.strategies import written

TODAY = date(2026, 11, 25)
"""The second day: some notices come on the day before."""

Sending = tuple[str, Notice]
"""The sender's code, and what it sends."""

SURNAMES = (
    ("高崎", "たかさき"), ("髙﨑", "たかさき"), ("髙崎", "たかざき"), ("渡辺", "わたなべ"), ("渡邉", "わたなべ"),
    ("渡邊", "わたべ"), ("吉田", "よしだ"), ("𠮷田", "よしだ"), ("浜田", "はまだ"), ("濵田", "はまた"),
    ("大野", "おおの"), ("小野", "おの"), ("辻\U000e0100", "つじ"), ("辻", "つじ"), ("王野", "おうの"), ("〓木", "しぎ"),
)  # fmt: skip
GIVEN = (
    ("太郎", "たろう"), ("太朗", "たろお"), ("花子", "はなこ"), ("葛\U000e0100子", "かつこ"), ("純一", "じゅんいち"),
    ("順市", "じゆんいち"), ("静", "しづか"), ("静香", "しずか"), ("ハナ", "はな"), ("悠", "ゆう"),
)  # fmt: skip
FOREIGN = (
    ("ZHANG YULIN　張　玉蓮（住民　花子）", "ちゃん　ゆりん　じゅうみん　はなこ"),
    ("ZHANG YULIN　張　玉蓮（住民　花子）", "ちゃん　ゆりん"),
    ("KIM MINJUN　金　民俊", "きむ　みんじゅん"),
    ("VANESSA MARIA SANTOS", "ゔぁねっさ　まりあ　さんとす"),
    ("VICTOR LEE（渡辺　勇）", "ゔぃくたー　りー"),
)
PLACES = (
    (
        "35203",
        "山口市",
        ("滝町１番１号", "滝町２番１号", "滝町１丁目２番３号", "大手町１番２号　滝荘１０１号室"),
    ),
    ("35201", "下関市", ("南部町１番１号", "南部町１１番１号", "滝町１番１号")),
    ("35344", "平生町", ("大字平生町２１０番地", "大字平生町２１番地の１")),
)
BIRTHS = (
    RegisterDate("19500301"), RegisterDate("19500000", "3", "年不詳"), RegisterDate("19500300", "3"),
    RegisterDate("19890107", "3"), RegisterDate("19890108", "4"), RegisterDate("00000000", "3", "年月日不詳"),
    RegisterDate("00000000", "0", "年月日不詳"), RegisterDate("19890229"), RegisterDate("19890200"),
)  # fmt: skip
FIRST = date(2002, 8, 5)


class Life:
    """What municipalities say of one person of `honnin`, from first to last notice."""

    def __init__(self, seed: str, number: int) -> None:
        self._dice = dice = Dice("town", seed, number)
        base, given = f"{number * 7919 % 10**10:010}", f"{number * 104729 % 10**11:011}"
        self._number = given + kojin_bango_digit(given)
        self.sent: list[Sending] = []
        name, kana = dice.pick(FOREIGN) if dice.chance(0.15) else self._name()
        self.last = replace(
            HONNIN, juminhyo_code=base + juminhyo_digit(base), kojin_bango="", name=name, kana=kana,
            name_gaiji=name.count("〓"), birth=dice.pick(BIRTHS), sex=dice.pick("1122209"),
        )  # fmt: skip
        self._day = dice.day(FIRST, date(2024, 12, 31))
        self._say("12", **self._address())
        for _ in range(dice.between(0, 5)):
            self._goes_on()

    def _name(self) -> tuple[str, str]:
        (family, read), (given, reading) = self._dice.pick(SURNAMES), self._dice.pick(GIVEN)
        return f"{family}　{given}", f"{read}　{reading}" if self._dice.chance(0.9) else ""

    def _address(self, code: str = "") -> dict[str, Any]:
        places = [place for place in PLACES if code in {"", place[0]}]
        municipality, name, ends = self._dice.pick(places)
        town = self._dice.pick(("001000", "001002", "002000"))
        return {"municipality": municipality, "address": f"山口県{name}{self._dice.pick(ends)}", "town": town}

    def _say(self, reason: str, *, on: RegisterDate | None = None, **changes: Any) -> None:
        if on is None:
            # One in five is dated back, as corrections are.
            step = self._dice.between(-400, 0) if self._dice.chance(0.2) else self._dice.between(0, 900)
            self._day = min(max(self._day + timedelta(days=step), FIRST), TODAY - timedelta(days=1))
            on = written(self._day, era=self._dice.chance(0.5))
        record = replace(self.last, reason=reason, event_date=on, **changes)
        name = f"{record.juminhyo_code[-6:]}-{len(self.sent) + 1}"
        seq = 1 + sum(sender == record.municipality for sender, _ in self.sent)
        self.sent.append((record.municipality, HonninNotice(id=name, sender_seq=seq, record=record)))
        self.last = record

    def _goes_on(self) -> None:
        struck = self.last.reason in {"21", "22", "23", "24"}
        if self.last.reason == "23":
            return
        if struck:
            self._say("11", **self._address())
            return
        self._dice.pick(tuple(self._turns().values()))()

    def _turns(self) -> dict[str, Callable[[], None]]:
        """What may come next to someone who is present."""
        turns: dict[str, Callable[[], None]] = {
            "move": self._moves, "kana": self._reads, "former": self._former, "name": self._corrects, "out": self._leaves,
            "ahead": self._will_leave, "dies": self._dies, "gone": lambda: self._say("24"), "birth": self._born,
        }  # fmt: skip
        if not self.last.kojin_bango:
            turns["number"] = lambda: self._say("42", kojin_bango=self._number)
        return turns

    def _moves(self) -> None:
        there = self._address(self.last.municipality)
        if there["address"] != self.last.address or there["town"] != self.last.town:
            self._say("31", **there)

    def _reads(self) -> None:
        self._say("34", kana="ゆう" if self.last.kana != "ゆう" else "おうの　ゆう")

    def _former(self) -> None:
        family, read = self._dice.pick(SURNAMES)
        if family != self.last.former_name:
            gaiji = family.count("〓")
            self._say("35", former_name=family, former_name_kana=read, former_name_gaiji=gaiji)

    def _corrects(self) -> None:
        name, kana = self._name()
        if name != self.last.name:
            self._say("32", name=name, kana=kana, name_gaiji=name.count("〓"))

    def _born(self) -> None:
        other = self._dice.pick([birth for birth in BIRTHS if birth != self.last.birth])
        self._say("32", birth=other)

    def _leaves(self) -> None:
        self._say(self._dice.pick(("21", "22")))

    def _will_leave(self) -> None:
        self._say("21", on=RegisterDate("20261201", "5"))

    def _dies(self) -> None:
        vague = (RegisterDate("20260000", "5"), RegisterDate("20261100", "5"), RegisterDate("00000000", "5"))
        self._say("23", on=self._dice.pick(vague) if self._dice.chance(0.5) else None)


def honnin_town(seed: str, people: int) -> list[list[Sending]]:
    """The notices about each person, in order."""
    return [Life(seed, number).sent for number in range(1, people + 1)]


LAST_ADDRESSES = (
    "東京都新宿区西新宿２丁目８番１号",
    "山口県山口市滝町１番１号",
    "山口県下関市南部町１番１号",
)


def fuhyo_town(seed: str, people: int) -> list[list[Sending]]:
    """The notices about each person of `fuhyo`: in Japan, abroad, back, struck."""
    return [_abroad_and_back(Dice("fuhyo", seed, number), number) for number in range(1, people + 1)]


def _abroad_and_back(dice: Dice, number: int) -> list[Sending]:
    base = f"{number * 7919 % 10**10:010}"
    (family, read), (given, reading) = dice.pick(SURNAMES), dice.pick(GIVEN)
    day = dice.day(FIRST, date(2022, 1, 1))
    record = replace(
        FUHYO, juminhyo_code=base + juminhyo_digit(base), name=f"{family}　{given}", kana=f"{read}　{reading}",
        name_gaiji=family.count("〓"), birth=dice.pick(BIRTHS), sex=dice.pick("12"),
        municipality=dice.pick(PLACES)[0], event_date=written(day),
    )  # fmt: skip
    sent: list[FuhyoRecord] = [record]
    for _ in range(dice.between(0, 3)):
        day = min(day + timedelta(days=dice.between(-100, 500)), TODAY - timedelta(days=1))
        record = _next_fuhyo(dice, record, written(max(day, FIRST)))
        sent.append(record)
        if record.notice_kind == "2":
            break
    return [
        (record.municipality, FuhyoNotice(id=f"{number}-{seq}", sender_seq=seq, record=record))
        for seq, record in enumerate(sent, start=1)
    ]


def _next_fuhyo(dice: Dice, last: FuhyoRecord, on: RegisterDate) -> FuhyoRecord:
    if dice.chance(0.15):
        return replace(last, notice_kind="2", event_date=on)
    if last.address_municipality == "99999" and dice.chance(0.4):
        # Back in Japan.
        return replace(
            last, notice_kind="3", event_date=on, address_municipality="13104", address=LAST_ADDRESSES[0],
            last_address="",
        )  # fmt: skip
    if last.address_municipality == "99999":
        kana = "ゆう" if last.kana != "ゆう" else "おの　ゆう"
        return replace(last, notice_kind="3", event_date=on, kana=kana)
    return replace(
        last, notice_kind="3", event_date=on, address_municipality="99999", address="国外転出者",
        last_address=dice.pick(LAST_ADDRESSES),
    )  # fmt: skip
