"""The contracts: every fact a department may report, and the catalogue that finds its class by type and version."""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.contracts.base import Fact, shape_in
from shared.contracts.common import COMMON_VERSION, common_class
from shared.contracts.finance import FINANCE_FACTS, FinanceFact
from shared.contracts.registry import REGISTRY_FACTS, RegistryFact
from shared.contracts.training import TRAINING_FACTS, TrainingFact
from shared.contracts.versions import upcast

AnyFact = RegistryFact | TrainingFact | FinanceFact
FACTS: tuple[type[AnyFact], ...] = (*REGISTRY_FACTS, *TRAINING_FACTS, *FINANCE_FACTS)
"""Every fact class, each in its newest version, by service, in the order of the reference."""

_BY_TYPE: Mapping[tuple[str, int], type[AnyFact]] = {(fact.type, version): fact for fact in FACTS for version in range(1, fact.version + 1)}


class UnknownFactTypeError(LookupError):
    """No contract has this type and version."""


def fact_class(type: str, version: int) -> type[AnyFact]:
    """The class that a version of a type such as `registry.entity_registered` is read into: that of the newest version.

    Raises UnknownFactTypeError when no contract here has that type or that version.
    """
    found = _BY_TYPE.get((type, version))
    if found is None:
        raise UnknownFactTypeError(f"no fact has the type {type}.v{version} / 没有这种事实类型：{type}.v{version}")
    return found


def is_read(name: str) -> bool:
    """Whether a contract here reads a type with its version, such as `finance.loan_repaid.v2`."""
    type_, _, version = name.rpartition(".v")
    if common_class(type_) is not None:
        return version == str(COMMON_VERSION)
    return version.isdigit() and (type_, int(version)) in _BY_TYPE


def parse_fact(type: str, version: int, data: Mapping[str, Any]) -> AnyFact:
    """Read what is reported, in whichever version: a fact of the newest. What the contract of that version does not know is refused.

    Raises UnknownFactTypeError, or pydantic's ValidationError when the payload does not fit the contract.
    """
    newest = fact_class(type, version)
    return newest.model_validate(data) if version == newest.version else _newest(newest, shape_in(newest, version).model_validate(data))


def read_fact(type: str, version: int, data: Mapping[str, Any]) -> AnyFact:
    """Read what is recorded. Fields that no contract here knows are passed over: a newer release recorded them, and they may be left out.

    Raises like `parse_fact`: a version newer than the newest here is unknown, and whoever reads it waits for a newer release.
    """
    newest = fact_class(type, version)
    if version == newest.version:
        return newest.model_validate(data, extra="ignore")
    return _newest(newest, shape_in(newest, version).model_validate(data, extra="ignore"))


def as_written(fact: AnyFact, version: int, data: Mapping[str, Any]) -> Fact:
    """What was read into a fact, as the version says it in which it was written: what a report is recognised by stays the same."""
    return fact if version == fact.version else shape_in(fact.__class__, version).model_validate(data, extra="ignore")


def in_each_version(type: str, version: int, data: Mapping[str, Any]) -> Iterator[Fact]:
    """What is recorded, as its own version says it and each one after: which of them was the newest when something was derived from it, it
    does not say. Raises like `read_fact`.
    """
    newest = fact_class(type, version)
    return _upcast(newest, shape_in(newest, version).model_validate(data, extra="ignore"))


def _newest(newest: type[AnyFact], earlier: Fact) -> AnyFact:
    *_, fact = _upcast(newest, earlier)
    assert isinstance(fact, newest)
    return fact


def _upcast(newest: type[AnyFact], earlier: Fact) -> Iterator[Fact]:
    """What is left out of a version stands for what that version says it does, whatever it stands for later; a null says nothing."""
    yield earlier
    for version, each in enumerate(newest.earlier[earlier.version - 1 :], earlier.version + 1):
        earlier = shape_in(newest, version).model_validate(upcast(earlier.model_dump(mode="json", exclude_none=True), each.steps))
        yield earlier


__all__ = [
    "FACTS", "FINANCE_FACTS", "REGISTRY_FACTS", "TRAINING_FACTS", "AnyFact", "Fact", "FinanceFact", "RegistryFact", "TrainingFact",
    "UnknownFactTypeError", "as_written", "fact_class", "in_each_version", "is_read", "parse_fact", "read_fact",
]  # fmt: skip
