"""The items that a register keeps about a person: 28 in `honnin`, 18 in `fuhyo`.

Source: the assessment, 別添2 (1) 都道府県知事保存本人確認情報ファイル and (2) 同附票. One table per register is the only
place that says which item has which number, name and origin; structs, checks, screens and tests read it.

Origin of a value: the municipality states it (SENDER), it follows from other items (DERIVED: a sender may state
it, and is refused if it differs), or the register gives it when the notice is applied (REGISTER: a notice that
states it is refused, since only the register knows it).
"""

from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """Who gives an item its value."""

    SENDER = "sender"
    DERIVED = "derived"
    REGISTER = "register"


@dataclass(frozen=True)
class Item:
    """One item: its number in 別添2, its name here, its name there, and who gives its value."""

    number: int
    name: str
    title: str
    origin: Origin = Origin.SENDER


HONNIN = (
    Item(1, "juminhyo_code", "住民票コード"),
    Item(2, "name", "漢字氏名"),
    Item(3, "name_gaiji", "外字数（氏名）"),
    Item(4, "kana", "ふりがな氏名"),
    Item(5, "birth", "生年月日"),
    Item(6, "sex", "性別"),
    Item(7, "address", "住所"),
    Item(8, "address_gaiji", "外字数（住所）"),
    Item(9, "kojin_bango", "個人番号"),
    Item(10, "reason", "異動事由"),
    Item(11, "event_date", "異動年月日"),
    Item(12, "retention_flag", "保存期間フラグ", Origin.REGISTER),
    Item(13, "seion_kana", "清音化かな氏名", Origin.DERIVED),
    Item(14, "municipality", "市町村コード"),
    Item(15, "town", "大字・字コード"),
    Item(16, "operator_id", "操作者ID", Origin.REGISTER),
    Item(17, "terminal_id", "操作端末ID", Origin.REGISTER),
    Item(18, "updated_at", "タイムスタンプ", Origin.REGISTER),
    Item(19, "received_on", "通知を受けた年月日", Origin.REGISTER),
    Item(20, "gaiji_flag", "外字フラグ", Origin.DERIVED),
    Item(21, "struck_flag", "削除フラグ", Origin.DERIVED),
    Item(22, "serial", "更新順番号", Origin.REGISTER),
    Item(23, "name_gaiji_version", "氏名外字変更連番"),
    Item(24, "address_gaiji_version", "住所外字変更連番"),
    Item(25, "former_name", "旧氏 漢字"),
    Item(26, "former_name_gaiji", "旧氏 外字数"),
    Item(27, "former_name_kana", "旧氏 ふりがな"),
    Item(28, "former_name_gaiji_version", "旧氏 外字変更連番"),
)

FUHYO = (
    Item(1, "juminhyo_code", "住民票コード"),
    Item(2, "name", "氏名 漢字"),
    Item(3, "name_gaiji", "氏名 外字数"),
    Item(4, "kana", "氏名 ふりがな"),
    Item(5, "birth", "生年月日"),
    Item(6, "sex", "性別"),
    Item(7, "address_municipality", "住所 市町村コード"),
    Item(8, "address", "住所 漢字"),
    Item(9, "address_gaiji", "住所 外字数"),
    Item(10, "last_address", "最終住所 漢字"),
    Item(11, "last_address_gaiji", "最終住所 外字数"),
    Item(12, "event_date", "異動年月日"),
    Item(13, "former_code", "旧住民票コード"),
    Item(14, "municipality", "附票管理市町村コード"),
    Item(15, "status", "附票本人確認情報状態区分", Origin.DERIVED),
    Item(16, "gaiji_flag", "外字フラグ", Origin.DERIVED),
    Item(17, "gaiji_pattern", "外字パターン", Origin.DERIVED),
    Item(18, "notice_kind", "通知区分"),
)
"""The register's own bookkeeping (received_on, updated_at, serial) lies beside a 附票 row, not among its items."""

ITEMS = {"honnin": HONNIN, "fuhyo": FUHYO}

UNIFIED = {
    "honnin": {"name_unified": "name", "address_unified": "address", "former_name_unified": "former_name"},
    "fuhyo": {"name_unified": "name", "address_unified": "address", "last_address_unified": "last_address"},
}
"""Fields beside the items: the codes of 住基ネット統一文字 that an item has on the wire, by the item they belong to."""
