"""The generated reference: a JSON Schema per event and one page about all of them, made from the classes themselves.

`python -m shared.contracts.reference` writes `deploy/reference/`; with `--check` it writes nothing and exits 1 when a file there is
stale. Everything but `main` is pure: the same classes always give the same text.
"""

import argparse
import ast
import inspect
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, assert_never

from pydantic import BaseModel

from shared.contracts import FACTS
from shared.contracts.base import SERVICES, Fact, Placed, about_of, service_of, shape_in
from shared.contracts.common import COMMON_FACTS, COMMON_VERSION, DayClosed, common_type, day_closed_id, system_source
from shared.contracts.envelope import ReportEnvelope, Source
from shared.contracts.versions import Dropped, Given, Renamed, Reworded, Step

FOLDER = Path("deploy/reference")
PAGE = "events.md"
SCHEMAS = "schemas"
_SOURCE = Source("330127000000", "employment", "hr")
_DAY = date(2010, 5, 20)
_COMMAND = "python -m shared.contracts.reference"
_SERVICE_ZH = {"registry": "登记", "training": "培训", "finance": "资金"}
_REPEAT_ZH = {"confirms": "佐证", "supersedes": "取代"}
_INHERITED = {
    "unit": "统计用区划代码 of the lowest known unit where the fact counts (county, township, community, village).",
    "park": "统计用区划代码 of the park (园区) where the fact counts, if there is one.",
    "evidence": "佐证材料: references to documents (number, SHA-256), never the documents.",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One type on the wire, of whichever shape."""

    service: str
    type_name: str
    version: int
    shape: type[BaseModel]
    zh: str
    example: dict[str, Any]

    @property
    def name(self) -> str:
        """The wire type with its version: `registry.entity_registered.v1`."""
        return f"{self.type_name}.v{self.version}"


@cache
def events() -> tuple[Event, ...]:
    """Every event of every service, the service's own facts first, then voids, corrections and closed days."""
    found: list[Event] = []
    for service in SERVICES:
        found += [
            Event(service, fact.type, version, shape := shape_in(fact, version), fact.zh, shape.example)
            for fact in FACTS if service_of(fact) == service for version in range(1, fact.version + 1)
        ]  # fmt: skip
        found += [
            Event(service, common_type(shape, service), COMMON_VERSION, shape, shape.zh, shape.example) for shape in COMMON_FACTS
        ]  # fmt: skip
    return tuple(found)


@cache
def reference_files() -> dict[str, str]:
    """Every generated file: its path below `deploy/reference` and its text."""
    files = {f"{SCHEMAS}/{event.name}.json": _json(schema_of(event)) for event in events()}
    files[f"{SCHEMAS}/report.json"] = _json(_report_schema())
    files[PAGE] = events_page()
    return files


def schema_of(event: Event) -> dict[str, Any]:
    """JSON Schema (2020-12) of an event's `data`, with its field notes as descriptions."""
    schema = constraints_of(event.shape)
    notes = _notes(event.shape)
    for name, field in schema["properties"].items():
        if name in notes:
            field["description"] = notes[name]
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{event.name}.json", "title": f"{event.name} {event.zh}",
        "description": schema.pop("description"),
    }  # fmt: skip
    return head | {key: value for key, value in schema.items() if key != "title"} | {"examples": [event.example]}


