"""YAML whose numbers stay what was written: 0.1 is a tenth, never the nearest float.

A name that stands twice in one table is refused, since one of the two values would silently be lost.
"""

from __future__ import annotations

from collections.abc import Hashable
from decimal import Decimal, InvalidOperation
from typing import ClassVar

import yaml

from codes.errors import YimaError
from codes.words import Words


class NotYamlError(YimaError):
    """The text is no YAML, or none that says one thing only."""

    code: ClassVar[str] = "yaml.wrong"
    next_step: ClassVar[Words] = Words("请改正该处后重试。", "Correct it there and try again.")


_PROBLEMS = (
    ("stands there twice", "同一名称出现两次"),
    ("'\\t'", "用了制表符，应改为空格"),
    ("cannot start any token", "以 @、%、` 等符号开头的文字要加引号"),
    ("<document start>", "缩进不一致"),
    ("expected ',' or", "方括号或花括号没有闭合，或缺少逗号"),
    ("could not find expected ':'", "缺少冒号"),
    ("mapping values are not allowed", "此处不应有冒号：检查缩进；含冒号的文字要加引号"),
    ("end of stream", "引号没有闭合"),
    ("expected <block end>", "缩进不一致，或括号、引号有误"),
    ("another document", "含有多个文档（---），只应有一个"),
    ("expected a single document", "含有多个文档（---），只应有一个"),
    ("undefined alias", "引用了没有定义的锚点"),
    ("recursive", "内容引用了自身"),
    ("could not determine a constructor", "含有不允许的标签（!!）"),
    ("unhashable", "名称不能是列表或表"),
    ("special characters are not allowed", "含有控制字符"),
    ("nested too deeply", "嵌套过深"),
    ("day is out of range", "日期不存在"),
    ("month must be", "日期不存在"),
)
"""What the parser says, and the Chinese for it."""


class _Loader(yaml.SafeLoader):
    """Plain values only; see the constructors below."""


def load_exact(text: str) -> object:
    """Return the one document of a text: tables, lists, text, integers, decimals, truth values, dates and null.

    Raises:
        NotYamlError: It is no YAML, holds several documents, or names something twice; with line and column.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as exc:
        raise _not_yaml(exc.problem or exc.context or "", exc.problem_mark or exc.context_mark) from exc
    except (yaml.YAMLError, ValueError) as exc:
        # A control character in the text, a date that no calendar has.
        raise _not_yaml(str(exc).splitlines()[0], None) from exc
    except RecursionError as exc:
        raise _not_yaml("nested too deeply", None) from exc


def _not_yaml(problem: str, mark: yaml.Mark | None) -> NotYamlError:
    if mark is None:
        return NotYamlError(Words(f"不是可用的 YAML：{_in_chinese(problem)}", f"No usable YAML: {problem}"))
    line, column = mark.line + 1, mark.column + 1
    return NotYamlError(
        Words(
            f"第 {line} 行第 {column} 列不是可用的 YAML：{_in_chinese(problem)}",
            f"Line {line}, column {column} is no usable YAML: {problem}",
        )
    )


def _in_chinese(problem: str) -> str:
    """Return what the parser complains of, as far as its words tell; it speaks English only."""
    return next((zh for said, zh in _PROBLEMS if said in problem), "语法有误，请检查缩进、冒号、引号与括号")


def _decimal(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
    try:
        return Decimal(node.value.replace("_", ""))
    except InvalidOperation:
        # .inf, .nan and 1:30.5 are floats to YAML; as text, whoever wants a number will say that it is none.
        return node.value


def _integer(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
    try:
        return int(node.value.replace("_", ""))
    except ValueError:
        return node.value


def _table(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Hashable, object]:
    seen: set[object] = set()
    for key, _ in node.value:
        name = key.value
        if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the name {name!r} stands there twice", key.start_mark
                )
            seen.add(name)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


def _list(loader: yaml.SafeLoader, node: yaml.SequenceNode) -> list[object]:
    # At once and not piece by piece, so that a list that holds itself is refused.
    return loader.construct_sequence(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:float", _decimal)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:map", _table)
_Loader.add_constructor("tag:yaml.org,2002:seq", _list)
