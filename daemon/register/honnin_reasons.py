"""異動事由 of 本人確認情報: the transition table (住基法30条の6; our codes, domain.md §2.4 with its corrections).

The 異動の取消し (15, 25, 37) append like everything else: a history is never rewritten (標準仕様書 j860, j980). Item 13 follows
4 and item 20 follows 3, 8 and 26; they are named for the reader and never compared.
"""

from daemon.register.transitions import CODE, EventDate, Number, Sender, Standing, Transition, items

_NEW = frozenset({Standing.NONE, Standing.OUT, Standing.GONE})
_PRESENT = frozenset({Standing.PRESENT})
_STRUCK = frozenset({Standing.OUT, Standing.DEAD, Standing.GONE})

_ALL_BUT_CODE = frozenset(range(2, 29))
_NOTHING = items()
_CODE = items(CODE)
_NAME = items(2, 3, 4, 13, 23)
_WRITTEN_NAME = items(2, 3, 23)
_KANA = items(4, 13)
_BIRTH_SEX = items(5, 6)
_ADDRESS = items(7, 8, 15, 24)
_MUNICIPALITY = items(14)
_NUMBER = items(9)
_FORMER_NAME = items(25, 26, 27, 28)

_ROWS = (
    Transition(
        code="11", title="転入（国内）", law="住基法22条", before=_NEW, sender=Sender.ANYBODY,
        may=_ALL_BUT_CODE, must=_NOTHING, after=Standing.PRESENT, date=EventDate.EXACT,
    ),
    Transition(
        code="12", title="転入（国外）", law="住基法22条, 30条の46, 30条の47", before=_NEW, sender=Sender.ANYBODY,
        may=_ALL_BUT_CODE, must=_NOTHING, after=Standing.PRESENT, date=EventDate.EXACT, number=Number.NOT_YET_AT_FIRST,
    ),
    Transition(
        code="13", title="出生", law="住基法8条", before=frozenset({Standing.NONE}), sender=Sender.ANYBODY,
        may=_ALL_BUT_CODE, must=_NOTHING, after=Standing.PRESENT, date=EventDate.VAGUE, number=Number.NOT_YET,
    ),
    # 住所設定, 未届, 帰化, 国籍の取得・喪失. Who was struck off as dead comes back by 15 only.
    Transition(
        code="14", title="職権記載等", law="住基法8条, 施行令12条", before=_NEW, sender=Sender.ANYBODY,
        may=_ALL_BUT_CODE, must=_NOTHING, after=Standing.PRESENT, date=EventDate.EXACT,
    ),
    # Undoes a 消除, so everything is as before. After a 25 it is another municipality's own record that stands again.
    Transition(
        code="15", title="異動の取消し（増）", law="住基法8条; 標準仕様書 j210, j980", before=_STRUCK, sender=Sender.RESTORER,
        may=_NOTHING, may_elsewhere=_ALL_BUT_CODE, must=_NOTHING, after=Standing.PRESENT, date=EventDate.EXACT,
    ),
    Transition(
        code="21", title="転出（国内）", law="住基法24条", before=_PRESENT,
        may=_NOTHING, must=_NOTHING, after=Standing.OUT, date=EventDate.AHEAD,
    ),
    Transition(
        code="22", title="転出（国外）", law="住基法24条", before=_PRESENT,
        may=_NOTHING, must=_NOTHING, after=Standing.OUT, date=EventDate.AHEAD,
    ),
    Transition(
        code="23", title="死亡", law="住基法8条", before=_PRESENT,
        may=_NOTHING, must=_NOTHING, after=Standing.DEAD, date=EventDate.VAGUE,
    ),
    Transition(
        code="24", title="職権消除等", law="住基法8条", before=_PRESENT,
        may=_NOTHING, must=_NOTHING, after=Standing.GONE, date=EventDate.VAGUE,
    ),
    Transition(
        code="25", title="異動の取消し（減）", law="住基法8条; 標準仕様書 j210, j980", before=_PRESENT,
        may=_NOTHING, must=_NOTHING, after=Standing.GONE, date=EventDate.EXACT,
    ),
    Transition(
        code="31", title="転居", law="住基法23条", before=_PRESENT,
        may=_ADDRESS, must=_ADDRESS, after=Standing.PRESENT, date=EventDate.EXACT,
    ),
    Transition(
        code="32", title="職権修正等", law="住基法8条", before=_PRESENT,
        may=_NAME | _BIRTH_SEX | _ADDRESS, must=_NAME | _BIRTH_SEX | _ADDRESS,
        after=Standing.PRESENT, date=EventDate.EXACT,
    ),
    # Kept apart from 32: it revokes no certificate (公的個人認証; 住基法30条の15第3項).
    Transition(
        code="33", title="軽微な修正", law="施行規則11条3項2号", before=_PRESENT,
        may=_WRITTEN_NAME | _ADDRESS, must=_WRITTEN_NAME | _ADDRESS, after=Standing.PRESENT, date=EventDate.EXACT,
    ),
    Transition(
        code="34", title="氏名の振り仮名の記載・修正", law="住基法7条1号の2", before=_PRESENT,
        may=_KANA, must=_KANA, after=Standing.PRESENT, date=EventDate.EXACT,
    ),
    Transition(
        code="35", title="旧氏の記載・変更・削除", law="施行令30条の13", before=_PRESENT,
        may=_FORMER_NAME, must=_FORMER_NAME, after=Standing.PRESENT, date=EventDate.EXACT,
    ),
    Transition(
        code="36", title="通称の記載・削除", law="施行令30条の16", before=_PRESENT,
        may=_NAME, must=_NAME, after=Standing.PRESENT, date=EventDate.EXACT,
    ),
    Transition(
        code="37", title="異動の取消し（修正）", law="住基法8条; 標準仕様書 j210, j980", before=_PRESENT,
        may=_NAME | _BIRTH_SEX | _ADDRESS | _FORMER_NAME | _NUMBER,
        must=_NAME | _BIRTH_SEX | _ADDRESS | _FORMER_NAME | _NUMBER,
        after=Standing.PRESENT, date=EventDate.EXACT,
    ),
    # On the announced day, of everybody whom it moves; the old code stays in the versions before.
    Transition(
        code="38", title="廃置分合・境界変更", law="地方自治法7条", before=_PRESENT, sender=Sender.SUCCESSOR,
        may=_ADDRESS | _MUNICIPALITY, must=items(7) | _MUNICIPALITY, after=Standing.PRESENT, date=EventDate.EXACT,
    ),
    Transition(
        code="41", title="個人番号の変更", law="住基法7条8号の2", before=_PRESENT,
        may=_NUMBER, must=_NUMBER, after=Standing.PRESENT, date=EventDate.EXACT, number=Number.REPLACED,
    ),
    Transition(
        code="42", title="個人番号の職権記載", law="住基法7条8号の2", before=_PRESENT,
        may=_NUMBER, must=_NUMBER, after=Standing.PRESENT, date=EventDate.EXACT, number=Number.GIVEN,
    ),
    Transition(
        code="51", title="住民票コードの変更請求・職権記載", law="住基法30条の3, 30条の4", before=_PRESENT,
        may=_CODE, must=_CODE, after=Standing.PRESENT, date=EventDate.EXACT,
    ),
)  # fmt: skip

HONNIN_REASONS = {row.code: row for row in _ROWS}

NOT_NOTIFIABLE = {
    "91": "世帯分離", "92": "世帯合併", "93": "世帯変更", "94": "世帯主変更", "95": "改製", "96": "再製",
}  # fmt: skip
"""異動事由 of a municipality's own register that change none of the items of 住基法30条の6第1項, by our codes."""
