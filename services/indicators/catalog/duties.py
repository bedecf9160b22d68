"""三(一), 三(五), 四, 五, 六: duties of the plan file, and the documents among them."""

from services.indicators.figures import COUNTY_ONLY, DocumentsAccepted, DutiesAccepted, Indicator, Variant
from services.indicators.measures.kinds import Level
from services.indicators.measures.rows import Select

DUTY_STANDINGS = Level("duties", Select("duty_standing"), part="standing")

DUTY_RATE = Indicator(
    id="duties",
    zh="工作任务完成率",
    en="Duties accepted",
    clause="五(三)",
    quote="确保各项创建任务全部达标",
    behaviour="level",
    variants=(
        Variant(
            "default",
            DutiesAccepted(DUTY_STANDINGS),
            "ratio",
            "accepted, late or not ÷ due so far in the year, each of those who owe a duty apart; units: what they owe themselves",
        ),
        Variant(
            "by_department",
            DutiesAccepted(DUTY_STANDINGS, "department"),
            "ratio",
            "those each department owes",
            units=COUNTY_ONLY,
        ),
        Variant("by_system", DutiesAccepted(DUTY_STANDINGS, "system"), "ratio", "those of each of the plan's five systems"),
    ),
)

DUTIES = (
    DUTY_RATE,
    Indicator(
        id="documents_owed",
        zh="应出台文件",
        en="Documents owed",
        clause="四",
        quote="具体措施",
        behaviour="deadline",
        units=COUNTY_ONLY,
        variants=(
            Variant("default", DocumentsAccepted(DUTY_STANDINGS), "documents", "each document: whether it was accepted by its due day"),
        ),
    ),
)  # fmt: skip
