"""What is said on the bus to the repair desk of a write service: what waits or was refused is listed, shown, and dealt with.

All of it is core request and reply at `repair.<service>.<call>.<role>.<department>.<system>`: the broker lets everybody ask under their own
role and name only, so the subject says who asks. Whoever acts names the act; told the same act again, the service answers as before.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.contracts.base import Service
from shared.contracts.envelope import SOURCE_PATTERN, EventId, Token
from shared.contracts.exact import LINE, Day
from shared.contracts.outcomes import Reason
from shared.event_store.interface import ActKind, KeptState
from shared.users import MAY, Role

Call = Literal["list", "show", "resubmit", "correct", "dismiss"]
READS_ONLY: Final = Reason("reads_only", "考评人员只可查看，不可处理报送", "an evaluator may look at reports, and not deal with them")
READING: Final[frozenset[Call]] = frozenset({"list", "show"})
PAGE_MAX: Final = 500
SHOWN_BYTES_MAX: Final = 512 * 1024
"""So much of a report's contents is shown at once: a reply must fit into one message."""
OPERATOR: Final = ("kaiye", "administrator")
"""Department and system under which the administrator of a county's system asks: no department may be called so."""


class Asker(NamedTuple):
    """Who asks, as the broker vouches for it."""

    role: Role
    department: str
    system: str

    def __str__(self) -> str:
        """As acts are recorded."""
        return f"{self.role} {self.department}/{self.system}"

    @property
    def sees_all(self) -> bool:
        """Whether it sees every department's reports, or its own department's only."""
        return self.role != "department"

    def may(self, call: Call) -> bool:
        """Everybody looks, and those whose role says so deal with what they see."""
        return call in READING or "repair" in MAY[self.role]


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Source = Annotated[str, StringConstraints(pattern=SOURCE_PATTERN.pattern)]
ActName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Why = Annotated[str, StringConstraints(min_length=1, max_length=500), LINE]


class ListKept(_Said):
    """待办报送: a page of the reports that wait or were refused, by arrival."""

    state: Annotated[tuple[KeptState, ...], Field(min_length=1)] = ("waiting", "refused")
    type: Annotated[str, StringConstraints(max_length=100), LINE] | None = None
    department: Token | None = None
    """Reported by this department; a department is shown its own whatever it asks."""
    system: Token | None = None
    since: Annotated[Day, Field(ge=date(1949, 10, 1), le=date(2999, 12, 31))] | None = None
    """Arrived on this day or later, in Asia/Shanghai."""
    older_than_days: Annotated[int, Field(ge=0, le=36500)] | None = None
    """Arrived more than so many times 24 hours ago."""
    search: Annotated[str, StringConstraints(min_length=1, max_length=200), LINE] | None = None
    """A text in its id, its reason or its content."""
    after: Annotated[int, Field(ge=0)] = 0
    """The `next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 100


class ShowKept(_Said):
    """One report: all that is kept of it. Without a source, that of whoever reported under this id."""

    id: EventId
    source: Source | None = None


class _Act(_Said):
    act: ActName = Field(description="操作编号，自编，同一编号只做一次 / your own name for this act, never used for another: done once")
    source: Source = Field(description="来源：/县/部门/系统 / whose report: /county/department/system")
    id: EventId = Field(description="报告编号 / the report's id")
    why: Why = Field(description="原因，随操作留存 / why: it is kept with the act")


class Resubmit(_Act):
    """重新裁决: decide again what waits or was refused."""


class Dismiss(_Act):
    """退回不处理: what waits or was refused will not be pursued."""

    why: Why = Field(
        description="原因，随操作留存，并写入给报送部门的答复 / why: it is kept with the act, and told in the answer to the reporter"
    )


class Change(_Said):
    """One value to be set."""

    path: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="occurred，或事实的字段，如 data.unit、data.founders[0].person / `occurred`, or a field of the fact such as these"
    )
    value: Annotated[str, StringConstraints(max_length=10_000)] = Field(description="改为此值 / the value to be set")
    json_value: bool = Field(
        default=False, description="值以 JSON 书写；否则为文字，原值不是文字的除外 / the value is written as JSON; otherwise it is a text, "
        "unless something else than a text stands there",
    )  # fmt: skip


class Correct(_Act):
    """补正: a corrected copy is reported under an id of its own and takes the place of what waits or was refused."""

    changes: Annotated[tuple[Change, ...], Field(min_length=1, max_length=50)] = Field(description="改动 / what is set")


class Said(_Said):
    """A code for programs and a sentence for people."""

    code: str
    zh: str
    en: str


class KeptReport(_Said):
    """One report in a list."""

    service: Service
    number: int
    """Of its arrival; where a page ends."""
    source: str
    id: str
    type: str
    state: Literal["recorded", "waiting", "refused", "dismissed", "corrected"]
    reason: Said | None
    revision: int
    arrived: str | None
    """RFC 3339, UTC; null for what came before that was kept."""


class KeptPage(_Said):
    """A page; `next` is where the following one begins, null at the end."""

    reports: tuple[KeptReport, ...]
    next: int | None


class Attempt(_Said):
    """One answer to a report."""

    revision: int
    at: str
    outcome: Literal["recorded", "waiting", "refused"]
    reason: Said | None
    position: int | None


class Done(_Said):
    """One act at the repair desk, and what came of it."""

    act: str
    kind: ActKind
    service: Service
    at: str
    who: str
    why: str
    source: str
    id: str
    changes: tuple[Change, ...] | None
    copy_id: str | None
    """The id of the corrected copy."""
    outcome: Literal["recorded", "waiting", "refused"]
    """What became of the report, or of the corrected copy."""
    reason: Said | None
    position: int | None
    again: bool = False
    """Whether it had been done before."""


class Content(_Said):
    """One content reported under an id, as it is kept: masked."""

    type: str
    state: Literal["recorded", "waiting", "refused", "dismissed", "corrected"]
    revision: int
    arrived: str | None
    reason: Said | None
    position: int | None
    flags: tuple[Said, ...]
    report: Any
    """Its JSON, or its text where that is none; null once recorded, and where it is too long to be shown."""


class Trouble(_Said):
    """A bug that a report met. For whoever operates the system."""

    at: str
    traceback: str


class Whole(_Said):
    """Everything about one report."""

    service: Service
    source: str
    id: str
    type: str
    contents: tuple[Content, ...]
    """The newest answered first."""
    attempts: tuple[Attempt, ...]
    waits_for: tuple[str, ...]
    """Units, things not opened yet, or the reports that it voids or corrects."""
    acts: tuple[Done, ...]
    copy_of: str | None
    """The id of the report of which this is the corrected copy."""
    troubles: tuple[Trouble, ...]


class Found(_Said):
    """The reports under the id asked for: of one source each."""

    reports: tuple[Whole, ...]


SHAPES: Final[Mapping[Call, type[BaseModel]]] = {
    "list": ListKept, "show": ShowKept, "resubmit": Resubmit, "correct": Correct, "dismiss": Dismiss,
}  # fmt: skip
