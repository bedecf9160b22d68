"""Credit communities (信用社区): rated by their lending and recovery, until the rating lapses or is 12 months old."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, assert_never

from shared.contracts.base import about_of
from shared.contracts.finance import CreditCommunityRated, CreditRatingLapsed
from shared.contracts.outcomes import Decision, Reason, Refuse, Wait, accept
from shared.units import unit_kind

CommunityFact = CreditCommunityRated | CreditRatingLapsed

NOT_A_COMMUNITY = Reason("not_a_community", "信用社区评定对象应为社区或行政村", "only a community or a village can be a credit community")
NOT_RATED = Reason("not_rated", "在此日期之前没有评定记录", "no rating up to that day is recorded yet")


@dataclass(frozen=True, slots=True)
class UnratedCommunity:
    """No rating is recorded."""

    state: Literal["unrated_community"] = "unrated_community"


@dataclass(frozen=True, slots=True)
class RatedCommunity:
    """Rated at least once; whether the rating still holds on a day is for the indicators to say."""

    first_rated: date
    state: Literal["rated_community"] = "rated_community"


CommunityState = UnratedCommunity | RatedCommunity


def initial() -> CommunityState:
    """A unit nothing is recorded about in this service."""
    return UnratedCommunity()


def decide(state: CommunityState, fact: CommunityFact, day: date) -> Decision:
    """Rule on a fact that occurred on `day`."""
    if unit_kind(fact.code) not in ("community", "village"):
        return Refuse(NOT_A_COMMUNITY)
    match fact:
        case CreditCommunityRated():
            return accept()
        case CreditRatingLapsed():
            match state:
                case UnratedCommunity():
                    return Wait(frozenset({about_of(fact)}), NOT_RATED)
                case RatedCommunity():
                    return Wait(frozenset({about_of(fact)}), NOT_RATED) if day < state.first_rated else accept()
                case _:
                    assert_never(state)
        case _:
            assert_never(fact)


def evolve(state: CommunityState, fact: CommunityFact, day: date) -> CommunityState:
    """Take a recorded fact into the state, in whatever order the days come."""
    match fact:
        case CreditCommunityRated():
            match state:
                case UnratedCommunity():
                    return RatedCommunity(day)
                case RatedCommunity():
                    return RatedCommunity(min(day, state.first_rated))
                case _:
                    assert_never(state)
        case CreditRatingLapsed():
            return state  # ratings before and after it stay as they are
        case _:
            assert_never(fact)
