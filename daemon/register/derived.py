"""Items that follow from other items (origin DERIVED), and the transition that a record asks for."""

from daemon.errors import InputError
from daemon.register.fuhyo_reasons import FUHYO_REASONS
from daemon.register.honnin_reasons import HONNIN_REASONS, NOT_NOTIFIABLE
from daemon.register.kana import seion
from daemon.register.rows import FuhyoRecord, HonninRecord, Record
from daemon.register.transitions import Standing, Transition

ABROAD = "99999"
"""住所市町村コード of a 国外転出者 (fuhyo item 7)."""

STATUS = {Standing.PRESENT: "1", Standing.ABROAD: "2", Standing.STRUCK: "9"}
"""附票本人確認情報状態区分 (fuhyo item 15)."""

# 外字パターン (fuhyo item 17): which fields hold 外字, as a bit mask.
_NAME, _ADDRESS, _LAST_ADDRESS = 1, 2, 4


def table_of(record: Record) -> tuple[dict[str, Transition], str, str]:
    """The transition table of its register, what it names there, and in which field."""
    if isinstance(record, HonninRecord):
        return HONNIN_REASONS, record.reason, "reason"
    return FUHYO_REASONS, record.notice_kind, "notice_kind"


def transition_of(record: Record) -> Transition:
    """The row of the transition table that `record` names; InputError if there is none."""
    table, named, field = table_of(record)
    row = table.get(named)
    if row is None:
        not_notifiable = table is HONNIN_REASONS and named in NOT_NOTIFIABLE
        raise InputError("reason.not_notifiable" if not_notifiable else "reason.unknown", field=field)
    return row


def standing_after(record: Record) -> Standing:
    """Where the person stands once `record` is applied and its date has come."""
    after = transition_of(record).after
    if (
        isinstance(record, FuhyoRecord)
        and after is Standing.PRESENT
        and record.address_municipality == ABROAD
    ):
        return Standing.ABROAD
    return after


def honnin_derived(record: HonninRecord) -> dict[str, str]:
    """Items 13, 20 and 21 of a checked record."""
    gaiji = record.name_gaiji + record.address_gaiji + record.former_name_gaiji
    return {
        "seion_kana": seion(record.kana),
        "gaiji_flag": "1" if gaiji else "0",
        "struck_flag": "1" if transition_of(record).strikes else "0",
    }


def fuhyo_derived(record: FuhyoRecord) -> dict[str, str]:
    """Items 15, 16 and 17 of a checked record."""
    pattern = (
        (_NAME if record.name_gaiji else 0)
        | (_ADDRESS if record.address_gaiji else 0)
        | (_LAST_ADDRESS if record.last_address_gaiji else 0)
    )
    return {
        "status": STATUS[standing_after(record)],
        "gaiji_flag": "1" if pattern else "0",
        "gaiji_pattern": str(pattern),
    }


def derived(record: Record) -> dict[str, str]:
    """The DERIVED items of a checked record, by name."""
    return honnin_derived(record) if isinstance(record, HonninRecord) else fuhyo_derived(record)
