"""3508 to 3513: what an institution has reported: stock, changes, purchases, sales, codes taken in, codes sold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from rules.stock import Movement
from server.fsi.batches import movement_of, quantity_in
from server.fsi.desk import Deeds, Desk, reading
from server.fsi.stock_asked import Asked, Shown, answering, key_of
from server.fsi.stock_rows import personal_place
from server.store import stock
from server.store.claimants import load_claimants
from server.store.stock import StockRecord
from server.store.stock_entry import OF_RECORD, find_records_of_batch, find_returned
from wire.fsi.trace_codes import read_codes
from wire.fsi.values import BEIJING

_SHORT: Final = Decimal("0.01")


def _common(desk: Desk, one: StockRecord) -> dict[str, object]:
    """Return what every kind of record shows."""
    operator = one.fields.get("opter")
    name = one.fields.get("opter_name")
    return {
        "rid": one.id,
        "fixmedinsCode": one.institution,
        "fixmedinsBchno": one.batch,
        "medListCodg": one.item,
        "medinsListCodg": one.own_item,
        "medinsListName": one.name[:100],
        "rxFlag": "1" if one.is_prescription else "0",
        "memo": one.fields.get("memo"),
        "valiFlag": "1",
        "crterId": _cut(operator, 20),
        "crterName": name,
        "crteTime": one.received_at,
        "crteOptinsNo": one.institution,
        "opterId": _cut(operator, 20),
        "opterName": name,
        "optTime": one.received_at,
        "optinsNo": one.institution,
        "updtTime": one.received_at,
        "poolareaNo": desk.institution.district,
    }


def _of_batch(one: StockRecord) -> dict[str, object]:
    return {
        "manuLotnum": one.lot,
        "manuDate": _day(one.fields.get("manu_date")),
        "expyEnd": one.expires_day,
        "trdnFlag": "1" if one.is_split else "0",
    }


def _stock(asked: Asked) -> Iterable[Shown]:
    """Show what is there of each batch that anything was reported of, at the end of the period."""
    batches: dict[tuple[str, str], StockRecord] = {}
    for one in asked.records("3501", "3502", "3503", "3504", "3505", "3506"):
        batches[one.own_item, one.batch] = one
    until = asked.ends - timedelta(seconds=1)
    for (own_item, batch), newest in batches.items():
        records = find_records_of_batch(asked.desk.connection, asked.request.institution, own_item, batch, until=until)
        there, taken = quantity_in(records), [one for one in records if one.infno == "3501"]
        shown = taken[-1] if taken else newest
        yield {
            **_common(asked.desk, shown),
            **_of_batch(shown),
            "medinsProdInvNo": shown.id,
            "invCnt": None if there is None else _short(there),
            "invdate": taken[-1].happened_at.astimezone(BEIJING).date() if taken else None,
            "memo": "数量未知，请上传盘存（3501）" if there is None else shown.fields.get("memo"),
            "updtTime": newest.received_at,
        }


def _changes(asked: Asked) -> Iterable[Shown]:
    for one in asked.records("3502"):
        yield {
            **_common(asked.desk, one),
            "trdnFlag": "1" if one.is_split else "0",
            "medinsProdInvChgNo": one.id,
            "invChgType": one.change_kind,
            "invChgTime": one.happened_at,
            "invChgOpterName": one.fields.get("inv_chg_opter_name"),
            "cnt": one.count,
            "pric": one.price,
        }


def _purchases(asked: Asked) -> Iterable[Shown]:
    for one in asked.records("3503", "3504"):
        said = one.fields
        yield {
            **_common(asked.desk, one),
            "manuLotnum": one.lot,
            "manuDate": _day(said.get("manu_date")),
            "expyEnd": one.expires_day,
            "medinsProdPurcNo": one.id,
            "dyntNo": said.get("dynt_no"),
            "splerName": said.get("spler_name"),
            "splerPmtno": said.get("spler_pmtno"),
            "prodentpName": said.get("prodentp_name"),
            "aprvno": said.get("aprvno"),
            "purcInvoCodg": said.get("purc_invo_codg"),
            "purcInvoNo": said.get("purc_invo_no"),
            "purcRetnCnt": _short(one.count),
            "purcRetnStoinTime": one.happened_at,
            "purcRetnOpterName": said.get("purc_retn_opter_name"),
            "finlTrnsPric": one.price,
            "prodGeayFlag": said.get("prod_geay_flag"),
            "prodRetnFlag": "1" if one.infno == "3504" else "0",
        }


def _sales(asked: Asked) -> Iterable[Shown]:
    """Show sales and returns; a return bears the serial of its sale."""
    wanted = asked.said.text_or("medins_prod_sel_no", "")
    for one in asked.records("3505", "3506"):
        said, personal = one.fields, _personal(asked.desk, one)
        serial = said.get(OF_RECORD) or one.id
        # Asked for by the receipt's number, which is all that a till may know, it is found as well.
        is_wanted = wanted in {serial, one.document, said.get("stoout_no")}
        yield {
            **_common(asked.desk, one),
            **_of_batch(one),
            "medinsProdSelNo": wanted if is_wanted else serial,
            "setlId": one.setl_id,
            "psnNo": one.psn_no,
            "hiFeesetlType": said.get("hi_feesetl_type"),
            "psnCertType": said.get("psn_cert_type"),
            "certno": personal.get("certno"),
            "psnName": personal.get("psn_name"),
            "bilgDrName": personal.get("prsc_dr_name"),
            "prscDrCertType": _cut(said.get("prsc_dr_cert_type"), 3),
            "prscDrCertno": personal.get("prsc_dr_certno"),
            "pharCertType": _cut(said.get("phar_cert_type"), 3),
            "pharCertno": personal.get("phar_certno"),
            "pharName": personal.get("phar_name"),
            "pharPracCertNo": said.get("phar_prac_cert_no"),
            "selRetnCnt": _short(one.count),
            "selRetnTime": one.happened_at,
            "selRetnOpterName": said.get("sel_retn_opter_name"),
            "finlTrnsPric": one.price,
            "memo": said.get("memo") or ("销售退货" if one.infno == "3506" else None),
        }


def _codes_in(asked: Asked) -> Iterable[Shown]:
    """Show the codes that came into stock: counted, purchased, or added by a change."""
    records = [
        one for one in asked.records("3501", "3502", "3503") if movement_of(one) in {Movement.TAKEN, Movement.IN}
    ]
    for one, code in _with_codes(asked.desk, records):
        yield {**_common(asked.desk, one), "drugTracCodg": code}


def _codes_out(asked: Asked) -> Iterable[Shown]:
    """Show the codes that were sold; one that came back, or of which units did, says so."""
    desk = asked.desk
    sold = [(one, code, key_of(code)) for one, code in _with_codes(desk, asked.records("3505"))]
    back = find_returned(desk.connection, asked.request.institution, {key for _, _, key in sold})
    settled = load_claimants(desk.connection, {one.setl_id for one, _, _ in sold if one.setl_id})
    for one, code, key in sold:
        personal, claimant = _personal(desk, one), settled.get(one.setl_id or "")
        yield {
            **_common(desk, one),
            "trdnFlag": "1" if one.is_split else "0",
            "drugTracCodg": code,
            "mdtrtId": claimant.mdtrt_id if claimant is not None else "",
            "mdtrtSetlType": "1" if one.is_insured else "2",
            "bkkpSn": one.document,
            "psnNo": one.psn_no,
            "psnCertType": one.fields.get("psn_cert_type"),
            "certno": personal.get("certno"),
            "psnName": personal.get("psn_name"),
            "memo": _returned(one, back.get((one.id, key))) or one.fields.get("memo"),
        }


def _returned(sold: StockRecord, back: Decimal | None) -> str:
    """Return what has come back of a pack; nothing if none of it has."""
    if back is None:
        return ""
    # A whole pack comes back whole, also if its row sold several.
    if not sold.is_split or back >= sold.count:
        return "已退货"
    return f"部分退货 {back.normalize():f}/{sold.count.normalize():f}"


def _with_codes(desk: Desk, records: Sequence[StockRecord]) -> Iterable[tuple[StockRecord, str]]:
    """Yield each code of records as it was stated, or as the ledger has it where it was not."""
    kept = stock.load_stock_codes(desk.connection, [one.id for one in records])
    for one in records:
        stated = {key_of(code): code for code in read_codes(one.fields)}
        yield from ((one, stated.get(key, key)) for key in kept[one.id])


def _personal(desk: Desk, one: StockRecord) -> Mapping[str, str]:
    if one.personal_sealed is None:
        return {}
    return desk.parts.sealer.open_fields(one.personal_sealed, personal_place(one.id))


def _short(count: Decimal) -> Decimal:
    """Return a quantity with the two decimals that the answer has room for."""
    return count.quantize(_SHORT, ROUND_HALF_UP)


def _day(raw: object) -> date | None:
    return date.fromisoformat(raw) if isinstance(raw, str) else None


def _cut(raw: object, length: int) -> str | None:
    return raw[:length] if isinstance(raw, str) else None


TRANSACTIONS: Deeds = {
    "3508": reading(answering(_stock), is_always_open=True),
    "3509": reading(answering(_changes), is_always_open=True),
    "3510": reading(answering(_purchases), is_always_open=True),
    "3511": reading(answering(_sales), is_always_open=True, is_look_up=True),
    "3512": reading(answering(_codes_in), is_always_open=True),
    "3513": reading(answering(_codes_out), is_always_open=True, is_look_up=True),
}
