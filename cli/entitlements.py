"""`yima server approval` and `yima server prescription`: what entitles to a sale beyond being insured."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from typing import Annotated

import typer

from cli.centre import CORRECT_IT, AsJson, AsJsonLines, Config, opened_centre
from cli.group import command_group
from cli.list_import import DryRun, File, read_list, show_counts, show_faults
from cli.listing import show_blocks
from server.eprescription.importing import import_prescriptions
from server.eprescription.listing import ListedPrescription, list_prescriptions
from server.opening import utc_now
from server.people.approvals import import_approvals, list_approvals, revoke_approvals
from server.people.list_file import ListFaultsError
from server.people.roles import COMMAND_LINE
from server.settlement.sale import plain
from server.store.entitlements import Approval, ApprovalState, PrescriptionState
from wire.fsi.values import BEIJING

approval_app = command_group("双通道用药审批 / Approvals of dual-channel drugs")
prescription_app = command_group("电子处方 / E-prescriptions")

Named = Annotated[str, typer.Argument(help="审批的标识或编号 / Id or number of an approval", metavar="APPROVAL")]
Reason = Annotated[str, typer.Option(help="原因 / Reason")]
OfPerson = Annotated[str, typer.Option("--person", help="只列该人员编号 / Of this person only")]
OfDrug = Annotated[str, typer.Option("--item", help="只列该药品编码 / Of this drug only")]
_STATES = {ApprovalState.GRANTED: "有效 / granted", ApprovalState.WITHDRAWN: "已撤销 / withdrawn"}
_STAGES = {
    PrescriptionState.UPLOADED: "已上传 / uploaded",
    PrescriptionState.SIGNED: "已签章 / signed",
    PrescriptionState.ISSUED: "已开具，待审方 / issued",
    PrescriptionState.REVIEWED: "已审方 / reviewed",
    PrescriptionState.REFUSED: "审方未通过 / refused",
    PrescriptionState.USED: "已用完 / used",
    PrescriptionState.WITHDRAWN: "已撤销 / withdrawn",
}


@approval_app.command("import")
def import_list(file: File, config: Config, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """导入双通道审批，要么全部要么不导入 / Import approvals, all of them or nothing.

    样例见 config/seed/approvals.csv；一份审批指定几家药店，就写几行。
    A sample is config/seed/approvals.csv; a document that names several pharmacies is as many lines.
    """
    content = read_list(file)
    with opened_centre(config) as store:
        try:
            counts = import_approvals(store, content, by=COMMAND_LINE, now=utc_now(), is_trial=dry_run)
        except ListFaultsError as exc:
            raise show_faults(exc, as_json=as_json) from exc
    show_counts(counts, is_trial=dry_run, as_json=as_json)


@approval_app.command("list")
def list_all(config: Config, person: OfPerson = "", item: OfDrug = "", as_json: AsJsonLines = False) -> None:
    """列出双通道审批 / List approvals."""
    with opened_centre(config) as store:
        found = list_approvals(store, psn_no=person, item=item)
    if as_json:
        for one in found:
            typer.echo(json.dumps(_record(one), ensure_ascii=False))
        return
    if not found:
        typer.echo("没有双通道审批 / There are no approvals")
    show_blocks(
        (
            ("审批 / approval", f"{one.id}  {one.detail.get('number', '')}  {_STATES[one.state]}"),
            ("人员 / person", one.psn_no),
            ("药品 / drug", f"{one.item}  {_quantity(one)}"),
            ("责任医师 / doctor", one.doctor),
            ("药店 / pharmacy", one.pharmacy),
            ("期限 / days", f"{one.from_day} — {one.to_day or ''}"),
        )
        for one in found
    )


@approval_app.command("revoke")
def revoke(approval: Named, config: Config, reason: Reason = "") -> None:
    """撤销审批的全部药店 / Withdraw an approval at all its pharmacies."""
    with opened_centre(config, {"request.not_found": CORRECT_IT}) as store:
        done = revoke_approvals(store, approval, by=COMMAND_LINE, now=utc_now(), reason=reason)
    typer.echo(f"已撤销 / withdrawn: {len(done)}")


@prescription_app.command("import")
def import_e_prescriptions(file: File, config: Config, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """导入电子处方，要么全部要么不导入 / Import e-prescriptions, all of them or nothing.

    样例见 config/seed/prescriptions.csv；一行一种药，同一编号的各行是一张处方。再导入只会推进状态，余量由本中心记。
    A sample is config/seed/prescriptions.csv; a line is a drug, the lines of a number are one prescription.
    """
    content = read_list(file)
    with opened_centre(config) as store:
        try:
            counts = import_prescriptions(store, content, by=COMMAND_LINE, now=utc_now(), is_trial=dry_run)
        except ListFaultsError as exc:
            raise show_faults(exc, as_json=as_json) from exc
    show_counts(counts, is_trial=dry_run, as_json=as_json)


@prescription_app.command("list")
def list_e_prescriptions(config: Config, person: OfPerson = "", as_json: AsJsonLines = False) -> None:
    """列出电子处方及余量 / List e-prescriptions and what is left of them."""
    with opened_centre(config) as store:
        found = list_prescriptions(store, psn_no=person)
    if as_json:
        for one in found:
            typer.echo(json.dumps(_prescription_record(one), ensure_ascii=False))
        return
    if not found:
        typer.echo("没有电子处方 / There are no e-prescriptions")
    show_blocks(
        (
            ("处方 / prescription", f"{one.prescription.number}  {_STAGES[one.prescription.state]}"),
            ("人员 / person", one.prescription.psn_no),
            ("医师 / doctor", f"{one.prescription.doctor}  {one.prescription.institution}"),
            ("有效至 / valid to", _last_moment(one.prescription.valid_to_at)),
            (
                "药品 / drugs",
                "，".join(f"{line.item} {plain(line.left)}/{plain(line.count)}{line.unit}" for line in one.lines),
            ),
            (
                "配药 / dispensed",
                "，".join(f"{use.institution} {use.used_by} {plain(use.count)}" for use in one.uses) or "—",
            ),
        )
        for one in found
    )


def _last_moment(until: datetime) -> str:
    """Return until when something holds; the first moment of a day is the end of the day before."""
    local = until.astimezone(BEIJING)
    return f"{local - timedelta(days=1):%Y-%m-%d}" if local.time() == time() else f"{local:%Y-%m-%d %H:%M}"


def _quantity(one: Approval) -> str:
    quantity, days = one.detail.get("quantity"), one.detail.get("window_days")
    return f"{days} 天限 {quantity} / {quantity} in {days} days" if quantity else ""


def _record(one: Approval) -> dict[str, object]:
    return {
        "id": one.id,
        "number": one.detail.get("number", ""),
        "psn_no": one.psn_no,
        "item": one.item,
        "doctor": one.doctor,
        "pharmacy": one.pharmacy,
        "from": one.from_day.isoformat(),
        "to": one.to_day.isoformat() if one.to_day else None,
        "state": one.state.value,
        "quantity": one.detail.get("quantity"),
        "window_days": one.detail.get("window_days"),
        "reason": one.detail.get("reason", ""),
    }


def _prescription_record(one: ListedPrescription) -> dict[str, object]:
    found = one.prescription
    return {
        "number": found.number,
        "psn_no": found.psn_no,
        "doctor": found.doctor,
        "institution": found.institution,
        "state": found.state.value,
        "issued": found.issued_at.isoformat(),
        "valid_to": found.valid_to_at.isoformat(),
        "reviewed_by": found.reviewed_by,
        "drugs": [
            {"n": line.n, "item": line.item, "count": f"{line.count:f}", "left": f"{line.left:f}", "unit": line.unit}
            for line in one.lines
        ],
        "dispensed": [
            {"institution": use.institution, "used_by": use.used_by, "n": use.n, "count": f"{use.count:f}"}
            for use in one.uses
        ],
    }
