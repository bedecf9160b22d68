"""Examples for the API's description, made of the models themselves so that they cannot be wrong about a name."""

from datetime import UTC, date, datetime
from typing import Any, Final

import orjson
from pydantic import BaseModel

from services.indicators.answers import BaselineAnswer, BenchmarkAnswer, Board, Row, TargetAnswer, WindowAnswer
from services.indicators.api.diff import ChangeRow, Difference, MeasureChangeRow, ReasonFactRow, Standing, ThingRow
from services.indicators.api.duties import STATES as DUTY_STATES
from services.indicators.api.duties import Duties, DutyRate, DutyRow
from services.indicators.api.explain import CountingRow, Explanation, MeasureRow, Said, SubjectRow, UseRow
from services.indicators.api.feed import Changed
from services.indicators.api.flags import DepartmentRow, FactName, FlagRow, Flags, KindRow, RulingRow
from services.indicators.api.questions import Problem
from services.indicators.audit.behind import AmendmentRow, EvidenceRow, FactRow
from services.indicators.catalog.growth import NEW_ENTERPRISES
from services.indicators.formula_words import measure_words
from services.indicators.meanings import relation_words
from shared.contracts.envelope import Source, record_bytes
from shared.contracts.registry import EntityRegistered

_COUNTY: Final = "330127000000"
_POSITIONS: Final = {"registry": 32873, "training": 13118, "finance": 9520}


def _json(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True)


EXAMPLE_REPORT: Final[dict[str, Any]] = {
    "specversion": "1.0", "id": "dengji-2026-0001", "source": f"/{_COUNTY}/gsj/dengji", "type": f"{EntityRegistered.type}.v1",
    "occurred": "2026-03-03", "data": EntityRegistered.example,
}  # fmt: skip

EXAMPLE_BOARD: Final = _json(
    Board(
        county=_COUNTY, unit=_COUNTY, as_of=date(2026, 6, 30), known_at=date(2026, 7, 10), final=True, positions=_POSITIONS,
        indicators=[Row(
            id="activity_index", variant="default", part=None, clause="二(一)", unit_of_measure="ratio",
            window=WindowAnswer(name="plan_year", first=date(2026, 1, 1), last=date(2026, 12, 31)), effective_as_of=date(2026, 6, 30),
            numerator="2600", denominator="20000", value="0.130000", expected="0.099178",
            targets=[TargetAnswer(op=">=", value="0.200000", clause="二(一)", expected="0.099178", status="on_schedule")],
            status="on_schedule", benchmark=BenchmarkAnswer(value="0.120000", status="met"),
            baseline=BaselineAnswer(value="0.110000", status="met"), n=2600, incomplete=0, note="", definition="0" * 64,
        )],
    )
)  # fmt: skip

_FOUNDED: Final = FactRow(
    service="registry", position=1201, type="registry.entity_registered", zh=EntityRegistered.zh, occurred=date(2026, 3, 3),
    known=date(2026, 3, 4), department="gsj", source=f"/{_COUNTY}/gsj/dengji", id="dengji-2026-0001", unit="330127100201", park=None,
    state="in_force", instead=None, evidence=[EvidenceRow(document="安市监登字〔2026〕1 号", sha256=None)],
    amendments=[AmendmentRow(
        what="correction", position=1312, known=date(2026, 3, 9), source=f"/{_COUNTY}/gsj/dengji", id="dengji-2026-0007", reason="行业录错",
    )],
    data={name: value for name, value in EntityRegistered.example.items() if name not in ("unit", "park", "evidence")},
)  # fmt: skip

_NEW_ENTERPRISES: Final = Row(
    id="new_enterprises", variant="default", part=None, clause="二(三)", unit_of_measure="entities",
    window=WindowAnswer(name="plan_year", first=date(2026, 1, 1), last=date(2026, 12, 31)), effective_as_of=date(2026, 6, 30),
    numerator="1", denominator=None, value="1", expected="64.465753",
    targets=[TargetAnswer(op=">=", value="130", clause="二(三)", expected="64.465753", status="behind")],
    status="behind", benchmark=None, baseline=BaselineAnswer(value="0", status="met"), n=1, incomplete=0, note="",
    definition="0" * 64,
)  # fmt: skip
_WORDS: Final = measure_words(NEW_ENTERPRISES, relation_words)

EXAMPLE_EXPLANATION: Final = _json(
    Explanation(
        id="new_enterprises", zh="新增创业企业", en="New enterprises", clause="二(三)", quote="平均每年新增创业企业130户",
        variant="default", variant_zh="", part=None, meaning_zh="当年登记的企业", meaning="enterprises registered in the year",
        formula="`new_enterprises`", county=_COUNTY, unit=_COUNTY, as_of=date(2026, 6, 30), known_at=date(2026, 7, 10), final=True,
        positions=_POSITIONS, rows=[_NEW_ENTERPRISES],
        agrees=True,
        measures=[MeasureRow(
            measure="new_enterprises", words=_WORDS,
            uses=[UseRow(role="numerator", sign=1)], unit=_COUNTY, day=date(2026, 6, 30), of="entity", distinct=False, parts=None, amount=1,
            counted=1, subjects=1, agrees=True, differences=[],
        )],
        duties=[], total=1,
        subjects=[SubjectRow(
            measure="new_enterprises", at=_COUNTY, day=date(2026, 6, 30), kind="entity", subject="91330127MA2B1C0D18", amount=1,
            counting=[CountingRow(part=None, since=date(2026, 3, 3), unit="330127100201", park=None, amount=1)], facts=[_FOUNDED],
        )],
        next=None,
    )
)  # fmt: skip

