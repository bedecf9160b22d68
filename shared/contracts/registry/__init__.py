"""Facts of the registry service: units, entities, venues, services to founders, the campaign, figures and the office (plan 二–六)."""

from shared.contracts.registry.campaign import (
    CAMPAIGN_FACTS,
    BulletinIssued,
    CampaignEventHeld,
    CampaignEventKind,
    CampaignFact,
    CommendationIssued,
    CriticismIssued,
    DutyAccepted,
    DutyEvidenced,
    DutyFact,
    DutyReturned,
    InspectionHeld,
    LetterTarget,
    MeetingHeld,
    MeetingKind,
    RectificationClosed,
    RectificationFact,
    RectificationOpened,
    ResponsibilityLetterSigned,
)  # fmt: skip
from shared.contracts.registry.entities import (
    ENTITY_FACTS,
    PERSON_FACTS,
    EmploymentEnded,
    EmploymentStarted,
    EntityCodeReplaced,
    EntityDeregistered,
    EntityFact,
    EntityFollowedUp,
    EntityKind,
    EntityLicenceRevoked,
    EntityMoved,
    EntityRegistered,
    EntityRestored,
    EntitySuspended,
    Founder,
    PersonFact,
    PersonFollowedUp,
    StaffReported,
    SurvivalChecked,
)  # fmt: skip
from shared.contracts.registry.figures import (
    FIGURE_FACTS,
    BenchmarkPublished,
    FigureFact,
    StatisticPublished,
)  # fmt: skip
from shared.contracts.registry.office import (
    OFFICE_FACTS,
    DocumentKind,
    DocumentPublished,
    EvaluationPublished,
    FlagConfirmed,
    FlagDismissed,
    OfficeFact,
    ReportDismissed,
    ReportResubmitted,
    RosterExported,
    StoodAt,
)  # fmt: skip
from shared.contracts.registry.services import (
    SERVICE_FACTS,
    AssociationDissolved,
    AssociationFact,
    AssociationFounded,
    AssociationMemberJoined,
    CaseFact,
    ChecklistFact,
    GreenChannelCaseAccepted,
    GreenChannelCaseCompleted,
    GreenChannelClosed,
    GreenChannelFact,
    GreenChannelOpened,
    GuidanceDirectoryPublished,
    PlatformFact,
    PlatformLevel,
    PolicyFact,
    PolicyImplementationChecked,
    PolicyIssued,
    PolicyKind,
    PolicyRepealed,
    ProjectCollected,
    ProjectDisplayed,
    ProjectFact,
    ProjectMatched,
    ServiceFact,
    ServicePlatformChanged,
    ServicePlatformOpened,
)  # fmt: skip
from shared.contracts.registry.units import (
    UNIT_FACTS,
    CountyPlanIssued,
    LeadingBodyEstablished,
    ProgressReportSubmitted,
    UnitDesignated,
    UnitDesignationWithdrawn,
    UnitDissolved,
    UnitEnteredCampaign,
    UnitFact,
    UnitListed,
    UnitMerged,
    UnitPlanSubmitted,
    UnitRenamed,
)  # fmt: skip
from shared.contracts.registry.venues import (
    VENUE_FACTS,
    TenantAdmitted,
    TenantLeft,
    VenueClosed,
    VenueFact,
    VenueKind,
    VenueOpened,
    VenueProjectApproved,
    VenueResized,
)  # fmt: skip

OccasionFact = (
    ResponsibilityLetterSigned | MeetingHeld | BulletinIssued | CommendationIssued | CriticismIssued | InspectionHeld | CampaignEventHeld
    | VenueProjectApproved | GuidanceDirectoryPublished | OfficeFact
)  # fmt: skip
"""What happens once and has no history, told by its own number."""
StandaloneFact = StatisticPublished | BenchmarkPublished | PolicyImplementationChecked | PersonFollowedUp
"""What is ruled on by itself: nothing about the same thing matters to it."""
RegistryFact = (
    UnitFact | EntityFact | PersonFact | VenueProjectApproved | VenueFact | ServiceFact | GuidanceDirectoryPublished | CampaignFact
    | FigureFact | OfficeFact
)  # fmt: skip
"""Every fact the registry service decides on."""
REGISTRY_FACTS: tuple[type[RegistryFact], ...] = (
    *UNIT_FACTS, *ENTITY_FACTS, *PERSON_FACTS, VenueProjectApproved, *VENUE_FACTS, *SERVICE_FACTS, GuidanceDirectoryPublished,
    *CAMPAIGN_FACTS, *FIGURE_FACTS, *OFFICE_FACTS,
)  # fmt: skip
"""The registry's catalogue, in the order of the reference pages."""

__all__ = [
    "CAMPAIGN_FACTS", "ENTITY_FACTS", "FIGURE_FACTS", "OFFICE_FACTS", "PERSON_FACTS", "REGISTRY_FACTS", "SERVICE_FACTS", "UNIT_FACTS",
    "VENUE_FACTS", "AssociationDissolved", "AssociationFact", "AssociationFounded", "AssociationMemberJoined", "BenchmarkPublished",
    "BulletinIssued", "CampaignEventHeld", "CampaignEventKind", "CampaignFact", "CaseFact", "ChecklistFact", "CommendationIssued",
    "CountyPlanIssued", "CriticismIssued", "DocumentKind", "DocumentPublished", "DutyAccepted", "DutyEvidenced", "DutyFact",
    "DutyReturned", "EmploymentEnded", "EmploymentStarted", "EntityCodeReplaced", "EntityDeregistered", "EntityFact",
    "EntityFollowedUp", "EntityKind", "EntityLicenceRevoked", "EntityMoved", "EntityRegistered", "EntityRestored", "EntitySuspended",
    "EvaluationPublished", "FigureFact", "FlagConfirmed", "FlagDismissed", "Founder", "GreenChannelCaseAccepted",
    "GreenChannelCaseCompleted", "GreenChannelClosed", "GreenChannelFact", "GreenChannelOpened", "GuidanceDirectoryPublished",
    "InspectionHeld", "LeadingBodyEstablished", "LetterTarget", "MeetingHeld", "MeetingKind", "OccasionFact", "OfficeFact",
    "PersonFact", "PersonFollowedUp", "PlatformFact", "PlatformLevel", "PolicyFact", "PolicyImplementationChecked", "PolicyIssued",
    "PolicyKind", "PolicyRepealed", "ProgressReportSubmitted", "ProjectCollected", "ProjectDisplayed", "ProjectFact",
    "ProjectMatched", "RectificationClosed", "RectificationFact", "RectificationOpened", "RegistryFact", "ReportDismissed",
    "ReportResubmitted", "ResponsibilityLetterSigned", "RosterExported", "ServiceFact", "ServicePlatformChanged",
    "ServicePlatformOpened", "StaffReported", "StandaloneFact", "StatisticPublished", "StoodAt", "SurvivalChecked", "TenantAdmitted",
    "TenantLeft", "UnitDesignated", "UnitDesignationWithdrawn", "UnitDissolved", "UnitEnteredCampaign", "UnitFact", "UnitListed",
    "UnitMerged", "UnitPlanSubmitted", "UnitRenamed", "VenueClosed", "VenueFact", "VenueKind", "VenueOpened", "VenueProjectApproved",
    "VenueResized",
]  # fmt: skip
