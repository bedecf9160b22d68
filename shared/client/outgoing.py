"""One report on its way out: its exact bytes, and how a fact becomes one."""

from datetime import date, datetime
from typing import NamedTuple

from shared import subjects
from shared.contracts.base import Fact, Service
from shared.contracts.common import COMMON_VERSION, FactCorrected, FactVoided, common_type
from shared.contracts.envelope import Source, report_bytes
from shared.days import instant_text

Reportable = Fact | FactVoided | FactCorrected
"""What a department may report: any event of the contracts, or that one of its facts is void or reads otherwise."""


class OutgoingReport(NamedTuple):
    """One report to send: its exact bytes, and what its subject says of it."""

    source: Source
    type: str
    """`<service>.<event>`, without a version."""
    raw: bytes
    id: str
    instant: datetime | None = None
    """The simulated instant, for a demonstration folder only."""
    number: int | None = None
    """What an outbox knows it by, such as the line it stands in; each stands there once. None: the outbox counts by itself."""


def headers_of(report: OutgoingReport) -> dict[str, str] | None:
    """What goes with a report on the bus beside its bytes."""
    return {subjects.INSTANT_HEADER: instant_text(report.instant)} if report.instant is not None else None


def outgoing(source: Source, fact: Reportable, *, id: str, day: date, service: Service | None = None) -> OutgoingReport:
    """The report by which a system says that `fact` held on `day`, under an id that no other report of this system has.

    A void or a correction belongs to no service of its own: `service` says which one recorded the original.
    Raises ValueError when that is missing, or given for a fact of a service.
    """
    match fact:
        case Fact():
            if service is not None:
                raise ValueError(f"{fact.type} 已含服务名，勿另给 service / {fact.type} names its service: give none")
            type_, version = fact.type, fact.version
        case FactVoided() | FactCorrected():
            if service is None:
                raise ValueError("作废、更正须给出 service（原事实所属服务）/ a void or a correction needs the service of the original")
            type_, version = common_type(type(fact), service), COMMON_VERSION
    data = fact.model_dump(mode="json", exclude_defaults=True)
    return OutgoingReport(source, type_, report_bytes(source=source, id=id, type=type_, version=version, occurred=day, data=data), id)