EXAMPLE_DIFFERENCE: Final = _json(
    Difference(
        **{name: EXAMPLE_EXPLANATION[name] for name in Said.model_fields}, county=_COUNTY, unit=_COUNTY, positions=_POSITIONS,
        before=Standing(as_of=date(2026, 3, 2), known_at=date(2026, 3, 2), final=True, rows=[]),
        after=Standing(
            as_of=date(2026, 6, 30), known_at=date(2026, 7, 10), final=True, rows=[_NEW_ENTERPRISES]
        ),
        agrees=True,
        measures=[MeasureChangeRow(
            measure="new_enterprises", words=_WORDS, uses=[UseRow(role="numerator", sign=1)], unit=_COUNTY, of="entity", distinct=False,
            day_before=date(2026, 3, 2), day_after=date(2026, 6, 30), before=0, after=1, came=1, left=0, changed=0, agrees=True,
        )],
        total=1,
        changes=[ChangeRow(
            measure="new_enterprises", at=_COUNTY, kind="entity", subject="91330127MA2B1C0D18", change="came", amount_before=0,
            amount_after=1, before=[], after=[ThingRow(part=None, unit="330127100201", park=None, amount=1)], reasons=["facts"],
            facts=[ReasonFactRow(**dict(_FOUNDED), why="known")],
        )],
        next=None,
    )
)  # fmt: skip

EXAMPLE_RECORD: Final[dict[str, Any]] = orjson.loads(
    record_bytes(
        source=str(Source(_COUNTY, "gsj", "dengji")), id="dengji-2025-0001", type=EntityRegistered.type, version=EntityRegistered.version,
        occurred=date(2025, 3, 3), recorded=datetime(2025, 3, 4, 1, 30, tzinfo=UTC), position=1201, prevhash="0" * 64,
        data=EntityRegistered.example,
    )
)  # fmt: skip

EXAMPLE_FLAGS: Final = _json(
    Flags(
        county=_COUNTY, unit=_COUNTY, as_of=date(2026, 6, 30), known_at=date(2026, 7, 10), final=True, positions=_POSITIONS, total=1,
        kinds=[KindRow(
            kind="closed_yet_operating", zh="已停业、吊销或注销仍有经营或用工", en="closed on that day, yet operating or employing",
            ruling="存活、经营、带动就业以登记状态为准 / survival, operating and jobs go by the register", dismissed=1,
        )],
        departments=[DepartmentRow(department="jiuyeju", dismissed=1)],
        flags=[FlagRow(
            flag=f"closed_yet_operating:registry:/{_COUNTY}/jiuyeju/yonggong:yg-0412", kind="closed_yet_operating", state="dismissed",
            since=date(2026, 6, 2), day=date(2026, 5, 31), department="jiuyeju", unit="330127100201", park=None,
            fact=FactName(
                service="registry", source=f"/{_COUNTY}/jiuyeju/yonggong", id="yg-0412", position=31877, type="registry.staff_reported",
                occurred=date(2026, 5, 31),
            ),
            others=[FactName(
                service="registry", source=f"/{_COUNTY}/gsj/dengji", id="dengji-2210", position=30111, type="registry.entity_deregistered",
                occurred=date(2026, 4, 15),
            )],
            about=["entity:91330127MA2B1C0D18"],
            ruling=RulingRow(
                ruling="CL-2026-0104", occurred=date(2026, 6, 20), recorded="2026-06-20T08:31:07.250000Z",
                by=f"/{_COUNTY}/chuangjianban/kaiye",
                note="清算期间留用人员",
            ),
        )],
        next=None,
    )
)  # fmt: skip

EXAMPLE_DUTIES: Final = _json(
    Duties(
        county=_COUNTY, unit=_COUNTY, as_of=date(2026, 6, 30), known_at=date(2026, 7, 10), final=True, positions=_POSITIONS, total=1,
        late=1, states={state: int(state == "late") for state in DUTY_STATES},
        rates=[DutyRate(on=date(2026, 6, 30), accepted=1, due=1, value="1.000000")],
        duties=[DutyRow(
            duty="leading_group", clause="三(一)1", quote="成立由县政府分管领导负责", system="organisation", evidence="领导小组成立文件",
            party="rsj", name="县人力资源和社会保障局", due=date(2026, 2, 28), state="late", since=date(2026, 3, 5), late=True,
        )],
    )
)  # fmt: skip

EXAMPLE_CHANGED: Final = _json(Changed(county=_COUNTY, positions=_POSITIONS, indicators=["loans"], units=[_COUNTY, "330127100000"]))

EXAMPLE_PROBLEM: Final = _json(
    Problem(
        code="as_of_after_known_at", zh="截至日 2026-07-01 晚于已知日 2026-06-30", en="as-of 2026-07-01 lies after known-at 2026-06-30"
    )
)  # fmt: skip
