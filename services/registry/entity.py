"""Rulings on one enterprise or individual business (企业、个体工商户): life cycle, staff and employment. Plan 二(二), 二(三).

Impossible facts are refused, facts that only need an earlier one wait for it, and contradictions that real files contain (closed yet
operating, employed twice) are recorded with a flag: each figure decides by its own rule what to do with them.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never

from services.registry.reasons import before_its_beginning, begins_after_its_end, needs_earlier, not_opened_yet
from services.registry.turns import Turns, TurnsOf, standing, standing_of, standings, with_turn, with_turns_of
from shared.contracts.outcomes import Accept, Decision, Reason, Refuse
from shared.contracts.registry import (
    EmploymentEnded,
    EmploymentStarted,
    EntityCodeReplaced,
    EntityDeregistered,
    EntityFact,
    EntityFollowedUp,
    EntityLicenceRevoked,
    EntityMoved,
    EntityRegistered,
    EntityRestored,
    EntitySuspended,
    StaffReported,
    SurvivalChecked,
)  # fmt: skip

Life = Literal["operating", "suspended", "revoked", "deregistered"]
Whereabouts = Literal["here", "away"]
Staff = Literal["employed", "left", "listed", "unlisted"]
"""By an employment fact, or by the list of a staff report."""


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of an entity apart from its registration; it survives the registration's being voided."""

    life: Turns[Life] = ()
    """Suspended, revoked, deregistered, restored."""
    whereabouts: Turns[Whereabouts] = ()
    staff: TurnsOf[Staff] = ()
    new_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unregistered:
    """No registration is recorded (or it was voided)."""

    story: Story = Story()
    state: Literal["unknown"] = "unknown"
    kind: Literal["entity"] = "entity"


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration is recorded; how the entity stands on a day follows from its story."""

    registered: date
    founders: tuple[str, ...]
    story: Story
    state: Literal["registered"] = "registered"
    kind: Literal["entity"] = "entity"


EntityState = Unregistered | Registered

ALREADY_REGISTERED = Reason("already_registered", "该主体已登记", "the entity is already registered")
NO_FOUNDER = Reason("no_founder", "个体工商户未填写经营者", "an individual business without its owner")
REPLACED_BY_ITSELF = Reason("replaced_by_itself", "新旧代码相同", "the new code is the old one")
OLD_NUMBER_AS_NEW_CODE = Reason("old_number_as_new_code", "新代码应为18位统一社会信用代码", "the new code must have 18 characters")
CODE_REPLACED_BEFORE = Reason("code_replaced_before", "该主体已换过代码", "the code of this entity has been replaced before")
BEFORE_REGISTRATION = Reason("before_registration", "日期早于登记日期", "dated before the registration")
CLOSED = Reason("closed", "该主体当日已停业、吊销或注销", "suspended, revoked or deregistered on that day")
NOT_CLOSED_YET = Reason("not_closed_yet", "该主体尚无停业、吊销或注销记录，待补报后处理", "no closing to be restored from is recorded yet")
ALREADY_OPERATING = Reason("already_operating", "该主体当日正常经营，无需恢复", "the entity was operating on that day already")
CLOSED_YET_OPERATING = Reason("closed_yet_operating", "已停业、吊销或注销仍有经营或用工", "closed on that day, yet operating or employing")
OUT_OF_COUNTY = Reason("out_of_county", "该主体当日已迁出本县", "the entity had left the county on that day")
HEAD_COUNT_DIFFERS = Reason("head_count_differs", "用工人数与人员名单不一致", "the head-count differs from the number of persons listed")
FOUNDER_AMONG_STAFF = Reason("founder_among_staff", "创业者本人不计入用工", "a founder is not among the employees")
LISTED_THOUGH_LEFT = Reason("listed_though_left", "名单中有已离职人员", "a person who has left is listed")
NOT_EMPLOYED_YET = Reason("not_employed_yet", "该人员尚无入职记录，待补报后处理", "the person's employment there is not recorded yet")
ALREADY_EMPLOYED = Reason("already_employed", "该人员当日已在职", "the person was already employed there on that day")
ALREADY_LEFT = Reason("already_left", "该人员当日已离职", "the person had already left on that day")


def initial() -> EntityState:
    """Nothing is recorded."""
    return Unregistered()


def decide(state: EntityState, fact: EntityFact, day: date) -> Decision:
    """Rule on a fact of this day."""
    match state:
        case Unregistered():
            return _decide_registration(state, fact, day) if isinstance(fact, EntityRegistered) else not_opened_yet(fact)
        case Registered():
            return _decide_registered(state, fact, day)
        case _:
            assert_never(state)


def _decide_registration(state: Unregistered, fact: EntityRegistered, day: date) -> Decision:
    first = next((closed for closed, word in state.story.life if word != "operating"), None)
    if first is not None and first < day:
        return Refuse(begins_after_its_end(first))
    ownerless = fact.entity_kind == "individual_business" and not fact.founders
    return Accept((NO_FOUNDER,)) if ownerless else Accept()


def _decide_registered(state: Registered, fact: EntityFact, day: date) -> Decision:
    life = standing(state.story.life, day) or "operating"
    match fact:
        case EmploymentStarted():
            return _with_flags(*_of_the_day(state, day), *_about_employment(state, fact, day))
        case EmploymentEnded():
            return _decide_employment_ended(state, fact, day)
        case EntityRegistered():
            return Refuse(ALREADY_REGISTERED)  # the same registration under a replaced code; posts would double
        case EntityCodeReplaced():
            return _decide_new_code(state, fact, day)
        case EntityMoved():
            gone = (OUT_OF_COUNTY,) if fact.out_of_county and _away(state, day) else ()
            return _since_registration(state, day, *gone, *((CLOSED,) if life == "deregistered" else ()))
        case EntitySuspended() | EntityLicenceRevoked() | EntityDeregistered():
            return _since_registration(state, day, *(() if life in _CLOSES_FROM[type(fact)] else (CLOSED,)))
        case EntityRestored():
            return _decide_restored(state, fact, day)
        case StaffReported():
            return _with_flags(*_of_the_day(state, day), *_about_staff(state, fact, day))
        case SurvivalChecked():
            return _with_flags(*_of_the_day(state, day), *((CLOSED_YET_OPERATING,) if fact.operating and life != "operating" else ()))
        case EntityFollowedUp():
            return _with_flags(*_of_the_day(state, day), *((CLOSED,) if life == "deregistered" else ()))
        case _:
            assert_never(fact)


_CLOSES_FROM: dict[type[EntitySuspended | EntityLicenceRevoked | EntityDeregistered], frozenset[Life]] = {
    EntitySuspended: frozenset({"operating"}),
    EntityLicenceRevoked: frozenset({"operating", "suspended"}),
    EntityDeregistered: frozenset({"operating", "suspended", "revoked"}),
}
"""From which standing each way of closing is in order; from any other it is recorded with a flag."""


def _with_flags(*flags: Reason) -> Accept:
    return Accept(tuple(dict.fromkeys(flags)))


def _since_registration(state: Registered, day: date, *flags: Reason) -> Decision:
    """The life cycle cannot run before its beginning; the rest is recorded."""
    return Refuse(before_its_beginning(state.registered)) if day < state.registered else _with_flags(*flags)


def _away(state: Registered, day: date) -> bool:
    return standing(state.story.whereabouts, day) == "away"


def _of_the_day(state: Registered, day: date) -> tuple[Reason, ...]:
    """What is odd about an entity's daily business on this day at all: staff are hired while a licence is still awaited, for one."""
    early = (BEFORE_REGISTRATION,) if day < state.registered else ()
    return (*early, OUT_OF_COUNTY) if _away(state, day) else early


