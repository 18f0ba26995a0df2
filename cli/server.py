"""`yima server`: run the centre, and look after it."""

from __future__ import annotations

from cli.parts import Part, PartsGroup, group_of_parts

PARTS: dict[str, Part] = {
    "run": Part("运行中心，直到 Ctrl-C / Run the centre until Ctrl-C.", "cli.centre_run", "run", "server"),
    "key": Part(
        "显示中心公钥与指纹 / Print the centre's public key and fingerprint.", "cli.centre_key", "key", "server"
    ),
    "backup": Part("备份中心，运行中也可 / Back the centre up, while it runs.", "cli.continuity", "backup", "server"),
    "restore": Part(
        "恢复备份；须先停止中心 / Restore a backup; stop the centre first.",
        "cli.continuity",
        "restore_backup",
        "server",
    ),
    "user": Part("账号 / Accounts", "cli.people", "user_app", "server"),
    "token": Part("访问令牌 / API tokens", "cli.people", "token_app", "server"),
    "terminal": Part("终端设备 / Terminals", "cli.terminals", "terminal_app", "server"),
    "catalogue": Part("匹配库 / The matching library", "cli.centre_catalogue", "catalogue_app", "server"),
    "institution": Part("定点医药机构 / Designated institutions", "cli.institutions", "institution_app", "server"),
    "practitioner": Part("医师和药师 / Doctors and pharmacists", "cli.practitioners", "practitioner_app", "server"),
    "insured": Part("参保人员 / Insured people", "cli.insured", "insured_app", "server"),
    "list": Part("国家目录 / National lists", "cli.lists", "list_app", "server"),
    "approval": Part("双通道用药审批 / Approvals of dual-channel drugs", "cli.entitlements", "approval_app", "server"),
    "prescription": Part("电子处方 / E-prescriptions", "cli.entitlements", "prescription_app", "server"),
}


class CentreParts(PartsGroup):
    """The parts of `yima server`."""

    parts = PARTS


server_app = group_of_parts("中心 / The centre", CentreParts)
