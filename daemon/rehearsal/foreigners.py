"""Names of foreign residents: Latin capitals, kanji where their country uses them, some with a 通称.

The notified item is "氏名と通称", both in item 2: `KIM MINJUN　金　民俊（金田　民子）` (domain of item 2; no item of its own).
"""

from dataclasses import dataclass

from daemon.rehearsal.ages import MAN
from daemon.rehearsal.dice import Dice, Table
from daemon.rehearsal.names import Names

SHARE = 0.013
"""Foreigners among residents (住民基本台帳人口 2023: 17,036 of 1,326,218)."""


@dataclass(frozen=True)
class Word:
    """One name: Latin, reading in hiragana, and kanji where there are any."""

    latin: str
    read: str
    kanji: str = ""


@dataclass(frozen=True)
class Nation:
    """Names of one country, and how often its people have a 通称."""

    families: tuple[Word, ...]
    men: tuple[Word, ...]
    women: tuple[Word, ...]
    alias: float


@dataclass(frozen=True)
class ForeignName:
    """Items 2 and 4."""

    written: str
    read: str


def _words(text: str) -> tuple[Word, ...]:
    return tuple(Word(*word.split("/")) for word in text.split(" "))


_VIETNAM = Nation(
    _words("NGUYEN/ぐえん TRAN/ちゃん LE/れ PHAM/ふぁむ HOANG/ほあん VU/ぶ DANG/だん BUI/ぶい DO/ど HO/ほ"),
    _words(
        "VAN=HUNG/ばん　ふん VAN=NAM/ばん　なむ DUC=ANH/どっく　あん MINH=TUAN/みん　とぅあん QUANG=HUY/くあん　ふい"
    ),
    _words(
        "THI=HUONG/てぃ　ふおん THI=LAN/てぃ　らん THI=MAI/てぃ　まい THUY=LINH/とぅい　りん NGOC=ANH/ごっく　あん"
    ),
    0.02,
)
_KOREA = Nation(
    _words(
        "KIM/きむ/金 LEE/い/李 PARK/ぱく/朴 CHOI/ちぇ/崔 JUNG/ちょん/鄭 KANG/かん/姜 CHO/ちょ/趙 YOON/ゆん/尹"
    ),
    _words(
        "MINJUN/みんじゅん/民俊 YOUNGHO/よんほ/英浩 SUNGMIN/そんみん/成民 JIHOON/じふん/志勲 DONGHYUN/どんひょん/東賢"
    ),
    _words(
        "SEOYEON/そよん/瑞妍 YOUNGJA/よんじゃ/英子 MIKYUNG/みぎょん/美京 JIEUN/じうん/智恩 SOONJA/すんじゃ/順子"
    ),
    0.6,
)
_CHINA = Nation(
    _words(
        "WANG/わん/王 LI/り/李 ZHANG/ちゃん/張 LIU/りゅう/劉 CHEN/ちぇん/陳 YANG/やん/楊 ZHAO/ちゃお/趙 HUANG/ふぁん/黄"
    ),
    _words("WEI/うぇい/偉 JIANGUO/じぇんぐお/建国 MING/みん/明 ZHIQIANG/じーちゃん/志強 HAO/はお/浩"),
    _words("YULIN/ゆうりん/玉蓮 FANG/ふぁん/芳 XIUYING/しういん/秀英 LINA/りな/麗娜 JING/じん/静"),
    0.1,
)
_PHILIPPINES = Nation(
    _words(
        "SANTOS/さんとす REYES/れいえす CRUZ/くるす GARCIA/がるしあ MENDOZA/めんどさ BAUTISTA/ばうてぃすた"
    ),
    _words("JOSE=MARIE/ほせ　まりえ MARK=ANTHONY/まーく　あんそにー JOHN=PAUL/じょん　ぽーる RAMON/らもん"),
    _words(
        "MARIA=CRISTINA/まりあ　くりすてぃな ANGELICA/あんへりか ROSE=ANN/ろーず　あん JENNIFER/じぇにふぁー"
    ),
    0.05,
)
_INDONESIA = Nation(
    _words("WIJAYA/うぃじゃや SANTOSO/さんとそ SAPUTRA/さぷとら LESTARI/れすたり HIDAYAT/ひだやっと"),
    _words("BUDI/ぶでぃ AGUS/あぐす RIZKY/りずき DWI/どぅい MUHAMMAD=FAJAR/むはまど　ふぁじゃる"),
    _words("SITI/してぃ DEWI/でうぃ PUTRI=AYU/ぷとり　あゆ RINA/りな INDAH/いんだ"),
    0.0,
)
_OTHERS = Nation(
    _words(
        "SMITH/すみす SHRESTHA/しゅれすた SILVA/しるば JOHNSON/じょんそん GURUNG/ぐるん OLIVEIRA/おりべいら"
    ),
    _words(
        "JOHN=MICHAEL/じょん　まいける RAJESH/らじぇしゅ CARLOS=EDUARDO/かるろす　えどぅあるど DAVID/でいびっど"
    ),
    _words("ANNA=MARIE/あんな　まりー SITA/しーた LUCIANA/るしあな VANESSA/ゔぁねっさ EMILY/えみりー"),
    0.03,
)
_NATIONS = Table(
    ((_VIETNAM, 30), (_KOREA, 27), (_CHINA, 15), (_PHILIPPINES, 11), (_INDONESIA, 8), (_OTHERS, 9))
)
"""Shares in per cent (在留外国人統計, Yamaguchi, rounded)."""


def foreign_name(dice: Dice, names: Names, sex: str, year: int) -> ForeignName:
    """A foreigner's name, with a 通称 for some."""
    nation = _NATIONS.draw(dice)
    family = dice.pick(nation.families)
    given = dice.pick(nation.men if sex == MAN else nation.women)
    written = f"{family.latin} {given.latin.replace('=', ' ')}"
    if family.kanji:
        written += f"　{family.kanji}　{given.kanji}"
    read = f"{family.read}　{given.read}"
    if dice.chance(nation.alias):
        alias = names.name(dice, sex, year)
        written += f"（{alias.written}）"
        read += f"　{alias.read}"
    return ForeignName(written, read)
