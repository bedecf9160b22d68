"""Nothing is read into a value: every leaf of every fact's example, written in another way, is refused."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.contracts import FACTS
from shared.contracts.base import LongText, Text
from shared.contracts.common import COMMON_FACTS
from shared.contracts.envelope import ReportEnvelope
from shared.contracts.exact import NUMBER, Day, as_set

ENVELOPE = {
    "specversion": "1.0", "id": "r-1", "source": "/330127000000/employment/hr", "type": "training.guidance_given.v1",
    "occurred": "2026-01-01", "data": {},
}  # fmt: skip
EXAMPLES = {shape.__name__: (shape, shape.example) for shape in (*FACTS, *COMMON_FACTS)}
DECIMALS = ("value", "recovery_rate")


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value that is no container, with the way to it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name != "data":  # the payload of a correction is its fact's to judge
                yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path, value


def other_spellings(value: Any) -> list[Any]:
    """What a lenient reader would take for the same value."""
    match value:
        case bool():
            return [int(value), "true" if value else "false", "on" if value else "off"]
        case int():
            return [str(value), float(value), bool(value)]
        case str() if len(value) == 10 and value[4:5] == value[7:8] == "-":
            day = datetime.fromisoformat(f"{value}T00:00:00+00:00")
            return [f"{value}T00:00:00Z", int(day.timestamp()), str(int(day.timestamp())), value.replace("-", "")]
        case str():
            return [["a"], 1]
        case None:
            return []
        case _:
            raise AssertionError(value)


def put(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The same with another value there."""
    changed = deepcopy(whole)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return changed


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_value_is_taken_in_one_spelling_only(name: str) -> None:
    shape, example = EXAMPLES[name]
    for path, value in leaves(example):
        for other in other_spellings(value):
            if path[-1] in DECIMALS and not isinstance(other, bool | list):
                continue  # a decimal is a number or its digits
            with pytest.raises(ValidationError):
                shape.model_validate(put(example, path, other))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("occurred", "2026-01-01T00:00:00Z"), ("occurred", "1767225600"), ("occurred", 1767225600), ("occurred", "20260101"),
        ("type", "training.guidance_given.v01"), ("type", "training.guidance_given.v0"), ("type", "training.guidance_given"),
    ],
)  # fmt: skip
def test_an_envelope_is_taken_in_one_spelling_only(field: str, value: object) -> None:
    ReportEnvelope.model_validate(ENVELOPE)
    with pytest.raises(ValidationError):
        ReportEnvelope.model_validate({**ENVELOPE, field: value})


@pytest.mark.parametrize("value", [True, "1e3", " 1", "1_000", "NaN", "Infinity", "٣", [1], None])
def test_a_decimal_is_a_number_or_its_digits(value: object) -> None:
    number: TypeAdapter[Decimal] = TypeAdapter(Annotated[Decimal, NUMBER])
    assert number.validate_python("0.95") == Decimal("0.95") == number.validate_python(Decimal("0.95"))
    with pytest.raises(ValidationError):
        number.validate_python(value)


@pytest.mark.parametrize("text", ["", " ", "\u3000", "\u200b", "a\x1b[31m", "a\u202eb", "a\x00", "\ufeff"])
def test_what_is_to_be_read_can_be_read(text: str) -> None:
    for kind in (Text, LongText):
        reader: TypeAdapter[str] = TypeAdapter(kind)
        assert reader.validate_python("安岭县 2010 年创业大赛 (第二届)")
        with pytest.raises(ValidationError):
            reader.validate_python(text)


def test_only_a_long_text_has_lines() -> None:
    assert TypeAdapter(LongText).validate_python("一\n二\t三")
    with pytest.raises(ValidationError):
        TypeAdapter(Text).validate_python("一\n二")


def test_a_set_has_no_order_and_nothing_twice() -> None:
    members: TypeAdapter[tuple[str, ...]] = TypeAdapter(Annotated[tuple[str, ...], as_set("人员", "person")])
    assert members.validate_python(["b", "a"]) == members.validate_python(["a", "b"]) == ("a", "b")
    with pytest.raises(ValidationError):
        members.validate_python(["a", "a"])


def test_a_day_made_in_python_is_one() -> None:
    day: TypeAdapter[Any] = TypeAdapter(Day)
    assert day.validate_python(day.validate_python("2026-01-01")).isoformat() == "2026-01-01"
    with pytest.raises(ValidationError):
        day.validate_python(datetime(2026, 1, 1))  # noqa: DTZ001 - an instant is no day, whatever its zone
