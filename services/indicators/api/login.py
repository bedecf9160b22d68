"""Signing in with a browser: by a token, or by a link that works once, made for somebody who has one."""

from typing import Annotated, Any, Final
from urllib.parse import parse_qs

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from services.indicators.api.access import BAD_TOKEN, COOKIE, NO_TOKEN, Access, NotLetIn, caller_of
from services.indicators.api.login_page import login_page, signed_in_page, signed_out_page
from services.indicators.api.questions import Problem
from services.indicators.api.sessions import SESSION_SECONDS, TICKET_SECONDS

FORM: Final = "application/x-www-form-urlencoded"
HTML: Final = "text/html"
FORM_BYTES_MAX: Final = 10_000
"""No form with a token is longer; whoever sends it has shown none yet, so nothing longer is taken apart."""
BAD_TICKET: Final = Problem(
    code="bad_ticket", zh="登录链接已用过或已过期；请输入令牌，或重新运行 kaiye login",
    en="the link was used already or is too old: enter a token, or run kaiye login again",
)  # fmt: skip
_PAGE: Final[dict[str, Any]] = {"content": {HTML: {"schema": {"type": "string"}}}}
_NOT_SIGNED_IN: Final = {**_PAGE, "description": "令牌或链接无效 / the token or the link opens nothing"}
_USERS_AWAY: Final = {**_PAGE, "description": "用户名单暂时无法读取 / the list of users cannot be read at the moment"}
_SIGNED_IN: Final = {**_PAGE, "description": "已登录，或登录页 / signed in, or where one signs in"}
_FORM_SCHEMA: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {FORM: {"schema": {
            "type": "object", "required": ["token"],
            "properties": {
                "token": {"type": "string", "description": "令牌 / the token"},
                "to": {"type": "string", "description": "登录后前往 / where to go from there"},
            },
        }}},
    }
}  # fmt: skip


class LoginQuestion(BaseModel):
    """How to sign in."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    ticket: str | None = Field(default=None, description="一次有效的登录凭证 / what signs in once")
    to: str = Field(default="/", description="登录后前往 / where to go from there", examples=["/board"])


class Ticket(BaseModel):
    """What signs in once."""

    model_config = ConfigDict(frozen=True)
    path: str = Field(description="登录链接的路径，一次有效 / path of the link that signs in once", examples=["/login?ticket=…"])
    seconds: int = Field(description="有效秒数 / for so many seconds", examples=[int(TICKET_SECONDS)])


def add_login(app: FastAPI, access: Access) -> None:
    """Add the pages for signing in and out."""

    @app.get(
        "/login", response_class=HTMLResponse, responses={200: _SIGNED_IN, 401: _NOT_SIGNED_IN, 503: _USERS_AWAY},
        summary="浏览器登录页 / where people sign in with a browser",
    )  # fmt: skip
    async def enter(request: Request, question: Annotated[LoginQuestion, Query()]) -> HTMLResponse:
        """带 ticket 的即行登录（一次有效），否则给出输入令牌的表单 / with a `ticket` it signs in, once; without one it asks for a token"""
        if question.ticket is None:
            return login_page(200, to=question.to)
        digest = access.tickets.take(question.ticket)
        if digest is None:
            return login_page(401, to=question.to, problem=BAD_TICKET)
        return _signed_in(request, digest, question.to)

    @app.post(
        "/login", response_class=HTMLResponse, responses={200: _SIGNED_IN, 401: _NOT_SIGNED_IN, 503: _USERS_AWAY},
        openapi_extra=_FORM_SCHEMA, summary="以令牌登录 / sign in by a token",
    )  # fmt: skip
    async def sign_in(request: Request) -> HTMLResponse:
        """设置仅供本站使用、脚本不可读的 cookie，12 小时有效 / sets a cookie for 12 hours that no script reads and no other site uses"""
        form = await request.body()
        if len(form) > FORM_BYTES_MAX:
            return login_page(401, to="/", problem=BAD_TOKEN)
        said = parse_qs(form.decode("utf-8", "replace"))
        token, to = (said.get(name, [""])[0] for name in ("token", "to"))
        try:
            caller = access.of_token(token.strip())
        except NotLetIn as refused:
            return login_page(refused.status, to=to, problem=refused.problem)
        return _signed_in(request, caller.digest, to)

    def _signed_in(request: Request, digest: str, to: str) -> HTMLResponse:
        page = signed_in_page(to)
        page.set_cookie(
            COOKIE, access.sessions.give(digest), max_age=int(SESSION_SECONDS), httponly=True, samesite="strict",
            secure=request.url.scheme == "https",
        )  # fmt: skip
        return page

    @app.post(
        "/logout", response_class=HTMLResponse, responses={200: {**_PAGE, "description": "已退出 / signed out"}},
        summary="退出登录 / sign out",
    )  # fmt: skip
    async def sign_out(request: Request) -> HTMLResponse:
        """作废本浏览器的登录 / this browser's cookie is good for nothing from now on"""
        access.sessions.take(request.cookies.get(COOKIE, ""))
        page = signed_out_page()
        page.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return page

    @app.post("/login/ticket", response_model=Ticket, summary="一次有效的登录链接 / a link that signs in once")
    async def ticket(request: Request) -> Any:
        """持令牌者为浏览器换取，链接中没有令牌 / for whoever has a token; the link does not hold it"""
        caller = caller_of(request)
        if caller.user is None or caller.by_cookie:  # nobody stays signed in by making links for oneself
            raise NotLetIn(401, NO_TOKEN)
        word = access.tickets.give(caller.digest)
        return Ticket(path=f"/login?ticket={word}", seconds=int(TICKET_SECONDS))
