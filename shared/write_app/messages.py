"""What stands on the bus, as schemas: one model per report and per record, built from the contracts, for the AsyncAPI documents.

Nothing is validated with these at run time: reports are read by the write service, which must answer what it cannot read.
"""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

from shared.answers import Answer
from shared.contracts import FACTS
from shared.contracts.base import Fact, Service, service_of, shape_in
from shared.contracts.common import COMMON_FACTS, COMMON_VERSION, CommonFact, DayClosed, common_type
from shared.contracts.envelope import ReportEnvelope

Envelope = TypeVar("Envelope", bound=BaseModel)


class RecordEnvelope(BaseModel):
    """A recorded fact: CloudEvents 1.0 in JSON, the exact bytes for ever."""

    model_config = ConfigDict(extra="forbid")
    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    time: str
    """When it was recorded: RFC 3339, UTC, six fractional digits."""
    datacontenttype: Literal["application/json"]
    occurred: str
    """The day the fact held, Asia/Shanghai."""
    position: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*$")]
    """Its place in the service's history, which is the stream's sequence too."""
    prevhash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of the record before it; 64 zeros for the first."""
    data: Any


def answer_schema() -> type[BaseModel]:
    """The answer to a report, as a model: FastStream cannot document a dataclass that holds another."""
    fields: dict[str, Any] = {name: (hint, ...) for name, hint in get_type_hints(Answer).items()}
    return create_model("AnswerMessage", __doc__=Answer.__doc__, **fields)


def types_of(service: Service) -> tuple[tuple[str, int, type[Fact] | type[CommonFact]], ...]:
    """Every type a service records, with its version and the class of its `data`."""
    facts = [
        (fact.type, version, shape_in(fact, version))
        for fact in FACTS if service_of(fact) == service for version in range(1, fact.version + 1)
    ]  # fmt: skip
    return (*facts, *((common_type(shape, service), COMMON_VERSION, shape) for shape in COMMON_FACTS))


def report_schema(service: Service) -> Any:
    """The union of everything that may be reported to a service, told apart by `type`."""
    return _told_apart(
        [_model(ReportEnvelope, type_, version, data) for type_, version, data in types_of(service) if data is not DayClosed]
    )


def record_schemas(service: Service) -> dict[str, Any]:
    """Of every type a service records, its records: of one version, or the union of those of all, told apart by `type`."""
    found: dict[str, list[Any]] = {}
    for type_, version, data in types_of(service):
        found.setdefault(type_, []).append(record_schema(type_, version, data))
    return {type_: _told_apart(models) if len(models) > 1 else models[0] for type_, models in found.items()}


def record_schema(type_: str, version: int, data: type[Fact] | type[CommonFact]) -> type[RecordEnvelope]:
    """The record of one version of a type."""
    return _model(RecordEnvelope, type_, version, data)


def _told_apart(models: Sequence[Any]) -> Any:
    return Annotated[reduce(or_, models), Field(discriminator="type")]


def _model(envelope: type[Envelope], type_: str, version: int, data: type[BaseModel]) -> type[Envelope]:
    """The envelope around one type's data."""
    name = f"{data.__name__}{envelope.__name__.removesuffix('Envelope')}"
    fields: dict[str, Any] = {"type": (Literal[f"{type_}.v{version}"], ...), "data": (data, ...)}
    return create_model(name, __base__=envelope, __doc__=data.__doc__, **fields)