def _decide_new_code(state: Registered, fact: EntityCodeReplaced, day: date) -> Decision:
    if fact.new_code == fact.entity:
        return Refuse(REPLACED_BY_ITSELF)
    if len(fact.new_code) != 18:
        return Refuse(OLD_NUMBER_AS_NEW_CODE)
    return _since_registration(state, day, *((CODE_REPLACED_BEFORE,) if state.story.new_codes else ()))


def _decide_restored(state: Registered, fact: EntityRestored, day: date) -> Decision:
    life = standing(state.story.life, day)
    if life is None and day >= state.registered:
        return needs_earlier(fact, NOT_CLOSED_YET)
    return _since_registration(state, day, *((ALREADY_OPERATING,) if life == "operating" else ()))


def _about_staff(state: Registered, fact: StaffReported, day: date) -> list[Reason]:
    flags = []
    if fact.employees and (standing(state.story.life, day) or "operating") != "operating":
        flags.append(CLOSED_YET_OPERATING)
    if fact.persons is not None:
        if len(fact.persons) != fact.employees:
            flags.append(HEAD_COUNT_DIFFERS)
        if set(state.founders) & set(fact.persons):
            flags.append(FOUNDER_AMONG_STAFF)
        staff = standings(state.story.staff, day)
        if any(staff.get(person) == "left" for person in fact.persons):
            flags.append(LISTED_THOUGH_LEFT)
    return flags