def constraints_of(shape: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema of what fits a shape."""
    schema = shape.model_json_schema()
    if issubclass(shape, Placed):
        schema["anyOf"] = [{"required": [name], "properties": {name: {"type": "string"}}} for name in ("unit", "park")]
    return schema


def _report_schema() -> dict[str, Any]:
    schema = ReportEnvelope.model_json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "report.json", "title": "report 上报"}
    return head | {key: value for key, value in schema.items() if key != "title"} | {"examples": [example_report(events()[0])]}


def example_report(event: Event) -> dict[str, Any]:
    """The whole report that carries an event's example; a closed day, which nobody reports, as the service states it."""
    source, id = _SOURCE, "r-000124"
    occurred = _DAY
    if event.shape is DayClosed:
        service = next(service for service in SERVICES if service == event.service)
        occurred = date.fromisoformat(event.example["day"])
        source, id = system_source(_SOURCE.county, service), day_closed_id(occurred)
    return {
        "specversion": "1.0", "id": id, "source": str(source), "type": event.name, "datacontenttype": "application/json",
        "occurred": occurred.isoformat(), "data": event.example,
    }  # fmt: skip


def events_page() -> str:
    """The events reference in Markdown: by service, each event with its key, its fields and an example report."""
    lines = [
        "# 事实目录 Events",
        "",
        f"由代码生成，请勿手改 / Generated from `shared/contracts`: `{_COMMAND}`; a test fails when it is stale.",
        "",
        "部门以 `reported.<县>.<部门>.<系统>.<类型>` 上报事实，系统以 `recorded.<县>.<类型>` 记录。每个例子都是一条完整的报告。",
        "`occurred` 是事实发生之日，晚于上报当日的退回。",
        f"`data` 见 [`{SCHEMAS}/<类型>.v<版本>.json`]({SCHEMAS})，整条报告见 [`{SCHEMAS}/report.json`]({SCHEMAS}/report.json)。",
        "",
        "使某一事物得以存在的事实*开办*（opens）该事物：关于它的其他事实、同一服务中提到它的事实，都等到开办之后。",
        "自然键（natural key）相同的两条报告是同一事实：后一条*佐证*（confirms）前一条，内容不一致的照样记录，列为疑点，不计数；",
        "重新发布的数值，后一条*取代*（supersedes）前一条。",
        "",
        "A department reports a fact under `reported.<county>.<department>.<system>.<type>`; the system records it under",
        "`recorded.<county>.<type>`. Each example is a whole report. The day the fact held is `occurred`; a day after the day of",
        f"reporting is refused. `data` alone is described by [`{SCHEMAS}/<type>.v<version>.json`]({SCHEMAS}), the report around it by",
        f"[`{SCHEMAS}/report.json`]({SCHEMAS}/report.json).",
        "",
        "A fact *opens* the thing it is about when it brings it into being: other facts about that thing, and facts of the same service",
        "that name it, wait until then. Two reports with the same *natural key* are the same fact: the second one *confirms* the first",
        "(with other content it is recorded, flagged and counts for nothing) or, for values that are published again, *supersedes* it.",
        "",
    ]
    lines += [f"- [{name} {_SERVICE_ZH[name]}](#{name}): " + ", ".join(_link(event) for event in _of(name)) for name in SERVICES]
    for service in SERVICES:
        lines += ["", f'## <a id="{service}"></a>{service} {_SERVICE_ZH[service]}']
        for event in _of(service):
            lines += ["", *_section(event)]
    return "\n".join(lines) + "\n"


def _of(service: str) -> Iterator[Event]:
    """The events of a service, of each the newest version."""
    newest = {event.type_name: event for event in events() if event.service == service}
    return iter(newest.values())


def _anchor(event: Event) -> str:
    return event.type_name.replace(".", "-")


def _link(event: Event) -> str:
    return f"[{event.zh}](#{_anchor(event)})"


def _section(event: Event) -> Iterator[str]:
    yield f'### <a id="{_anchor(event)}"></a>`{event.type_name}` {event.zh}'
    yield ""
    yield inspect.cleandoc(event.shape.__doc__ or "")
    yield ""
    if issubclass(event.shape, Fact):
        yield from _rules(event.shape)
        yield from _versions(event.shape)
        yield ""
    yield from _table(event.shape)
    for nested in _nested(event.shape):
        yield ""
        yield f"`{nested.__name__}`: {inspect.cleandoc(nested.__doc__ or '')}"
        yield ""
        yield from _table(nested)
    yield ""
    yield "```json"
    yield json.dumps(example_report(event), ensure_ascii=False, indent=2)
    yield "```"


def _rules(fact: type[Fact]) -> Iterator[str]:
    kind = about_of(fact.model_validate(fact.example)).partition(":")[0].replace("_", " ")
    about = f"`{fact.about}` ({kind})"
    yield f"- 关于 / About {about}" + ("，由此开办 / which it opens" if fact.opens else "")
    key = ", ".join(f"`{name}`" for name in fact.natural_key)
    yield f"- 自然键 / Natural key {key}：再次报送为{_REPEAT_ZH[fact.repeat]} / a second report {fact.repeat} the first"
    if fact.by_office:
        yield "- 只由创建办报送 / Only the office reports it"
    if fact.about == "code":
        yield "- 计入 `code` 所指的单位，`unit`、`park` 留空 / Counts at the unit named by `code`; `unit` and `park` stay empty"
    elif issubclass(fact, Placed):
        yield "- 计入其单位、园区或两者，至少填一项 / Counts at its unit, its park, or both; one is required"
    else:
        yield "- 填有单位、园区的计入该处 / Counts at its unit, its park, or both, where given"


def _versions(fact: type[Fact]) -> Iterator[str]:
    """The newest version, and how each one before it reads in the next."""
    yield f"- 版本 / Version {fact.version}: {_schema_link(fact, fact.version)}"
    for version, earlier in enumerate(fact.earlier, 1):
        steps = "；".join(map(_step, earlier.steps)) or "不变 / the same"
        yield f"  - 版本 / Version {version}: {_schema_link(fact, version)}，仍可报送 / may be reported still；{steps}"


def _schema_link(fact: type[Fact], version: int) -> str:
    name = f"{fact.type}.v{version}"
    return f"[`{name}`]({SCHEMAS}/{name}.json)"


def _step(step: Step) -> str:
    match step:
        case Renamed():
            return f"`{step.field}` 改称 / is now `{step.to}`"
        case Given():
            return f"`{step.field}` 一律为 / is always `{step.value}`"
        case Reworded():
            words = ", ".join(f"`{word}` → `{now}`" for word, now in step.words)
            return f"`{step.field}` 改词 / has other words: {words}"
        case Dropped():
            return f"`{step.field}` 不再保留 / is left aside"
        case _:
            assert_never(step)


def _table(model: type[BaseModel]) -> Iterator[str]:
    schema = model.model_json_schema()
    notes = _notes(model)
    yield "| 字段 field | 取值 value | 必填 required | 含义 meaning |"
    yield "|---|---|---|---|"
    own = [name for name in model.model_fields if name not in _INHERITED or not issubclass(model, Fact)]
    inherited = [name for name in model.model_fields if name not in own]
    for name in (*own, *inherited):
        field = model.model_fields[name]
        value = _value(schema["properties"][name]).replace("|", "\\|")
        note = " ".join(notes.get(name, "").split()).replace("|", "\\|")
        yield f"| `{name}` | {value} | {'yes' if field.is_required() else ''} | {note} |"


def _value(schema: dict[str, Any]) -> str:
    """A JSON Schema of one value in a few words."""
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "anyOf" in schema:
        # A Decimal is a text or a number for JSON Schema: the text is exact, so it is what is shown.
        kinds = [one for one in schema["anyOf"] if one.get("type") != "null"]
        return _value(next((one for one in kinds if one.get("type") == "number"), kinds[0]))
    if "enum" in schema:
        return " \\| ".join(f"`{value}`" for value in schema["enum"]).replace("\\|", "|")
    if "const" in schema:
        return f"`{schema['const']}`"
    match schema.get("type"):
        case "array":
            bounds = _bounds(schema.get("minItems"), schema.get("maxItems"))
            return f"list{bounds} of {_value(schema['items'])}"
        case "string":
            if "pattern" in schema:
                return f"`{schema['pattern']}`"
            return schema["format"] if "format" in schema else f"text{_bounds(schema.get('minLength'), schema.get('maxLength'))}"
        case "integer":
            return f"integer{_bounds(schema.get('minimum'), schema.get('maximum'))}"
        case "number":
            return f"decimal{_bounds(schema.get('minimum'), schema.get('maximum'))}"
        case "boolean":
            return "true | false"
        case _:
            return "object"


def _bounds(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return f" (at least {low:,.16g})" if high is None else f" (at most {high:,.16g})"
    return f" ({low:,.16g}–{high:,.16g})"


def _nested(model: type[BaseModel]) -> list[type[BaseModel]]:
    """The models inside an event's fields, evidence apart (it is the same everywhere)."""
    names = [name for name in model.model_json_schema().get("$defs", {}) if name != "Evidence"]
    return [_class_named(name, model) for name in names]


def _class_named(name: str, model: type[BaseModel]) -> type[BaseModel]:
    found: type[BaseModel] = vars(sys.modules[model.__module__])[name]
    return found


def _notes(model: type[BaseModel]) -> dict[str, str]:
    """What each field means: the text below it in the source, else the text below the alias it is typed with."""
    notes: dict[str, str] = {}
    for ancestor in reversed(model.__mro__):
        if ancestor.__module__.startswith("shared.contracts."):
            notes |= _source_notes(ancestor.__module__).get(ancestor.__name__, {})
    if issubclass(model, Fact):
        notes |= _INHERITED
    return {name: note for name, note in notes.items() if name in model.model_fields}


@cache
def _source_notes(module: str) -> dict[str, dict[str, str]]:
    """Per class of a module: field → note."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    aliases = _alias_notes(module)
    notes: dict[str, dict[str, str]] = {}
    for item in tree.body:
        if isinstance(item, ast.ClassDef):
            fields = notes.setdefault(item.name, {})
            for statement, text in _with_text_below(item.body):
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    typed = [node.id for node in ast.walk(statement.annotation) if isinstance(node, ast.Name)]
                    note = text or next((aliases[name] for name in typed if name in aliases), None)
                    if note:
                        fields[statement.target.id] = note
    return notes


def _alias_notes(module: str) -> dict[str, str]:
    """The documented aliases (`Fen`, `CourseKind` …) that a module may use, each with the text below it; its own come first."""
    found: dict[str, str] = {}
    for home in (*_contract_modules(), module):
        for statement, text in _with_text_below(ast.parse(inspect.getsource(sys.modules[home])).body):
            if text and isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                found[statement.targets[0].id] = text
    return found


@cache
def _contract_modules() -> tuple[str, ...]:
    """The modules that classes and aliases of contracts are written in."""
    classes = {ancestor for event in events() for ancestor in event.shape.__mro__}
    homes = {one.__module__ for one in classes if one.__module__.startswith("shared.contracts.")}
    return tuple(sorted(homes | {"shared.contracts.finance.amounts"}))


def _with_text_below(body: Sequence[ast.stmt]) -> Iterator[tuple[ast.stmt, str | None]]:
    for statement, below in zip(body, [*body[1:], None], strict=True):
        is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
        yield statement, inspect.cleandoc(below.value.value) if is_text else None  # type: ignore[union-attr]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def stale_files(folder: Path) -> list[str]:
    """The files below `folder` that are missing, differ, or belong to no event."""
    files = reference_files()
    kept = {path.relative_to(folder).as_posix() for path in [*folder.glob(f"{SCHEMAS}/*"), *folder.glob(PAGE)]}
    stale = [name for name, text in files.items() if name not in kept or (folder / name).read_text(encoding="utf-8") != text]
    return sorted({*stale, *(kept - set(files))})


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the reference, or with `--check` say what is stale (exit 1)."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description="write the events reference / 生成事实目录")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale / 只检查")
    parser.add_argument("--folder", type=Path, default=FOLDER, help=f"where (default {FOLDER}) / 目录")
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    stale = stale_files(folder)
    for name in stale:
        sys.stderr.write(f"{'stale' if options.check else 'written'}: {folder / name}\n")
    if options.check:
        return 1 if stale else 0
    files = reference_files()
    (folder / SCHEMAS).mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in files:
            (folder / name).write_text(files[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
