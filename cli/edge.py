"""`yima edge`: run a terminal, and look after it."""

from __future__ import annotations

from cli.parts import Part, PartsGroup, group_of_parts

PARTS: dict[str, Part] = {
    "run": Part("运行终端，直到 Ctrl-C / Run the terminal until Ctrl-C.", "cli.edge_run", "run", "edge"),
    "key": Part("显示终端指纹与公钥，供中心核对 / Print fingerprint and public key.", "cli.edge_key", "key", "edge"),
    "status": Part(
        "显示终端状态，检查记录链 / Show how the terminal is and check its chain.", "cli.edge_status", "status", "edge"
    ),
    "certificate": Part(
        "生成或显示本机自签证书与指纹 / Make or show our own certificate.",
        "cli.edge_certificate",
        "certificate",
        "edge",
    ),
    "operator": Part("操作员 / Operators", "cli.edge_operators", "operator_app", "edge"),
    "catalogue": Part("商品目录 / The matching library", "cli.edge_catalogue", "catalogue_app", "edge"),
    "token": Part("收银软件等程序的访问令牌 / API tokens for programs", "cli.edge_tokens", "token_app", "edge"),
    "batch": Part("药品批次 / Lots on the shelf", "cli.edge_batches", "batch_app", "edge"),
}


class TerminalParts(PartsGroup):
    """The parts of `yima edge`."""

    parts = PARTS


edge_app = group_of_parts("终端 / A terminal", TerminalParts)
