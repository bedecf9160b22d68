"""Who is let in at the HTTP door, and for what: asked before anything is read of what was sent.

A token (`Authorization: Bearer …`) says who asks; the list of users, read again whenever it changes, says what that one is;
`shared.users.MAY` says what such a one may do, as on the bus. A browser's cookie stands for a token, and only for asking: what is reported
carries its token itself, so no other page can make a browser report. An endpoint that does not stand in `NEEDED` is closed to everybody.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.indicators.api.login_page import login_page
from services.indicators.api.questions import Problem
from services.indicators.api.responses import Refused, problem_response
from services.indicators.api.sessions import SESSION_SECONDS, TICKET_SECONDS, Secrets
from shared.clock import today
from shared.logs import logger
from shared.tokens import digest_of
from shared.users import MAY, Act, BadUsers, DepartmentUser, Role, User

COOKIE: Final = "kaiye"
NEEDED: Final[Mapping[str, Act | None]] = {
    "GET /": "ask",
    "GET /docs": "ask",
    "GET /openapi.json": "ask",
    "GET /board": "ask",
    "GET /indicators": "ask",
    "GET /indicators/{id}": "ask",
    "GET /units": "ask",
    "GET /flags": "ask",
    "GET /duties": "ask",
    "GET /bulletin": "ask",
    "GET /rebuild": "ask",
    "POST /evaluation": "ask",
    "GET /explain/{id}": "ask",
    "GET /diff/{id}": "ask",
    "GET /facts": "facts",
    "GET /changes": "ask",
    "POST /reports": "report",
    "GET /reports/{id}": "report",
    "POST /identify": "report",
    "GET /repairs/{service}": "ask",
    "GET /repairs/{service}/{id}": "ask",
    "POST /repairs/{service}/acts/resubmit": "repair",
    "POST /repairs/{service}/acts/correct": "repair",
    "POST /repairs/{service}/acts/dismiss": "repair",
    "POST /login/ticket": "ask",
    "GET /login": None,
    "POST /login": None,
    "POST /logout": None,
    "GET /health": None,
    "GET /metrics": None,
}
"""What one has to be let do at each endpoint; None: nothing, for whoever watches the service or signs in has no token yet. Health and
metrics say how many records there are and how the service does, no figure and no person.
"""
ANONYMOUS: Final[Role] = "evaluator"
"""What somebody without a token is where none is needed."""
DOES: Final[Mapping[Act, tuple[str, str]]] = {
    "ask": ("查询", "ask for figures"), "facts": ("取用事实原文", "take the recorded facts"),
    "unmask": ("查看未脱敏的人员代码", "see whole pseudonyms"), "report": ("报送", "report"),
    "repair": ("处理待办报送", "deal with kept reports"), "command": ("下达命令", "command"), "operate": ("运维", "operate"),
}  # fmt: skip

NO_TOKEN: Final = Problem(
    code="no_token", zh="请出示令牌：Authorization: Bearer 令牌；浏览器请在 /login 登录。令牌由 kaiye department add 签发",
    en="a token is needed: Authorization: Bearer TOKEN, or sign in at /login with a browser; kaiye department add issues them",
)  # fmt: skip
BAD_TOKEN: Final = Problem(
    code="bad_token",
    zh="令牌无效或已撤销，请向创建办的系统管理员申领",
    en="the token is unknown or was revoked: ask the system's administrator for one",
)
NOT_BY_COOKIE: Final = Problem(
    code="not_by_cookie", zh="报送须在请求中出示令牌（Authorization: Bearer 令牌），浏览器的登录只用于查询",
    en="whoever reports sends the token with the request (Authorization: Bearer TOKEN); signing in with a browser is for asking only",
)  # fmt: skip
USERS_UNREADABLE: Final = Problem(
    code="users_unreadable", zh="用户名单无法读取，暂时无人可以进入，请通知系统管理员",
    en="the list of users cannot be read, so nobody is let in: tell the system's administrator",
)  # fmt: skip

log = logger(__name__)


class NotLetIn(Refused):
    """Somebody is not let in."""


class CutOff(Exception):
    """Whoever is being answered is not let in any more."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `user` is None for whoever needs no token to ask."""

    user: User | None = None
    digest: str = ""
    by_cookie: bool = False

    @property
    def role(self) -> Role:
        """What this one is."""
        return ANONYMOUS if self.user is None else self.user.role

    @property
    def name(self) -> str:
        """Who this one is: the system of a department, else the role."""
        return f"{self.user.department}/{self.user.system}" if isinstance(self.user, DepartmentUser) else self.role