def _about_employment(state: Registered, fact: EmploymentStarted, day: date) -> list[Reason]:
    flags = []
    if (standing(state.story.life, day) or "operating") != "operating":
        flags.append(CLOSED_YET_OPERATING)
    if fact.person in state.founders:
        flags.append(FOUNDER_AMONG_STAFF)
    if standing_of(state.story.staff, fact.person, day) == "employed":
        flags.append(ALREADY_EMPLOYED)
    return flags


def _decide_employment_ended(state: Registered, fact: EmploymentEnded, day: date) -> Decision:
    match standing_of(state.story.staff, fact.person, day):
        case None:
            return needs_earlier(fact, NOT_EMPLOYED_YET)
        case "left":
            return Accept((ALREADY_LEFT,))
        case "employed" | "listed" | "unlisted":
            return Accept()


def evolve(state: EntityState, fact: EntityFact, day: date) -> EntityState:
    """The state with a recorded fact taken in."""
    story = _evolve_story(state.story, fact, day)
    if isinstance(state, Registered):
        return state if story is state.story else Registered(state.registered, state.founders, story)
    if isinstance(fact, EntityRegistered):
        return Registered(registered=day, founders=tuple(founder.person for founder in fact.founders), story=story)
    return Unregistered(story)


def _evolve_story(story: Story, fact: EntityFact, day: date) -> Story:
    match fact:
        case EmploymentStarted():
            return replace(story, staff=with_turns_of(story.staff, day, ((fact.person, "employed"),)))
        case EmploymentEnded():
            return replace(story, staff=with_turns_of(story.staff, day, ((fact.person, "left"),)))
        case EntityRegistered() | SurvivalChecked() | EntityFollowedUp():
            return story
        case StaffReported():
            return replace(story, staff=with_turns_of(story.staff, day, _listed(story, fact, day)))
        case EntitySuspended():
            return replace(story, life=with_turn(story.life, day, "suspended"))
        case EntityLicenceRevoked():
            return replace(story, life=with_turn(story.life, day, "revoked"))
        case EntityDeregistered():
            return replace(story, life=with_turn(story.life, day, "deregistered"))
        case EntityRestored():
            return replace(story, life=with_turn(story.life, day, "operating"))
        case EntityMoved():
            return replace(story, whereabouts=with_turn(story.whereabouts, day, "away" if fact.out_of_county else "here"))
        case EntityCodeReplaced():
            return replace(story, new_codes=tuple(sorted({*story.new_codes, fact.new_code})))
        case _:
            assert_never(fact)


def _listed(story: Story, fact: StaffReported, day: date) -> list[tuple[str, Staff]]:
    """A list of staff opens and ends employments, except those that employment facts speak of."""
    if fact.persons is None:
        return []
    staff, persons = standings(story.staff, day), set(fact.persons)
    opened: list[tuple[str, Staff]] = [(person, "listed") for person in fact.persons if staff.get(person) in (None, "unlisted")]
    ended: list[tuple[str, Staff]] = [(person, "unlisted") for person, word in staff.items() if word == "listed" and person not in persons]
    return opened + ended
