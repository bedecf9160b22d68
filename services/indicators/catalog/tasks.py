"""四 具体措施 and 六 工作要求: measures with numbers, and plans owed by a day."""

from decimal import Decimal

from services.indicators.catalog.creation import existing
from services.indicators.figures import (
    COUNTY_ONLY,
    EVERYWHERE,
    Amount,
    HowMany,
    Indicator,
    InTime,
    Least,
    PartsHeld,
    Quantiles,
    Share,
    Variant,
)
from services.indicators.measures.kinds import Counted, Distribution, Level, Members, UnitsWhere
from services.indicators.measures.rows import Predicate, Select, where

PROMISED = Counted("cases.promised", Select("case_promised"))
ON_TIME = Counted("cases.on_time", Select("case_promised", where(on_time=True)))
GREEN_CHANNEL_UNITS = PartsHeld(Level("green_channels", Select("green_channel"), part="at"), EVERYWHERE)
CASE_DAYS = Distribution("cases.days", Select("case_completed"), "days")

_PERSONAL = where(loan_kind="personal")
LOANS = Counted("loans", Select("first_disbursement", _PERSONAL), amount="borrowers")
LOAN_PERSONS = Members("loans.persons", (Select("loan_received"),))
LOAN_AMOUNT = Counted("loans.amount", Select("tranche", _PERSONAL), amount="amount_fen")
ENTERPRISE_LOANS = Counted("loans.enterprise", Select("first_disbursement", where(loan_kind="enterprise")))
UNDATED = Counted("loans.undated", Select("undated_disbursement", _PERSONAL))
ENTERPRISE_UNDATED = Counted("loans.enterprise.undated", Select("undated_disbursement", where(loan_kind="enterprise")))
DUE = Level("loans.due", Select("loan_standing"), amount="due_fen")
REPAID = Level("loans.repaid", Select("loan_standing"), amount="repaid_fen")
OVERDUE = Level("loans.overdue", Select("loan_standing"), amount="overdue_fen")
BALANCE = Level("loans.balance", Select("loan_standing"), amount="balance_fen")
BALANCE_UNDATED = Level("loans.balance.undated", Select("loan_standing"), amount="undated")
COMPENSATED = Counted("loans.compensated", Select("compensation"), amount="amount_fen")
NOT_DATED = "未报发放日期的不计，另列数 / disbursements without a date are not counted but listed"

_IN_PARK_ONCE = where(venue_kind="incubator", in_park=True, nested=False)
INCUBATORS = Level("incubator_area", Select("venue", _IN_PARK_ONCE), amount="area_m2")
START_UP_PARKS = Level("start_up_park_area", Select("venue", where(venue_kind="start_up_park", nested=False)), amount="area_m2")

_RATED_WELL = Select("credit_rating", (Predicate("recovery_rate", ">=", Decimal("0.95")),))
CREDIT_COMMUNITIES = UnitsWhere("credit.community", _RATED_WELL, ("community",))
CREDIT_UNITS = UnitsWhere("credit.community_village", _RATED_WELL, ("community", "village"))

PLANS = UnitsWhere("plans", Select("plan_submitted"), ("township", "park"), part="day")

