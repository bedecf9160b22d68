"""The pages on which people sign in with a browser."""

from collections.abc import Mapping
from html import escape

from fastapi.responses import HTMLResponse

from services.indicators.api.questions import Problem
from services.indicators.api.responses import page_response


def login_page(status: int, *, to: str, problem: Problem | None = None, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """Where a token is entered; `to` is where one goes from there."""
    wrong = f"<p class='wrong'>{escape(problem.zh)}<br><small>{escape(problem.en)}</small></p>" if problem is not None else ""
    form = (
        "<form method='post' action='/login'><label>令牌 <small>token</small>"
        "<input name='token' type='password' autocomplete='off' required autofocus></label>"
        f"<input name='to' type='hidden' value='{escape(local(to))}'><button>登录 <small>sign in</small></button></form>"
        "<p><small>令牌由系统管理员用 kaiye department add 签发；在本机上也可用 kaiye login 取得一次有效的登录链接 / "
        "the administrator issues tokens; on this machine kaiye login gives a link that signs in once</small></p>"
    )
    return page_response(status, "登录 开业 kaiye", wrong + form, headers=headers)


def signed_in_page(to: str) -> HTMLResponse:
    """Goes on by itself. It is a page and no redirect: a browser that came from elsewhere sends the cookie from here on, not before."""
    target = escape(local(to))
    return page_response(
        200,
        "已登录 开业 kaiye",
        f"<p><a href='{target}'>继续 / go on</a></p>",
        head=f"<meta http-equiv='refresh' content='0;url={target}'>",
    )


def signed_out_page() -> HTMLResponse:
    """Whoever was signed in is not any more."""
    return page_response(200, "已退出 开业 kaiye", "<p><a href='/login'>登录 <small>sign in</small></a></p>")


def local(to: str) -> str:
    """A place behind this door, wherever somebody wants to go."""
    inside = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isascii() and to.isprintable() and "\\" not in to
    return to if inside else "/"
