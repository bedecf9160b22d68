"""Every subject, stream and limit on the bus, in one place.

Two verbs everywhere: a department *reports*; the system *records*. Subjects carry identity: broker permissions let a department
publish only below its own `reported.<county>.<department>.<system>.`, so who reported is never taken from the body.
"""

REPORT_BYTES_MAX = 256 * 1024
"""A larger report is refused by the broker itself (the client says so before sending)."""
ANSWERS_KEPT_DAYS = 30
INSTANT_HEADER = "Kaiye-Instant"
"""The simulated instant of a report: honoured only by a demonstration folder."""
ERROR_HEADER = "Kaiye-Error"
"""The code of the error, in a reply that is a refusal."""


def reported_stream(county: str) -> str:
    """The work queue of reports not yet answered."""
    return f"REPORTED_{county}"


def answered_stream(county: str) -> str:
    """The newest answer to each report, one message per subject."""
    return f"ANSWERED_{county}"


def recorded_stream(county: str, service: str) -> str:
    """All records of one service: stream sequence equals position."""
    return f"RECORDED_{county}_{service.upper()}"


def reported(county: str, department: str, system: str, type: str) -> str:
    """Where a department publishes a fact of this type (`service.event`)."""
    return f"reported.{county}.{department}.{system}.{type}"


def reported_to(county: str, service: str) -> str:
    """The filter of one write service over all departments."""
    return f"reported.{county}.*.*.{service}.>"


def answered(county: str, department: str, system: str, report_id: str) -> str:
    """Where the answer to one report is published."""
    return f"answered.{county}.{department}.{system}.{report_id}"


def recorded(county: str, type: str) -> str:
    """Where a record of this type (`service.event`) is published."""
    return f"recorded.{county}.{type}"


def query(name: str) -> str:
    """Where the indicators service answers a query by request and reply. Each county has an account of its own, so none is named."""
    return f"query.indicators.{name}"


def command(name: str) -> str:
    """Where the indicators service is told to do something, by request and reply. Departments may not publish there."""
    return f"command.indicators.{name}"


def identify(department: str, system: str) -> str:
    """Where a department's system has the registry exchange resident ids for pseudonyms, by request and reply: no stream may hold it."""
    return f"identify.registry.{department}.{system}"


def registry_command(name: str) -> str:
    """Where the registry is told to do something about persons' links, by request and reply. Departments may not publish there."""
    return f"command.registry.{name}"


def repair(service: str, call: str, role: str, department: str, system: str) -> str:
    """Where a write service lists, shows and deals with what waits or was refused, by request and reply: the subject says who asks."""
    return f"repair.{service}.{call}.{role}.{department}.{system}"


def changed(county: str) -> str:
    """The change feed: which figures moved and up to which positions."""
    return f"changed.indicators.{county}"