TASKS = (
    Indicator(
        id="green_channel_on_time",
        zh="绿色通道按时办结率",
        en="Green-channel cases on time",
        clause="四(五)",
        quote="为创业者提供集“注册登记、联合审批、一站式服务、限时办结、服务承诺”为一体的绿色通道服务",
        behaviour="shown",
        variants=(
            Variant("default", Share(ON_TIME, PROMISED), "ratio", "cases promised for a day of the year so far that were completed by it"),
            Variant(
                "days", Quantiles(CASE_DAYS, (("median", 50), ("p90", 90))), "days",
                "calendar days from accepted to completed, cases completed in the year", better="<="),
            Variant("units", Amount(GREEN_CHANNEL_UNITS), "units", "units with a green channel open"),
        ),
    ),
    Indicator(
        id="credit_communities",
        zh="信用社区比例",
        en="Credit communities",
        clause="四(七)",
        quote="全县创建信用社区比例达到50%以上",
        behaviour="line",
        starts_from_eve=True,
        units=("county", "township", "community", "village"),
        about="community",
        variants=(
            Variant(
                "default", Share(CREDIT_COMMUNITIES, existing("community")), "ratio",
                "rated at most twelve months ago with recovery of 95 % or more ÷ all communities",
            ),
            Variant("with_villages", Share(CREDIT_UNITS, existing("community", "village")), "ratio", "villages as well"),
        ),
    ),
    Indicator(
        id="loans",
        zh="创业贷款人次",
        en="Start-up loans",
        clause="四(七)",
        quote="提供创业贷款500人次",
        behaviour="line",
        variants=(
            Variant(
                "default", Amount(LOANS), "person_times",
                "personal start-up loans first disbursed in the year, each co-borrower once per loan",
                note=NOT_DATED, incomplete=UNDATED,
            ),
            Variant("persons", Amount(LOAN_PERSONS), "persons", "distinct borrowers", note=NOT_DATED, incomplete=UNDATED),
            Variant("amount", Amount(LOAN_AMOUNT), "fen", "disbursed in the year", note=NOT_DATED, incomplete=UNDATED),
            Variant(
                "enterprise", Amount(ENTERPRISE_LOANS), "cases", "loans to enterprises (三(二)2), apart",
                note=NOT_DATED, incomplete=ENTERPRISE_UNDATED,
            ),
        ),
    ),
    Indicator(
        id="loan_recovery",
        zh="贷款回收率",
        en="Loan recovery",
        clause="四(七)",
        quote="完善小额担保贷款工作机制",
        behaviour="shown",
        variants=(
            Variant(
                "default", Share(REPAID, DUE), "ratio", "repaid of each instalment due so far ÷ due; 代偿 is not repayment",
                note="参考线 95% / reference line 95 %",
            ),
            Variant(
                "overdue", Share(OVERDUE, BALANCE), "ratio",
                "principal due and unpaid ÷ balance; what was compensated or written off is in neither, taken from the oldest due first",
                note=NOT_DATED, incomplete=BALANCE_UNDATED, better="<="),
            Variant(
                "compensated", Share(COMPENSATED, BALANCE), "ratio", "compensated in the year ÷ balance",
                note="参考线 20% / reference line 20 %；" + NOT_DATED, incomplete=BALANCE_UNDATED, better="<="),
        ),
    ),
    Indicator(
        id="incubator_area",
        zh="园区创业孵化基地面积",
        en="Incubator area in the parks",
        clause="四(九)",
        quote="６个园区结合各自产业优势，建立完善创业孵化基地，面积不少于5000平方米",
        behaviour="line",
        starts_from_eve=True,
        units=("county", "township", "park"),
        about="park",
        variants=(
            Variant("default", Amount(INCUBATORS), "m2", "open incubators in the parks, nested area once"),
            Variant("each", Least(INCUBATORS, "park"), "m2", "the park with the smallest area", units=COUNTY_ONLY),
        ),
    ),
    Indicator(
        id="parks_with_incubator",
        zh="建有孵化基地的园区",
        en="Parks with an incubator",
        clause="四(九)",
        quote="６个园区结合各自产业优势，建立完善创业孵化基地",
        behaviour="line",
        starts_from_eve=True,
        units=COUNTY_ONLY,
        about="park",
        variants=(Variant("default", HowMany(INCUBATORS, "park"), "units", "parks with an open incubator of at least 1 m²"),),
    ),
    Indicator(
        id="start_up_park_area",
        zh="创业园区面积",
        en="Start-up park area",
        clause="四(九)",
        quote="全县建立创业园区面积不少于2万平方米",
        behaviour="line",
        starts_from_eve=True,
        variants=(Variant("default", Amount(START_UP_PARKS), "m2", "open start-up parks, nested area once"),),
    ),
    Indicator(
        id="plans_submitted",
        zh="报送工作实施方案",
        en="Implementation plans submitted",
        clause="六(一)",
        quote="各乡镇、园区于3月15日前将工作实施方案报县创建办公室",
        behaviour="deadline",
        units=("county", "township", "park"),
        variants=(
            Variant("default", InTime(PLANS), "units", "townships and parks that submitted by the day the plan file sets"),
            Variant("with_late", Amount(PLANS), "units", "late ones as well", behaviour="shown"),
        ),
    ),
)  # fmt: skip
