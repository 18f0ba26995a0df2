"""What can go wrong with an account or with signing in."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import ClassVar

from codes.errors import RejectedError
from codes.words import Words
from edge.errors import EdgeError


class SignInRefusedError(EdgeError, RejectedError):
    """Operator or password is wrong; which one is not said."""

    code: ClassVar[str] = "session.refused"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNAUTHORIZED
    next_step: ClassVar[Words] = Words(
        "请核对工号与密码；忘记密码时由管理员执行 yima edge operator password。",
        "Check operator and password; an administrator can set a new one with `yima edge operator password`.",
    )

    def __init__(self) -> None:
        super().__init__(Words("工号或密码不正确", "Operator or password is wrong"))


class SignInLockedError(EdgeError, RejectedError):
    """Too many wrong passwords: wait."""

    code: ClassVar[str] = "session.locked"
    status: ClassVar[HTTPStatus] = HTTPStatus.TOO_MANY_REQUESTS
    next_step: ClassVar[Words] = Words("请稍后再试。", "Wait, then try again.")

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, round(wait.total_seconds()))
        super().__init__(
            Words(f"密码连续输错，请等待 {seconds} 秒", f"Too many wrong passwords; wait {seconds} seconds")
        )
        self.retry_after_s = seconds


class SignInRequiredError(EdgeError, RejectedError):
    """The browser shows no sign of having been signed in."""

    code: ClassVar[str] = "session.required"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNAUTHORIZED
    next_step: ClassVar[Words] = Words("请先登录。", "Sign in first.")

    def __init__(self) -> None:
        super().__init__(Words("尚未登录", "Not signed in"))


class SessionEndedError(EdgeError, RejectedError):
    """The browser was signed in and is not any more: signed out, taken over by a colleague, or too long ago."""

    code: ClassVar[str] = "session.ended"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNAUTHORIZED
    next_step: ClassVar[Words] = Words("请重新登录。", "Sign in again.")

    def __init__(self) -> None:
        super().__init__(
            Words("登录已失效：已退出、已被接班或已过期", "The session ended: signed out, taken over, or old")
        )


class OperatorExistsError(EdgeError, RejectedError):
    """There is an operator of this login already."""

    code: ClassVar[str] = "operator.exists"
    next_step: ClassVar[Words] = Words("请换一个工号。", "Choose another login.")


class OperatorUnknownError(EdgeError, RejectedError):
    """There is no operator of this login."""

    code: ClassVar[str] = "operator.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    next_step: ClassVar[Words] = Words(
        "运行 yima edge operator list 查看所有工号。", "`yima edge operator list` shows every login."
    )


class OperatorDisabledError(EdgeError, RejectedError):
    """The password was right, but the operator may not sign in any more."""

    code: ClassVar[str] = "operator.disabled"
    status: ClassVar[HTTPStatus] = HTTPStatus.FORBIDDEN
    next_step: ClassVar[Words] = Words(
        "如需恢复，由管理员执行 yima edge operator enable。",
        "An administrator can undo it with `yima edge operator enable`.",
    )

    def __init__(self, login: str) -> None:
        super().__init__(Words(f"工号 {login} 已停用，不能登录", f"Operator {login} is disabled and cannot sign in"))


class LoginFormError(EdgeError, RejectedError):
    """A login or name that cannot be used."""

    code: ClassVar[str] = "operator.form"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    next_step: ClassVar[Words] = Words(
        "工号为 1–32 个字母、数字、点、横线或下划线。", "A login is 1–32 letters, digits, dots, dashes or underscores."
    )


class WeakPasswordError(EdgeError, RejectedError):
    """A password that is too easily guessed."""

    code: ClassVar[str] = "operator.weak_password"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    next_step: ClassVar[Words] = Words(
        "请换一个更长的密码，或不指定密码由系统生成。",
        "Choose a longer one, or leave it out and let the system make one.",
    )


class TokenRefusedError(EdgeError, RejectedError):
    """The token that came with a request is not in force."""

    code: ClassVar[str] = "token.refused"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNAUTHORIZED
    next_step: ClassVar[Words] = Words(
        "请核对令牌；已吊销或遗失时由管理员执行 yima edge token create 重新生成。",
        "Check the token; an administrator makes a new one with `yima edge token create`.",
    )

    def __init__(self) -> None:
        super().__init__(Words("访问令牌无效或已吊销", "The token is wrong or was revoked"))


class TokenLockedError(EdgeError, RejectedError):
    """Too many wrong tokens from one address: wait."""

    code: ClassVar[str] = "token.locked"
    status: ClassVar[HTTPStatus] = HTTPStatus.TOO_MANY_REQUESTS
    next_step: ClassVar[Words] = Words(
        "请改正该程序里的令牌，稍后再试。", "Correct the token in that program, then wait and try again."
    )

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, round(wait.total_seconds()))
        super().__init__(
            Words(f"该地址连续出示错误令牌，请等待 {seconds} 秒", f"Too many wrong tokens; wait {seconds} seconds")
        )
        self.retry_after_s = seconds


class ScopeMissingError(EdgeError, RejectedError):
    """The token is good, but not for this."""

    code: ClassVar[str] = "token.scope"
    status: ClassVar[HTTPStatus] = HTTPStatus.FORBIDDEN
    next_step: ClassVar[Words] = Words(
        "请管理员按需要的权限另建令牌；设备与被拒记录须由操作员在页面处理。",
        "Have an administrator make a token with that scope; devices and refused records are an operator's to handle.",
    )

    def __init__(self, name: str, scope: str | None) -> None:
        zh, en = (
            ("须由操作员本人操作", "it takes an operator")
            if scope is None
            else (f"需要权限 {scope}", f"it needs {scope}")
        )
        super().__init__(Words(f"令牌 {name} 无权这样做：{zh}", f"Token {name} may not do this: {en}"))


class ShiftNotOpenError(EdgeError, RejectedError):
    """A program asks for what happens in an operator's name, and nobody is at work."""

    code: ClassVar[str] = "shift.not_open"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    next_step: ClassVar[Words] = Words(
        "请操作员先在终端页面登录。", "Have the operator sign in at the terminal's page first."
    )

    def __init__(self) -> None:
        super().__init__(Words("当前没有人当班", "Nobody is signed in at this terminal"))


class TokenExistsError(EdgeError, RejectedError):
    """There is a token of this name already."""

    code: ClassVar[str] = "token.exists"
    next_step: ClassVar[Words] = Words(
        "请换一个名称，或先执行 yima edge token revoke。", "Choose another name, or `yima edge token revoke` it first."
    )


class TokenUnknownError(EdgeError, RejectedError):
    """There is no token of this name in force."""

    code: ClassVar[str] = "token.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    next_step: ClassVar[Words] = Words(
        "运行 yima edge token list 查看所有令牌。", "`yima edge token list` shows every token."
    )


class TokenFormError(EdgeError, RejectedError):
    """A name or scopes that cannot be used."""

    code: ClassVar[str] = "token.form"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    next_step: ClassVar[Words] = Words(
        "名称为 1–32 个字母、数字、点、横线或下划线；权限为 read、scan、sell。",
        "A name is 1–32 letters, digits, dots, dashes or underscores; scopes are read, scan and sell.",
    )
