"""Facts about places to start in: incubators, start-up parks and streets, internship bases (创业载体), and their tenants."""

from typing import Literal

from shared.contracts.base import EntityCode, Fact, OccasionId, Placed, SquareMetres, Text, VenueId

VenueKind = Literal["incubator", "start_up_park", "start_up_street", "internship_base"]
"""创业孵化基地, 创业园, 创业街, 创业就业见习基地."""


class AboutVenue(Fact):
    """A fact about one venue."""

    about = "venue"
    venue: VenueId


class VenueProjectApproved(Placed):
    """创业载体项目审批立项: what is to be built, and how large. Plan 三(一)2 (规划建设和住房保障局, 国土局)."""

    type = "registry.venue_project_approved"
    about = "approval"
    natural_key = ("approval",)
    zh = "创业载体项目立项"
    example = {
        "unit": "330127100000", "park": "330127401000", "approval": "LX-2010-007", "name": "城东创业孵化基地", "venue_kind": "incubator",
        "planned_area_m2": 1200,
    }  # fmt: skip

    approval: OccasionId
    """The number of the approval (立项批复号)."""
    name: Text
    venue_kind: VenueKind
    planned_area_m2: SquareMetres


class VenueOpened(AboutVenue, Placed):
    """创业载体启用. Plan 二(四): 5,000 m² new.

    Plan 四(四): 20 internship bases; 四(九): incubators in all 6 parks (5,000 m²), start-up parks (20,000 m²).
    """

    type = "registry.venue_opened"
    opens = True
    natural_key = ("venue",)
    zh = "创业载体启用"
    example = {
        "unit": "330127100000", "park": "330127401000", "venue": "FH-01", "name": "城东创业孵化基地", "venue_kind": "incubator",
        "area_m2": 1200, "within": None,
    }  # fmt: skip

    name: Text
    venue_kind: VenueKind
    area_m2: SquareMetres
    within: VenueId | None = None
    """The venue it lies in, so that nested area counts once."""


class VenueResized(AboutVenue):
    """创业载体面积变更: `area_m2` is the whole area from this day on."""

    type = "registry.venue_resized"
    natural_key = ("venue", "occurred")
    zh = "创业载体面积变更"
    example = {"venue": "FH-01", "area_m2": 1500}

    area_m2: SquareMetres


class VenueClosed(AboutVenue):
    """创业载体关闭."""

    type = "registry.venue_closed"
    natural_key = ("venue",)
    zh = "创业载体关闭"
    example = {"venue": "FH-01"}


class TenantAdmitted(AboutVenue):
    """入驻: an entity moves into the venue; its founders of that day are helped (domain: H). Plan 四(九)."""

    type = "registry.tenant_admitted"
    natural_key = ("venue", "entity", "occurred")
    zh = "企业入驻"
    example = {"venue": "FH-01", "entity": "91330127MA2B1C0D18"}

    entity: EntityCode


class TenantLeft(AboutVenue):
    """退出: the entity is no longer a tenant at the end of this day."""

    type = "registry.tenant_left"
    natural_key = ("venue", "entity", "occurred")
    zh = "企业退出"
    example = {"venue": "FH-01", "entity": "91330127MA2B1C0D18"}

    entity: EntityCode


VenueFact = VenueOpened | VenueResized | VenueClosed | TenantAdmitted | TenantLeft
"""Every fact the venue aggregate rules on (an approval is an occasion of its own)."""
VENUE_FACTS: tuple[type[VenueFact], ...] = (VenueOpened, VenueResized, VenueClosed, TenantAdmitted, TenantLeft)
