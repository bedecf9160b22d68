"""Satisfaction surveys: opened, answered by many, by some twice, closed."""

from deploy.simulator.rates import ANSWERED_TWICE_SHARE
from deploy.simulator.things import Data, Story
from deploy.simulator.world import World

_SERVICES = ("创业培训", "创业指导", "小额担保贷款", "绿色通道")
_GROUPS = ("创业者", "企业职工", "城镇居民", "农村居民", "高校毕业生")


def survey(world: World, *, opens: int, days: int, population: str, answers: float, satisfied: float) -> Story:
    """One survey. `answers` is their number in a full-size county, `satisfied` the share of 4 and 5 on the overall question."""
    yield opens
    rnd, desk = world.rnd, world.desks.statistics
    name = world.key("DC")
    title = "创业环境满意度调查" if population == "public" else "创业服务对象满意度调查"
    known = world.report(desk, "training.survey_opened", {"survey": name, "title": title, "population": population})
    before: list[str] = []
    for _ in range(days - 1):
        yield world.day + 1
        for _ in range(world.count(max(12.0, answers * world.scale) / (days - 1))):
            met = world.helped.pick() if population == "served" or rnd() < 0.05 else None
            respondent = world.pick(before) if before and rnd() < ANSWERED_TWICE_SHARE else (met or world.person()).id
            if len(before) < 1_000:
                before.append(respondent)
            answer = {"survey": name, "respondent": respondent, "scores": _scores(world, satisfied), "group": world.pick(_GROUPS)}
            world.report(desk, "training.survey_answered", {**world.place().fields, **answer}, after=known)
    yield world.day + 1
    world.report(desk, "training.survey_closed", {"survey": name}, after=known)


def _scores(world: World, satisfied: float) -> list[Data]:
    rnd = world.rnd

    def score(share: float) -> int:
        return 4 + int(rnd() * 2) if rnd() < share else 1 + int(rnd() * 3)

    scores: list[Data] = [{"question": "overall", "score": score(satisfied)}, {"question": "service", "score": score(satisfied + 0.01)}]
    if rnd() < 0.5:
        scores.append({"question": "service", "service": world.pick(_SERVICES), "score": score(satisfied)})
    if rnd() < 0.8:
        scores += [{"question": "cost", "score": score(satisfied - 0.06)}, {"question": "policy", "score": score(satisfied - 0.01)}]
    return scores
