"""The API's own description, with what the endpoints' code cannot say: whose token each of them needs, and the one shape of errors."""

from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel

from services.indicators.api.access import BAD_TOKEN, COOKIE, NEEDED, USERS_UNREADABLE, not_for_the_role
from services.indicators.api.posted import Report
from services.indicators.api.questions import Problem
from services.indicators.api.responses import JSON
from shared.identification import IdentifyRequest
from shared.users import MAY

_POSTED: Final[tuple[type[BaseModel], ...]] = (Report, IdentifyRequest)
"""What is posted and read by hand, not by the framework."""
_TOKEN, _SIGNED_IN = "token", "cookie"
_SCHEMES: Final = {
    _TOKEN: {
        "type": "http", "scheme": "bearer",
        "description": "kaiye department add 签发的令牌 / the token that kaiye department add issued",
    },
    _SIGNED_IN: {
        "type": "apiKey", "in": "cookie", "name": COOKIE,
        "description": "浏览器登录（/login），只用于查询 / a browser that signed in at /login, for asking only",
    },
}  # fmt: skip


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description."""
    found = app.openapi()
    schemas = found["components"]["schemas"]
    found["components"]["securitySchemes"] = _SCHEMES
    for shape in _POSTED:
        schemas[shape.__name__] = shape.model_json_schema(ref_template="#/components/schemas/{model}")
    for path, methods in found["paths"].items():
        for method, page in methods.items():
            _secure(page, f"{method.upper()} {path}")
            if _is_of_the_framework(page["responses"].get("422", {})):
                page["responses"]["422"] = _error("参数无法理解 / a parameter cannot be understood", None)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return found


def _secure(page: dict[str, Any], endpoint: str) -> None:
    act = NEEDED[endpoint]
    page["security"] = [] if act is None else [{_TOKEN: []}, {_SIGNED_IN: []}] if act == "ask" else [{_TOKEN: []}]
    if act is None:
        return
    responses = page["responses"]
    responses["401"] = _error("没有令牌，或令牌无效、已撤销、已过期 / no token, or one that is unknown, revoked or over", BAD_TOKEN)
    if others := [role for role, may in MAY.items() if act not in may]:
        responses["403"] = _error("该角色无权 / the role may not", not_for_the_role(others[0], act, endpoint))
    responses.setdefault("503", _error("暂时不能 / not at the moment", USERS_UNREADABLE))
    page["responses"] = dict(sorted(responses.items()))


def _error(description: str, example: Problem | None) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    if example is not None:
        content["example"] = example.model_dump()
    return {"description": description, "content": {JSON: content}}


def _is_of_the_framework(answer: dict[str, Any]) -> bool:
    schema = answer.get("content", {}).get(JSON, {}).get("schema", {})
    return bool(schema.get("$ref", "").endswith("/HTTPValidationError"))
