"""The contracts: every fact a department may report, and the catalogue that finds its class by type and version."""

from collections.abc import Mapping
from typing import Any

from shared.contracts.base import Fact
from shared.contracts.finance import FINANCE_FACTS, FinanceFact
from shared.contracts.registry import REGISTRY_FACTS, RegistryFact
from shared.contracts.training import TRAINING_FACTS, TrainingFact

AnyFact = RegistryFact | TrainingFact | FinanceFact
FACTS: tuple[type[AnyFact], ...] = (*REGISTRY_FACTS, *TRAINING_FACTS, *FINANCE_FACTS)
"""Every fact class, by service, in the order of the reference."""

_BY_TYPE: Mapping[tuple[str, int], type[AnyFact]] = {(fact.type, fact.version): fact for fact in FACTS}


class UnknownFactTypeError(LookupError):
    """No contract has this type and version."""


def fact_class(type: str, version: int) -> type[AnyFact]:
    """The class of a type such as `registry.entity_registered`. Raises UnknownFactTypeError when there is none."""
    found = _BY_TYPE.get((type, version))
    if found is None:
        raise UnknownFactTypeError(f"no fact has the type {type}.v{version} / 没有这种事实类型：{type}.v{version}")
    return found


def parse_fact(type: str, version: int, data: Mapping[str, Any]) -> AnyFact:
    """Read a fact's payload. Raises UnknownFactTypeError, or pydantic's ValidationError when the payload does not fit the contract."""
    return fact_class(type, version).model_validate(data)


__all__ = [
    "FACTS", "FINANCE_FACTS", "REGISTRY_FACTS", "TRAINING_FACTS", "AnyFact", "Fact", "FinanceFact", "RegistryFact", "TrainingFact",
    "UnknownFactTypeError", "fact_class", "parse_fact",
]  # fmt: skip
