"""What was ever published: the shape of every version of every type, kept so that none of them changes by accident.

Facts are stored in these shapes for ever and departments' systems were written for them. Beside the schema of a version stands what no
schema says: the rules that tell its facts apart, what its fields name, and by which checks they are held to more (the names and settings
of these are kept, not what they do inside). `python -m shared.contracts.published --check`
(a part of `make check`) exits 1 where a published version is another now, or cannot be read into the newest; without `--check` it adds
what is new. A field that may be left out may be added to a version; whatever else has to change becomes the next version beside it.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Strict, ValidationError

from shared.contracts import fact_class, parse_fact
from shared.contracts.base import Fact, Names, flattened
from shared.contracts.reference import Event, constraints_of, events

FILE = Path(__file__).with_name("published.json")
_COMMAND = "python -m shared.contracts.published"
_SAID_OF_IT = frozenset({"title", "description"})
_CHECKS = "checks"
_GROWING = frozenset({"properties", "$defs", _CHECKS})
"""Where something may be added: a property that is not required (what is required may not change), what it is made of and held to."""
_STEPS = "steps"
"""How an earlier version reads as the next one: said once there is a next one, and then published like its shape."""

Published = Mapping[str, Mapping[str, Any]]
"""Type with its version → its shape, and the rules by which facts of it are told apart."""


def published_now(every: Sequence[Event]) -> dict[str, dict[str, Any]]:
    """What these events are."""
    return {
        event.name: {**_rules(event), _CHECKS: dict(_checks(event.shape)), "schema": _bare(constraints_of(event.shape))} for event in every
    }


def _rules(event: Event) -> dict[str, Any]:
    if not issubclass(event.shape, Fact):
        return {}
    rules = {name: _plain(getattr(event.shape, name)) for name in ("about", "natural_key", "repeat", "opens")}
    newest = fact_class(event.type_name, event.version)
    return rules if event.version == newest.version else {**rules, _STEPS: [repr(step) for step in newest.earlier[event.version - 1].steps]}


def _checks(shape: type[BaseModel], within: str = "") -> Iterator[tuple[str, list[str]]]:
    """By what a shape and its fields are held to more than their schema says; the shape as a whole stands under `*`."""
    decorated = shape.__pydantic_decorators__
    posted = [shape.model_post_init.__qualname__.removeprefix(f"{shape.__name__}.")] if _posts(shape) else []
    whole = [*decorated.model_validators, *decorated.field_validators, *posted]
    yield f"{within}*", sorted(whole)
    for name, field in shape.model_fields.items():
        kinds = [*field.metadata, *flattened(field.annotation)]
        if marks := sorted(mark for kind in kinds if (mark := _mark(kind)) is not None):
            yield within + name, marks
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from _checks(kind, f"{within}{name}.")


def _posts(shape: type[BaseModel]) -> bool:
    return shape.model_post_init is not BaseModel.model_post_init


def _mark(kind: object) -> str | None:
    """A mark upon a field that its schema does not show, with what it was made for."""
    match kind:
        case Names():
            return f"names {kind.kind}"
        case Strict():
            return "strict"
        case AfterValidator(func=func) | BeforeValidator(func=func):
            made_for = [cell.cell_contents for cell in getattr(func, "__closure__", None) or ()]
            settings = [getattr(each, "__name__", each) for each in made_for if not isinstance(each, str)]  # a text is a word of a sentence
            return f"{getattr(func, '__qualname__', func)} {settings}"
        case _:
            return None


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _bare(schema: Any) -> Any:
    """A schema without what is only said of it; `properties` may have those names."""
    if isinstance(schema, list):
        return [_bare(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {own: _bare(each) for own, each in value.items()} if name in _GROWING else _bare(value)
        for name, value in schema.items() if name not in _SAID_OF_IT
    }  # fmt: skip


def problems(before: Published, every: Sequence[Event]) -> list[str]:
    """What is wrong with today's events beside what was published, in Chinese and English, with what to do."""
    now = published_now(every)
    found = []
    for name, shape in before.items():
        if name not in now:
            found.append(
                f"{name} 已发布，现无合约可读：已记录的事实仍是这一版本，请恢复其类，列入最新版的 earlier / "
                f"{name} was published and no contract reads it: facts are stored in it; bring its class back, into `earlier` of the newest"
            )
        found += [
            f"{name} 已发布，其 {at} 不能再改：请恢复原样，改动另立新版本（README“新版本”）/ "
            f"{name} was published and its {at} cannot change any more: put it back, and make the change a new version beside it (README)"
            for at in changed(shape, now.get(name, shape))
        ]
    return found + [problem for event in every if (problem := _unread(event)) is not None]


def changed(before: Any, now: Any, at: str = "") -> Iterator[str]:
    """Where something published is another now, or something was added that may not be."""
    if not (isinstance(before, dict) and isinstance(now, dict)):
        if before != now:
            yield at
        return
    for name in {**before, **now}:
        there = f"{at}/{name}".lstrip("/")
        if name in before and name in now:
            yield from changed(before[name], now[name], there)
        elif name in before or not (there == _STEPS or at.rpartition("/")[2] in _GROWING):
            yield there


def _unread(event: Event) -> str | None:
    """Why a version does not read as the newest of its type, where it does not."""
    if not issubclass(event.shape, Fact):
        return None
    try:
        for said in (event.example, *_barest(event.shape, event.example)):
            parse_fact(event.type_name, event.version, said)
    except (LookupError, ValidationError) as error:
        return f"{event.name} 读不成最新版本 / {event.name} does not read as the newest version: {error}"
    return None


def _barest(shape: type[Fact], example: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The example without what may be left out, but for the place, where that is a fact of this version still."""
    bare = {name: value for name, value in example.items() if shape.model_fields[name].is_required() or name in ("unit", "park")}
    try:
        shape.model_validate(bare)
    except ValidationError:
        return
    yield bare


def _text(published: Published) -> str:
    """One line for each version."""
    lines = (f"{json.dumps(name)}: {json.dumps(published[name], ensure_ascii=False, sort_keys=True)}" for name in sorted(published))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Add what is new, or with `--check` say what is missing; exit 1 for that, and for what may not be."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description="keep what was published / 留存已发布的合约")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when something is new or changed / 只检查")
    parser.add_argument("--file", type=Path, default=FILE, help="where / 文件")
    options = parser.parse_args(arguments)
    file: Path = options.file
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    found = problems(kept, events())
    now = published_now(events())
    if not found and now != kept:
        if options.check:
            found.append(f"有新发布的合约未留存 / what is newly published is not kept yet: {_COMMAND}")
        else:
            file.write_text(_text(now), encoding="utf-8")
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
