"""二(五): worked examples."""

from deploy.worked_examples.example import COMMUNITY, PARK, TOWN, TOWN_B, VILLAGE, VILLAGE_2, VILLAGE_B, Example
from deploy.worked_examples.facts import designates, enters, on, then
from shared.contracts.registry import UnitDesignationWithdrawn

_ENTERED = (
    *enters("2024-05-01", TOWN_B), *enters("2025-02-28", TOWN), *enters("2025-03-01", PARK, COMMUNITY), *enters("2025-12-31", VILLAGE),
    *enters("2026-01-01", VILLAGE_B),
)  # fmt: skip
_CREATED = (
    *enters("2025-02-01", TOWN, TOWN_B, PARK, COMMUNITY, VILLAGE), *designates("2025-03-01", TOWN, PARK, COMMUNITY, VILLAGE),
    on("2026-12-31", UnitDesignationWithdrawn(code=VILLAGE)), *designates("2026-12-31", VILLAGE_B),
    *designates("2027-01-01", VILLAGE_2),
)  # fmt: skip

CREATION = (
    Example("campaign_townships", _ENTERED, (then("default", "2", "甲乡 乙乡"), then("default", "1", "乙乡", as_of="2025-02-27"))),
    Example("campaign_parks", _ENTERED, (then("default", "1", "甲园区"), then("default", "0", as_of="2025-02-28"))),
    Example("campaign_communities", _ENTERED, (then("default", "1", "甲社区"), then("default", "0", unit=TOWN_B))),
    Example(
        "campaign_villages",
        _ENTERED,
        (then("default", "1", "甲村"), then("default", "0", as_of="2025-12-30"), then("default", "1", "甲村", as_of="2026-01-01")),
    ),
    Example(
        "created_share",
        _CREATED,
        (
            then("default", "4/8", "甲乡 甲园区 甲社区 甲村"),
            then("default", "4/8", "甲乡 甲园区 甲社区 乙村", as_of="2026-12-31"),
            then("default", "4/8", "甲乡 甲园区 甲社区 乙村", as_of="2027-01-01"),
            then("of_entered", "4/5"),
            then("township_or_park", "2/4", "甲乡 甲园区"),
        ),
    ),
    Example(
        "created_share_townships", _CREATED, (then("default", "1/2", "甲乡"), then("of_entered", "1/2", "甲乡 ÷ 甲乡 乙乡")),
    ),
    Example("created_share_parks", _CREATED, (then("default", "1/2", "甲园区"), then("of_entered", "1/1", "甲园区"))),
    Example("created_share_communities", _CREATED, (then("default", "1/1", "甲社区"), then("of_entered", "1/1", "甲社区"))),
    Example(
        "created_share_villages",
        _CREATED,
        (
            then("default", "1/3", "甲村"),
            then("default", "0/1", unit=TOWN_B, as_of="2026-12-30"),
            then("default", "1/1", "乙村", unit=TOWN_B, as_of="2026-12-31"),
            then("of_entered", "1/1", "甲村"),
        ),
    ),
)  # fmt: skip
