"""The page /docs: the API's own description for people, made on the spot and whole in itself, because an intranet has no CDN."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

Json = Mapping[str, Any]

_STYLE: Final = """
body { font: 15px/1.6 system-ui, "Microsoft YaHei", "PingFang SC", sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { border-top: 1px solid #ccc; padding-top: 1rem; } code, pre { font-family: ui-monospace, Consolas, monospace; }
pre { background: #f5f5f5; padding: .8rem; overflow: auto; } td, th { text-align: left; padding: .1rem 1rem .1rem 0; vertical-align: top; }
"""


def docs_page(described: Json) -> str:
    """HTML for an OpenAPI description: every page with its parameters, answers and an example."""
    return (
        f"<!DOCTYPE html><html lang='zh'><head><meta charset='utf-8'><title>{escape(described['info']['title'])}</title>"
        f"<style>{_STYLE}</style></head><body><h1>{escape(described['info']['title'])}</h1>"
        f"<p>{escape(described['info']['description'])}</p><p>{_contents(described['paths'])} · <a href='/openapi.json'>OpenAPI</a></p>"
        f"{''.join(_pages(described))}</body></html>"
    )


def _contents(paths: Json) -> str:
    return " · ".join(f"<a href='#{escape(path)}'>{escape(path)}</a>" for path in paths)


def _pages(described: Json) -> Iterator[str]:
    for path, methods in described["paths"].items():
        for method, page in methods.items():
            yield _page(path, method, page, described["components"]["schemas"])


def _page(path: str, method: str, page: Json, schemas: Json) -> str:
    opens = method == "get" and "{" not in path and path != "/changes"
    shown = f"<a href='{path}'>{path}</a>" if opens else escape(path)
    more = f"<p>{escape(page['description'])}</p>" if page.get("description") else ""
    heading = f"<h2 id='{escape(path)}'><code>{method.upper()} {shown}</code></h2>"
    return f"{heading}<p>{escape(page['summary'])}</p>{more}{_parameters(page, schemas)}{''.join(_answers(page))}"


def _parameters(page: Json, schemas: Json) -> str:
    """What is asked with: the parameters, and the fields of what is posted."""
    rows = "".join(
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each.get('description', ''))}{_allowed(each['schema'])}</td></tr>"
        for each in (*page.get("parameters", ()), *_posted(page, schemas))
    )
    return f"<table>{rows}</table>" if rows else ""


def _posted(page: Json, schemas: Json) -> Iterator[Json]:
    """The fields of one of what is posted, be it posted alone or among several: the same whatever form it is posted in."""
    fields: dict[str, Any] = {}
    for content in page.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        schema = next(iter(schema.get("anyOf", (schema,))))
        schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        fields |= schema.get("properties", {})
    for name, field in fields.items():
        yield {"name": name, "description": field.get("description", ""), "schema": {}}


def _allowed(schema: Json) -> str:
    """The words of which a parameter is one, or between which numbers it lies."""
    words = [word for each in (schema, *schema.get("anyOf", ())) for word in each.get("enum", ())]
    if "maximum" in schema:
        words = [f"{schema['minimum']}–{schema['maximum']}"]
    return "".join(f" <code>{escape(word)}</code>" for word in words)


def _answers(page: Json) -> Iterator[str]:
    for status, answer in page["responses"].items():
        for kind, content in answer.get("content", {}).items():
            yield f"<p><b>{escape(status)}</b> <code>{escape(kind)}</code> {escape(answer['description'])}</p>"
            if status == "200" and "example" in content:
                example = escape(json.dumps(content["example"], ensure_ascii=False, indent=2))
                yield f"<details><summary>示例 / example</summary><pre>{example}</pre></details>"
