"""Why a case of worked examples cannot be worked out: the case fails with the reason, the others go on."""

from __future__ import annotations

from typing import ClassVar

from codes.errors import RejectedError
from codes.words import Words
from rules.examples.shown import shown


class ExampleError(RejectedError):
    """The root of what may be wrong with one example or one of its cases."""

    code: ClassVar[str] = "example.wrong"
    next_step: ClassVar[Words] = Words("请改正该例后重新运行。", "Correct the example and run it again.")


class MissingError(ExampleError):
    """A figure that the kind cannot do without is not given."""

    code: ClassVar[str] = "example.missing"

    def __init__(self, name: str) -> None:
        super().__init__(Words(f"缺少输入“{name}”。", f"The input {name!r} is missing."))
        self.name = name


class NotANumberError(ExampleError):
    """Something that must be a number is none, or none that money can have."""

    code: ClassVar[str] = "example.not_a_number"

    def __init__(self, name: str, raw: object) -> None:
        said = shown(raw)
        super().__init__(Words(f"“{name}”不是数字：“{said}”。", f"{name!r} is no number: “{said}”."))
        self.name = name


class OutOfRangeError(ExampleError):
    """A number that cannot be meant."""

    code: ClassVar[str] = "example.out_of_range"

    def __init__(self, name: str, raw: object, allowed: Words) -> None:
        super().__init__(
            Words(f"“{name}”为 {shown(raw)}，{allowed.zh}。", f"{name!r} is {shown(raw)}; it must be {allowed.en}."),
        )
        self.name = name


class ShapeError(ExampleError):
    """A list, a table or a truth value was to be here."""

    code: ClassVar[str] = "example.shape"

    def __init__(self, name: str, wanted: Words) -> None:
        super().__init__(Words(f"“{name}”应为{wanted.zh}。", f"{name!r} must be {wanted.en}."))
        self.name = name


class UnknownKindError(ExampleError):
    """Nobody knows how to work this kind out."""

    code: ClassVar[str] = "example.unknown_kind"

    def __init__(self, kind: str, known: tuple[str, ...]) -> None:
        names = ", ".join(known)
        if kind:
            words = Words(f"不认识的类型“{kind}”；已知：{names}。", f"Unknown kind {kind!r}; known are: {names}.")
        else:
            words = Words(f"没有写明类型 kind；已知：{names}。", f"No kind is given; known are: {names}.")
        super().__init__(words)
        self.kind = kind


class NothingExpectedError(ExampleError):
    """There is nothing to compare with; that is no pass."""

    code: ClassVar[str] = "example.nothing_expected"

    def __init__(self) -> None:
        super().__init__(Words("没有给出期望结果。", "No result is expected, so nothing was checked."))


class TooLargeError(ExampleError):
    """The figures grow beyond what is counted exactly."""

    code: ClassVar[str] = "example.too_large"

    def __init__(self) -> None:
        super().__init__(Words("计算中的数字过大，无法精确计算。", "The figures grow too large to be exact."))
