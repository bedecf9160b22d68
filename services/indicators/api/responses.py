"""How the HTTP door says something: JSON of one shape for every error, and small pages for people."""

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from fastapi.responses import HTMLResponse, Response

from services.indicators.api.questions import Problem, answer_bytes

JSON: Final = "application/json"
_PAGE_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_STYLE: Final = (
    'body { font: 16px/1.7 system-ui, "Microsoft YaHei", "PingFang SC", sans-serif; max-width: 34rem; margin: 12vh auto; padding: 0 1rem; }'
    " input, button { font: inherit; padding: .4rem .6rem; } input { width: 100%; box-sizing: border-box; margin: .4rem 0 .8rem; }"
    " .wrong { color: #a00; }"
)


class Refused(Exception):
    """What is asked for is not done; `problem` says why and what to do."""

    def __init__(self, status: int, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.code)
        self.status = status
        self.problem = problem
        self.headers = headers


def documented(description: str, example: Problem) -> dict[str, Any]:
    """An error as an endpoint documents it."""
    return {"model": Problem, "description": description, "content": {JSON: {"example": example.model_dump()}}}


def problem_response(status: int, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """An error: `{"code", "zh", "en"}`."""
    return Response(answer_bytes(problem), status_code=status, media_type=JSON, headers=headers)


def page_response(status: int, title: str, body: str, *, head: str = "", headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """A page that is whole in itself and kept by nobody. `body` and `head` are HTML."""
    return HTMLResponse(
        f"<!DOCTYPE html><html lang='zh'><head><meta charset='utf-8'><title>{escape(title)}</title><style>{_STYLE}</style>{head}</head>"
        f"<body><h1>{escape(title)}</h1>{body}</body></html>",
        status_code=status, headers={**_PAGE_HEADERS, **(headers or {})},
    )  # fmt: skip
