"""Every kind of flag, in the order in which flags are listed."""

from services.indicators.flags.entities import ENTITY_FLAGS
from services.indicators.flags.kinds import Across, FlagKind, Scope
from services.indicators.flags.loans import LOAN_FLAGS
from services.indicators.flags.persons import PERSON_FLAGS
from services.indicators.flags.reports import REPORT_FLAGS

FLAG_KINDS: tuple[FlagKind, ...] = (*REPORT_FLAGS, *PERSON_FLAGS, *ENTITY_FLAGS, *LOAN_FLAGS)
KINDS_BY_CODE = {kind.code: kind for kind in FLAG_KINDS}
KINDS_BY_SCOPE: dict[Scope, tuple[FlagKind, ...]] = {
    kind.scope: tuple(each for each in FLAG_KINDS if each.scope == kind.scope) for kind in FLAG_KINDS
}
ACROSS: dict[str, dict[Scope, tuple[Across, ...]]] = {
    thing: {scope: tuple(each for kind in kinds for each in kind.across if each.kind == thing) for scope, kinds in KINDS_BY_SCOPE.items()}
    for thing in {each.kind for kind in FLAG_KINDS for each in kind.across}
}
"""Kind of thing → the facts about it that belong to the histories of others, in each scope."""
