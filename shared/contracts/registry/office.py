"""What the office (创建办) and the system itself put on record: evaluations, documents, rulings from the repair desk, exports of rosters.

Nobody else reports any of it. Each act has its own number (`OccasionId`); reports and flags are named by the service, source and
event id of the report concerned.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.contracts.base import Count, Fact, LongText, OccasionId, Service, Text
from shared.contracts.envelope import SOURCE_PATTERN, EventId
from shared.contracts.exact import Day, Flag

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of the published file, in hex."""
DocumentKind = Literal["progress_table", "bulletin", "scoring_sheet", "evidence_index", "rectification_list", "roster"]
"""进度表, 通报, 评分表, 佐证材料目录, 整改清单, 花名册."""
FlagCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class StoodAt(BaseModel):
    """Up to which record of each service published figures go."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    registry: Count
    training: Count
    finance: Count


class Published(Fact):
    """What published figures have in common: as of which day, as known on which day, and the digest that proves them unaltered.

    The rest says what they can be computed from anew: the positions up to which they go, the digest of the definitions they follow,
    and those of the plan, of the scoring sheet and of the declarations as files.
    """

    as_of: Day
    known_at: Day
    digest: Digest
    positions: StoodAt | None = None
    definitions: Digest | None = None
    plan_digest: Digest | None = None
    sheet_digest: Digest | None = None
    declarations_digest: Digest | None = None


class EvaluationPublished(Published):
    """考评结果发布: a rehearsal (模拟考评) or the evaluation itself (考评验收). Plan 五(三)."""

    type = "registry.evaluation_published"
    about = "evaluation"
    natural_key = ("evaluation",)
    by_office = True
    zh = "考评结果发布"
    example = {
        "evaluation": "KP-2010-01", "rehearsal": True, "sheet": "2010年国家考评标准", "as_of": "2010-09-30", "known_at": "2010-10-08",
        "digest": "3f" * 32,
    }  # fmt: skip

    evaluation: OccasionId
    rehearsal: Flag
    sheet: Text
    """The scoring sheet's name."""


class DocumentPublished(Published):
    """文件发布: a document was made from the figures and given out."""

    type = "registry.document_published"
    about = "document"
    natural_key = ("document",)
    by_office = True
    zh = "文件发布"
    example = {
        "unit": "330127000000", "document": "WJ-2010-0007", "document_kind": "progress_table", "as_of": "2010-06-30",
        "known_at": "2010-07-05", "digest": "a9" * 32,
    }  # fmt: skip

    document: OccasionId
    document_kind: DocumentKind


class AboutReport(Fact):
    """A ruling on one report, named by the service it went to, its source and its event id."""

    about = "ruling"
    natural_key = ("ruling",)
    by_office = True
    ruling: OccasionId
    service: Service
    source: Annotated[str, StringConstraints(pattern=SOURCE_PATTERN.pattern)]
    id: EventId


class ReportDismissed(AboutReport):
    """退回不处理: a refused or waiting report will not be pursued."""

    type = "registry.report_dismissed"
    zh = "报送退回"
    example = {
        "ruling": "CL-2010-0101", "service": "registry", "source": "/330127000000/market/amr", "id": "r-000123", "reason": "重复报送",
    }  # fmt: skip

    reason: LongText


class ReportResubmitted(AboutReport):
    """重新提交: a refused report was sent in again from the repair desk, as a new revision."""

    type = "registry.report_resubmitted"
    zh = "报送重提"
    example = {
        "ruling": "CL-2010-0102", "service": "registry", "source": "/330127000000/market/amr", "id": "r-000124", "reason": "补正单位代码",
    }  # fmt: skip

    reason: LongText


class FlagConfirmed(AboutReport):
    """疑点属实: a flag raised on a recorded fact is right; the department must correct or void the fact."""

    type = "registry.flag_confirmed"
    zh = "疑点属实"
    example = {
        "ruling": "CL-2010-0103", "service": "registry", "source": "/330127000000/market/amr", "id": "r-000125",
        "flag": "closed_yet_operating", "note": "已注销，用工数有误",
    }  # fmt: skip

    flag: FlagCode
    note: LongText


class FlagDismissed(AboutReport):
    """疑点排除: a flag raised on a recorded fact was looked into; the fact is right."""

    type = "registry.flag_dismissed"
    zh = "疑点排除"
    example = {
        "ruling": "CL-2010-0104", "service": "registry", "source": "/330127000000/market/amr", "id": "r-000126",
        "flag": "closed_yet_operating", "note": "清算期间留用人员",
    }  # fmt: skip

    flag: FlagCode
    note: LongText


class RosterExported(Fact):
    """花名册导出: who took a list of people out of the system, and why. Masked (脱敏) unless the role allows otherwise."""

    type = "registry.roster_exported"
    about = "export"
    natural_key = ("export",)
    by_office = True
    zh = "花名册导出"
    example = {
        "unit": "330127000000", "export": "DC-2010-0003", "roster": "trained", "who": "office-07", "reason": "考评验收佐证", "masked": True,
        "persons": 500,
    }  # fmt: skip

    export: OccasionId
    roster: Text
    """Which list, by the indicator or document it belongs to."""
    who: Text
    """The account that exported it."""
    reason: LongText
    masked: Flag
    persons: Count


OfficeFact = EvaluationPublished | DocumentPublished | ReportDismissed | ReportResubmitted | FlagConfirmed | FlagDismissed | RosterExported
OFFICE_FACTS: tuple[type[OfficeFact], ...] = (
    EvaluationPublished, DocumentPublished, ReportDismissed, ReportResubmitted, FlagConfirmed, FlagDismissed, RosterExported,
)  # fmt: skip