class Access:
    """Who is let in. `users` gives everybody who has a token, by its digest, and may raise BadUsers; if `open`, who has none may ask."""

    def __init__(self, users: Callable[[], Mapping[str, User]] | None, *, open: bool) -> None:
        self._users = users
        self.open = open
        self.sessions = Secrets(SESSION_SECONDS)
        self.tickets = Secrets(TICKET_SECONDS)

    def of_token(self, token: str) -> Caller:
        """Who has a token. Raises NotLetIn."""
        return self._of_digest(digest_of(token), by_cookie=False)

    def of_request(self, headers: Headers) -> Caller:
        """Who sends a request. Raises NotLetIn."""
        if (said := headers.get("authorization")) is not None:
            scheme, _, token = said.partition(" ")
            if scheme.lower() != "bearer":
                raise NotLetIn(401, NO_TOKEN)
            return self.of_token(token.strip())
        digest = self.sessions.whose(cookie_parser(headers.get("cookie", "")).get(COOKIE, ""))
        if digest is not None:
            return self._of_digest(digest, by_cookie=True)
        if self.open:
            return Caller()
        raise NotLetIn(401, NO_TOKEN)

    def require(self, caller: Caller, act: Act, what: str) -> None:
        """Raises NotLetIn when this one may not do it."""
        if act in ("report", "repair") and (caller.user is None or caller.by_cookie):
            raise NotLetIn(401, NO_TOKEN if caller.user is None else NOT_BY_COOKIE)
        if act not in MAY[caller.role]:
            raise NotLetIn(403, not_for_the_role(caller.role, act, what))

    def still(self, caller: Caller) -> bool:
        """Whether this one is let in now as before."""
        if caller.user is None:
            return True
        try:
            return self._of_digest(caller.digest, by_cookie=caller.by_cookie) == caller
        except NotLetIn:
            return False

    def _of_digest(self, digest: str, *, by_cookie: bool) -> Caller:
        try:
            user = self._users().get(digest) if self._users is not None else None
        except BadUsers as error:
            log.error("用户名单无法读取 / the list of users cannot be read", error=str(error))
            raise NotLetIn(503, USERS_UNREADABLE) from error
        if user is None:
            raise NotLetIn(401, BAD_TOKEN)
        if not user.valid_on(today()):
            raise NotLetIn(
                401, Problem(code="lapsed_token", zh="令牌已过期，请申领新的", en="the token's last day is over: ask for another one")
            )
        return Caller(user, digest, by_cookie)


class Guard:
    """An application that only those reach who are let in; whoever is taken off the list while being answered is cut off."""

    def __init__(self, app: ASGIApp, access: Access, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._access = access
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does."""
        assert scope["type"] == "http", "the door speaks nothing else"
        endpoint = self._endpoint(scope)
        if endpoint is not None and endpoint in NEEDED and NEEDED[endpoint] is None:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            caller = self._access.of_request(headers)
            if endpoint is not None:
                self._require(caller, endpoint)
        except NotLetIn as refused:
            await _turned_away(refused, scope, headers)(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller

        async def while_let_in(message: Message) -> None:
            if message.get("more_body", False) and not self._access.still(caller):
                raise CutOff
            await send(message)

        try:
            await self._app(scope, receive, while_let_in)
        except CutOff:
            log.warning("令牌已失效，应答中断 / an answer was cut off: its token holds no more", path=scope["path"])

    def _require(self, caller: Caller, endpoint: str) -> None:
        act = NEEDED.get(endpoint)
        if act is None:
            raise NotLetIn(403, Problem(
                code="closed", zh=f"{endpoint} 未规定何人可用，一律不开放", en=f"nothing says who may use {endpoint}: it is closed"
            ))  # fmt: skip
        self._access.require(caller, act, endpoint)

    def _endpoint(self, scope: Scope) -> str | None:
        """Which endpoint is asked for, as `NEEDED` names it; None where there is none."""
        for route in self._routes:
            if isinstance(route, Route) and route.matches(scope)[0] is Match.FULL:
                return f"{scope['method']} {route.path}"
        return None


def caller_of(request: Request) -> Caller:
    """Who sent a request that was let in."""
    caller = request.state.caller
    assert isinstance(caller, Caller)
    return caller


def not_for_the_role(role: Role, act: Act, what: str) -> Problem:
    """Why somebody of a role may not do something."""
    zh, en = DOES[act]
    roles = [each for each, may in MAY.items() if act in may]
    return Problem(
        code="not_allowed", zh=f"角色 {role} 不能{zh}（{what}），须为 {'、'.join(roles)}",
        en=f"the role {role} may not {en} ({what}): {' or '.join(roles)} may",
    )  # fmt: skip


def _turned_away(refused: NotLetIn, scope: Scope, headers: Headers) -> Response:
    """Whoever asks with a browser is shown where to sign in."""
    said = {"WWW-Authenticate": 'Bearer realm="kaiye"'} if refused.status == 401 else {}
    if refused.status == 401 and scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
        query = scope["query_string"].decode("latin-1")
        return login_page(401, to=quote(scope["path"]) + (f"?{query}" if query else ""), headers=said)
    return problem_response(refused.status, refused.problem, said)
