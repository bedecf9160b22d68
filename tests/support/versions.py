"""Guidance as an earlier version of its contract might have had it, beside today's as version 2."""

from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import StringConstraints

import shared.contracts
from shared.contracts.base import Categories, PersonId, Placed
from shared.contracts.training import GuidanceGiven
from shared.contracts.versions import Dropped, Earlier, Given, Renamed, Reworded


class GuidanceGivenV1(Placed):
    """创业指导, under another name for its kind, and with who gave it."""

    type = "training.guidance_given"
    about = "person"
    natural_key: ClassVar[tuple[str, ...]] = ("person", "occurred", "topic")
    zh = "创业指导"
    example: ClassVar[dict[str, Any]] = {"unit": "330127101003", "person": "P0123456789ABCDEF", "topic": "legal", "counsellor": "第三组"}

    person: PersonId
    categories: Categories = ()
    topic: Literal["policy", "legal", "finance"]
    counsellor: Annotated[str, StringConstraints(min_length=1, max_length=20)]


STEPS = (
    Renamed("topic", "guidance_kind"),
    Reworded("guidance_kind", (("legal", "law"),)),
    Dropped("counsellor"),
    Given("programme", "ybc"),
)


def declare_two_versions(patch: pytest.MonkeyPatch) -> None:
    """Today's contract becomes version 2, with the earlier one as version 1."""
    patch.setattr(GuidanceGiven, "version", 2)
    patch.setattr(GuidanceGiven, "earlier", (Earlier(GuidanceGivenV1, STEPS),))
    patch.setitem(shared.contracts._BY_TYPE, (GuidanceGiven.type, 2), GuidanceGiven)


def declare_the_earlier_one_alone(patch: pytest.MonkeyPatch) -> None:
    """As it was before there was another version."""
    patch.setitem(shared.contracts._BY_TYPE, (GuidanceGiven.type, 1), GuidanceGivenV1)
